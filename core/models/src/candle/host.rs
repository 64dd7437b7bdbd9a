use super::CandleDecoder;
use crate::device::{Device, DeviceInfo, Family};

/// candle's own kernels for the CPU, slower than ours: what tests of the other families run on without a GPU.
pub(crate) const HOST: Family = Family {
    name: "candle",
    is_automatic: false,
    list: || {
        let name = "candle on the CPU".to_owned();
        vec![DeviceInfo { device: Device::Candle, name, memory_bytes: None, free_bytes: None }]
    },
    load: |_, decoder, kv_type, kv_limit| {
        let opened = candle_core::Device::Cpu;
        Ok(Box::new(CandleDecoder::load(Device::Candle, opened, decoder, kv_type, kv_limit)?))
    },
};
