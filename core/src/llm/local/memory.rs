use std::path::Path;

use rushlight_models::{Device, DeviceInfo, Error, LoadOptions, MemoryEstimate, Result, free_memory};

use super::options::{KvReuse, LocalLlmOptions};

/// The share of the memory that weights and buffers leave free which keys and values may take.
const SHARE: u64 = 4;

/// Tokens for which there is always room.
const LEAST_TOKENS: u64 = 512;

/// How a model is loaded, and what it will take of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) load: LoadOptions,
    pub(super) memory: MemoryEstimate,
}

impl Plan {
    /// Reads the header of a file. Keys and values get the budget of the options, or a quarter of what the rest leaves of
    /// the memory budget and of the memory that is free on the device, or else of this machine's: at most what the whole
    /// context of twice as many sequences as are computed together takes, so that as much again is kept for later prompts.
    ///
    /// Fails if all of it is more than the memory budget, and for a device that is not there or lacks what is asked for.
    pub(super) fn new(path: &Path, options: &LocalLlmOptions) -> Result<Self> {
        let mut load = LoadOptions::default();
        load.context = options.context;
        load.kv_type = options.kv_type;
        load.kv_budget = options.kv_budget;
        let mut memory = MemoryEstimate::read(path, &load, options.batch)?;
        let DeviceInfo { device, free_bytes, .. } = DeviceInfo::choose(options.device, memory.weights)?;
        load.device = device;
        if device != Device::Cpu && matches!(options.kv_reuse, KvReuse::Chunks(_)) {
            let message = format!("expected `off` or `prefix` on the device `{device}`, got `chunks`");
            return Err(Error::invalid("kv_reuse", message));
        }
        let limit = options.memory_budget.map(|budget| budget as u64);
        if options.kv_budget.is_none() {
            let on_device = if device == Device::Cpu { None } else { free_bytes };
            let stated = [limit, on_device].into_iter().flatten().min();
            let room = stated.unwrap_or_else(free_or_assumed);
            let share = room.saturating_sub(memory.without_keys_and_values()) / SHARE;
            let most = memory.keys_and_values.saturating_mul(2);
            memory.keys_and_values = share.max(LEAST_TOKENS * memory.kv_bytes_per_token).min(most);
            load.kv_budget = Some(usize::try_from(memory.keys_and_values).unwrap_or(usize::MAX));
        }
        match limit {
            Some(limit) if memory.total() > limit => Err(too_large(&memory, limit)),
            _ => Ok(Self { load, memory }),
        }
    }
}

fn too_large(memory: &MemoryEstimate, limit: u64) -> Error {
    let MemoryEstimate { weights, tokenizer, keys_and_values, buffers, .. } = memory;
    let total = memory.total();
    let message = format!(
        "expected at least {total} bytes ({weights} for weights, {tokenizer} for the tokenizer, {keys_and_values} for \
         keys and values, {buffers} for buffers), got {limit}"
    );
    Error::invalid("memory_budget", message)
}

/// The bytes of memory that are free, or 4 GiB where the system does not say.
pub(super) fn free_or_assumed() -> u64 {
    const ASSUMED: u64 = 4 << 30;
    free_memory().unwrap_or(ASSUMED)
}
