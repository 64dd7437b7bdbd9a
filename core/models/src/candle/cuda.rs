use candle_core::cuda_backend::cudarc::driver::{CudaContext, DriverError};

use super::CandleDecoder;
use crate::device::{Device, DeviceInfo, Family, failed};

/// NVIDIA GPUs.
pub(crate) const CUDA: Family = Family {
    name: "cuda",
    is_automatic: true,
    list,
    load: |index, decoder, kv_type, kv_limit| {
        let device = Device::Cuda(index);
        let opened = candle_core::Device::new_cuda(index).map_err(|error| failed(device, error))?;
        Ok(Box::new(CandleDecoder::load(device, opened, decoder, kv_type, kv_limit)?))
    },
};

/// A driver that does not answer has no devices.
fn list() -> Vec<DeviceInfo> {
    let count = CudaContext::device_count().unwrap_or(0);
    (0..usize::try_from(count).unwrap_or(0)).map(info).collect()
}

fn info(index: usize) -> DeviceInfo {
    let device = Device::Cuda(index);
    let ask = || -> Result<_, DriverError> {
        let context = CudaContext::new(index)?;
        Ok((context.name()?, context.mem_get_info()?))
    };
    match ask() {
        Ok((name, (free, total))) => {
            DeviceInfo { device, name, memory_bytes: Some(total as u64), free_bytes: Some(free as u64) }
        }
        // It is counted, so that the others keep their index; using it says what is wrong.
        Err(error) => DeviceInfo { device, name: error.to_string(), memory_bytes: None, free_bytes: None },
    }
}
