use serde::{Deserialize, Serialize};

use super::{Device, FAMILIES, find};
use crate::{Result, free_memory};

/// A device on which models can compute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// What [`LoadOptions::device`](crate::LoadOptions::device) takes.
    pub device: Device,
    /// What its maker calls it.
    pub name: String,
    /// The bytes of its memory, if it says.
    pub memory_bytes: Option<u64>,
    /// Of these, the bytes that nobody uses now.
    pub free_bytes: Option<u64>,
}

impl DeviceInfo {
    /// The device on which a model computes, if its weights have so many bytes and this device was asked for.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) if a device that was named is not built in, is not there or has too
    /// little memory.
    pub fn choose(wanted: Device, bytes: u64) -> Result<Self> {
        Ok(find(wanted, bytes)?.map_or_else(Self::cpu, |found| found.info))
    }

    fn cpu() -> Self {
        let info = system_file("/proc/meminfo");
        let kilobytes = |key: &str| -> Option<u64> {
            field(&info, key)?.strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
        };
        let processor = system_file("/proc/cpuinfo");
        Self {
            device: Device::Cpu,
            name: field(&processor, "model name").unwrap_or(std::env::consts::ARCH).to_owned(),
            memory_bytes: kilobytes("MemTotal"),
            free_bytes: free_memory(),
        }
    }
}

/// The devices of this machine that are built in, in the order in which [`Device::Auto`] looks at them; the last is
/// the CPU, which says on Linux alone how much memory it has.
///
/// Asking a GPU takes some tenths of a second the first time.
pub fn devices() -> Vec<DeviceInfo> {
    let found = FAMILIES.iter().filter(|family| family.is_automatic).flat_map(|family| (family.list)());
    found.chain([DeviceInfo::cpu()]).collect()
}

/// What the system says about itself; nothing where it has no such file.
fn system_file(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The value of the first line `key: value`.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == key).then_some(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::{devices, field};
    use crate::Device;

    #[test]
    fn the_cpu_is_the_last_device() {
        let found = devices();

        let cpu = found.last().unwrap();
        assert_eq!(cpu.device, Device::Cpu);
        assert!(!cpu.name.is_empty());
        assert!(cpu.free_bytes <= cpu.memory_bytes, "{cpu:?}");
        assert_eq!(found.iter().filter(|info| info.device == Device::Cpu).count(), 1);
    }

    #[test]
    fn a_field_is_read_whatever_the_blanks() {
        let text = "processor\t: 0\nmodel name\t: Some CPU: fast\nmodel name\t: Other\nempty\n";

        assert_eq!(field(text, "model name"), Some("Some CPU: fast"));
        assert_eq!(field(text, "flags"), None);
    }
}
