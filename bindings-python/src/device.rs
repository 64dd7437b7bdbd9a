use pyo3::prelude::*;

use crate::convert::repr;
use crate::runtime::wait;

/// A device on which models can compute.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct DeviceInfo {
    /// What `LocalLlm` takes, for example `cuda:0`.
    device: String,
    /// What its maker calls it.
    name: String,
    /// The bytes of its memory; none if it does not say.
    memory_bytes: Option<u64>,
    /// Of these, the bytes that nobody uses now; none if it does not say.
    free_bytes: Option<u64>,
}

#[pymethods]
impl DeviceInfo {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str) =
        ("device", "name", "memory_bytes", "free_bytes");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

impl From<rushlight::DeviceInfo> for DeviceInfo {
    fn from(info: rushlight::DeviceInfo) -> Self {
        let rushlight::DeviceInfo { device, name, memory_bytes, free_bytes, .. } = info;
        Self { device: device.to_string(), name, memory_bytes, free_bytes }
    }
}

/// The devices of this machine that are built in, in the order in which `auto` looks at them; the last is the CPU.
#[pyfunction]
pub(crate) fn devices(py: Python<'_>) -> PyResult<Vec<DeviceInfo>> {
    wait(py, async { Ok(rushlight::devices().into_iter().map(DeviceInfo::from).collect()) })
}
