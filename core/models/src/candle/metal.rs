use candle_metal_kernels::metal::Device as MetalDevice;

use super::CandleDecoder;
use crate::device::{Device, DeviceInfo, Family, failed};

/// Apple GPUs.
pub(crate) const METAL: Family = Family {
    name: "metal",
    is_automatic: true,
    list: || MetalDevice::all().iter().enumerate().map(info).collect(),
    load: |index, decoder, kv_type, kv_limit| {
        let device = Device::Metal(index);
        let opened = candle_core::Device::new_metal(index).map_err(|error| failed(device, error))?;
        Ok(Box::new(CandleDecoder::load(device, opened, decoder, kv_type, kv_limit)?))
    },
};

/// The memory is the part of the machine's that the GPU uses well.
fn info((index, metal): (usize, &MetalDevice)) -> DeviceInfo {
    let (total, used) = (metal.recommended_max_working_set_size(), metal.current_allocated_size());
    DeviceInfo {
        device: Device::Metal(index),
        name: metal.architecture_name(),
        memory_bytes: Some(total as u64),
        free_bytes: Some(total.saturating_sub(used) as u64),
    }
}
