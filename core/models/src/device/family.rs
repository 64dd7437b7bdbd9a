use super::{Accelerator, Device, DeviceInfo, FAMILIES};
use crate::kv::KvType;
use crate::nn::Decoder;
use crate::{Error, Result};

/// Brings a model's weights to the device of this index; the last is the most bytes that keys and values may take.
type Load = fn(usize, &Decoder, KvType, Option<usize>) -> Result<Box<dyn Accelerator>>;

/// A kind of device: one feature, one entry.
#[derive(Debug)]
pub(crate) struct Family {
    /// What its devices are called, before the colon.
    pub(crate) name: &'static str,
    /// Whether [`Device::Auto`] looks for one.
    pub(crate) is_automatic: bool,
    /// Those of this machine, by their index.
    pub(crate) list: fn() -> Vec<DeviceInfo>,
    pub(crate) load: Load,
}

/// A device that is there.
#[derive(Debug)]
pub(crate) struct Found {
    family: &'static Family,
    index: usize,
    pub(crate) info: DeviceInfo,
}

impl Found {
    /// Brings a model's weights to the device.
    pub(crate) fn load(
        &self,
        decoder: &Decoder,
        kv_type: KvType,
        kv_limit: Option<usize>,
    ) -> Result<Box<dyn Accelerator>> {
        (self.family.load)(self.index, decoder, kv_type, kv_limit)
    }
}

/// The device that was asked for, which has room for weights of so many bytes; none for the CPU.
///
/// # Errors
///
/// [`Error::Invalid`] if a device that was named is not built in, is not there or has too little memory.
pub(crate) fn find(wanted: Device, bytes: u64) -> Result<Option<Found>> {
    find_in(FAMILIES, wanted, bytes)
}

fn find_in(families: &'static [Family], wanted: Device, bytes: u64) -> Result<Option<Found>> {
    match wanted.family() {
        Some((name, index)) => find_named(families, name, index, wanted, bytes).map(Some),
        None if wanted == Device::Auto => Ok(find_any(families, bytes)),
        None => Ok(None),
    }
}

fn find_named(
    families: &'static [Family],
    name: &str,
    index: usize,
    wanted: Device,
    bytes: u64,
) -> Result<Found> {
    let Some(family) = families.iter().find(|family| family.name == name) else {
        let message = format!("`{wanted}` needs the feature `{name}`, which this build lacks");
        return Err(Error::invalid("device", message));
    };
    let mut listed = (family.list)();
    match listed.get(index) {
        Some(info) => {
            check_room(info, bytes)?;
            Ok(Found { family, index, info: listed.swap_remove(index) })
        }
        None if listed.is_empty() => {
            Err(Error::invalid("device", format!("there is no `{wanted}`, found no {name} device")))
        }
        None => {
            let names: Vec<String> =
                listed.iter().map(|info| format!("`{}` ({})", info.device, info.name)).collect();
            Err(Error::invalid("device", format!("there is no `{wanted}`, found {}", names.join(", "))))
        }
    }
}

/// The first device with room; says why there is none if there could be one.
fn find_any(families: &'static [Family], bytes: u64) -> Option<Found> {
    let mut automatic = families.iter().filter(|family| family.is_automatic).peekable();
    automatic.peek()?;
    let mut reasons = Vec::new();
    for family in automatic {
        let listed = (family.list)();
        if listed.is_empty() {
            reasons.push(format!("found no {} device", family.name));
        }
        for (index, info) in listed.into_iter().enumerate() {
            match check_room(&info, bytes) {
                Ok(()) => return Some(Found { family, index, info }),
                Err(error) => reasons.push(error.to_string()),
            }
        }
    }
    tracing::warn!(reasons = reasons.join("; "), "no device can take the model, it computes on the CPU");
    None
}

fn check_room(info: &DeviceInfo, bytes: u64) -> Result<()> {
    match info.free_bytes {
        Some(free) if free < bytes => Err(Error::invalid(
            "device",
            format!("the model's weights are {bytes} bytes, `{}` has {free} left", info.device),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Family, find, find_in};
    use crate::Error;
    use crate::device::{Device, DeviceInfo};

    fn info(device: Device, free: u64) -> DeviceInfo {
        let (memory_bytes, free_bytes) = (Some(1000), Some(free));
        DeviceInfo { device, name: "Test 1".to_owned(), memory_bytes, free_bytes }
    }

    const fn family(name: &'static str, list: fn() -> Vec<DeviceInfo>) -> Family {
        let load = |_, _: &_, _, _| Err(Error::Device { device: String::new(), source: "not loaded".into() });
        Family { name, is_automatic: true, list, load }
    }

    static NOTHING: [Family; 2] = [family("cuda", Vec::new), family("metal", Vec::new)];

    static TWO: [Family; 2] = [
        family("cuda", || vec![info(Device::Cuda(0), 100), info(Device::Cuda(1), 500)]),
        family("metal", || vec![info(Device::Metal(0), 900)]),
    ];

    fn refusal(families: &'static [Family], device: Device, bytes: u64) -> String {
        find_in(families, device, bytes).unwrap_err().to_string()
    }

    #[test]
    fn the_first_device_with_room_is_taken() {
        let found = |bytes| find_in(&TWO, Device::Auto, bytes).unwrap().map(|found| found.info.device);

        assert_eq!(found(100), Some(Device::Cuda(0)));
        assert_eq!(found(101), Some(Device::Cuda(1)));
        assert_eq!(found(501), Some(Device::Metal(0)));
        assert_eq!(found(901), None);
        assert_eq!(find_in(&TWO, Device::Cpu, 0).unwrap().map(|found| found.info.device), None);
        assert_eq!(find_in(&NOTHING, Device::Auto, 0).unwrap().map(|found| found.info.device), None);
    }

    #[test]
    fn a_device_that_is_not_there_is_refused_with_what_is() {
        assert_eq!(
            refusal(&TWO, Device::Cuda(2), 0),
            "invalid device: there is no `cuda:2`, found `cuda:0` (Test 1), `cuda:1` (Test 1)"
        );
        assert_eq!(
            refusal(&NOTHING, Device::Metal(0), 0),
            "invalid device: there is no `metal:0`, found no metal device"
        );
    }

    #[test]
    fn a_device_without_room_is_refused_before_anything_is_loaded() {
        assert_eq!(
            refusal(&TWO, Device::Cuda(0), 101),
            "invalid device: the model's weights are 101 bytes, `cuda:0` has 100 left"
        );
    }

    #[test]
    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    fn a_device_that_is_not_built_in_is_refused_with_its_feature() {
        for (device, feature) in [(Device::Cuda(0), "cuda"), (Device::Metal(0), "metal")] {
            let error = find(device, 0).unwrap_err().to_string();

            let expected =
                format!("invalid device: `{device}` needs the feature `{feature}`, which this build lacks");
            assert_eq!(error, expected);
        }
        assert!(find(Device::Auto, 0).unwrap().is_none());
    }
}
