use std::fmt;
use std::str::FromStr;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Error, Result};

/// Where a model computes. As text, also in serialised options: `auto`, `cpu`, `cuda:0`, `metal:0`; a device without a
/// number is the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Device {
    /// The first CUDA or Metal device that is built in, is there, and has room for the weights; if there is none, the
    /// CPU, with a warning if a device is built in.
    #[default]
    Auto,
    /// The CPU, with our own kernels.
    Cpu,
    /// The CUDA device with this index; needs the feature `cuda`.
    Cuda(usize),
    /// The Metal device with this index; needs the feature `metal`.
    Metal(usize),
    /// candle's kernels for the CPU: the code of the devices, slowly and without one, for tests.
    #[cfg(feature = "candle")]
    #[doc(hidden)]
    Candle,
}

impl Device {
    /// The kind of device and its index; none for those that need no feature.
    pub(crate) fn family(self) -> Option<(&'static str, usize)> {
        match self {
            Self::Auto | Self::Cpu => None,
            Self::Cuda(index) => Some(("cuda", index)),
            Self::Metal(index) => Some(("metal", index)),
            #[cfg(feature = "candle")]
            Self::Candle => Some(("candle", 0)),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(index) => write!(formatter, "cuda:{index}"),
            Self::Metal(index) => write!(formatter, "metal:{index}"),
            #[cfg(feature = "candle")]
            Self::Candle => formatter.write_str("candle"),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.contains(',') {
            return Err(several(text));
        }
        let (kind, index) = match text.split_once(':') {
            Some((kind, index)) => (kind, index.parse().ok()),
            None => (text, Some(0)),
        };
        match (kind, index) {
            ("auto", Some(0)) => Ok(Self::Auto),
            ("cpu", Some(0)) => Ok(Self::Cpu),
            ("cuda", Some(index)) => Ok(Self::Cuda(index)),
            ("metal", Some(index)) => Ok(Self::Metal(index)),
            #[cfg(feature = "candle")]
            ("candle", Some(0)) => Ok(Self::Candle),
            _ => {
                let message = format!(
                    "expected `auto`, `cpu`, `cuda` or `metal`, the last two perhaps with an index as in `cuda:0`, got `{text}`"
                );
                Err(Error::invalid("device", message))
            }
        }
    }
}

fn several(names: &str) -> Error {
    let message = format!("expected one device, got `{names}`: a model is not split over several");
    Error::invalid("device", message)
}

impl Serialize for Device {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Device {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DeviceVisitor)
    }
}

/// Takes a list too, to say what is wrong with it.
struct DeviceVisitor;

impl<'de> Visitor<'de> for DeviceVisitor {
    type Value = Device;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a device such as `auto` or `cuda:0`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Device, E> {
        text.parse().map_err(unnamed)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut devices: A) -> Result<Device, A::Error> {
        let mut names: Vec<String> = Vec::new();
        while let Some(name) = devices.next_element()? {
            names.push(name);
        }
        match &names[..] {
            [name] => name.parse().map_err(unnamed),
            _ => Err(unnamed(several(&names.join(",")))),
        }
    }
}

/// Without the option's name, which whoever reads options adds.
fn unnamed<E: serde::de::Error>(error: Error) -> E {
    match error {
        Error::Invalid { message, .. } => E::custom(message),
        other => E::custom(other),
    }
}

#[cfg(test)]
mod tests {
    use super::Device;

    fn refusal(text: &str) -> String {
        text.parse::<Device>().unwrap_err().to_string()
    }

    #[test]
    fn a_device_is_what_its_name_says() {
        let names = ["auto", "cpu", "cuda:0", "cuda:12", "metal:1"];

        for name in names {
            assert_eq!(name.parse::<Device>().unwrap().to_string(), name);
        }
        assert_eq!("cuda".parse::<Device>().unwrap(), Device::Cuda(0));
        assert_eq!("metal".parse::<Device>().unwrap(), Device::Metal(0));
    }

    #[test]
    fn what_is_no_device_is_refused_with_what_would_be() {
        for name in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:1", "CUDA"] {
            let expected = format!(
                "invalid device: expected `auto`, `cpu`, `cuda` or `metal`, the last two perhaps with an index as in `cuda:0`, got `{name}`"
            );
            assert_eq!(refusal(name), expected);
        }
    }

    #[test]
    fn several_devices_are_refused_as_a_text_and_as_a_list() {
        let expected = "expected one device, got `cuda:0,cuda:1`: a model is not split over several";

        let listed = serde_json::from_str::<Device>(r#"["cuda:0", "cuda:1"]"#).unwrap_err().to_string();

        assert_eq!(refusal("cuda:0,cuda:1"), format!("invalid device: {expected}"));
        assert!(listed.starts_with(expected), "{listed}");
        assert_eq!(serde_json::from_str::<Device>(r#"["cuda:1"]"#).unwrap(), Device::Cuda(1));
    }

    #[test]
    fn options_name_a_device() {
        assert_eq!(serde_json::from_str::<Device>("\"cuda\"").unwrap(), Device::Cuda(0));
        assert_eq!(serde_json::to_string(&Device::Metal(1)).unwrap(), "\"metal:1\"");
        let wrong = serde_json::from_str::<Device>(r#"{"cuda": 0}"#).unwrap_err().to_string();
        assert!(wrong.contains("expected the name of a device such as `auto` or `cuda:0`"), "{wrong}");
    }
}
