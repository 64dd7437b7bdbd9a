use rushlight_models::{Device, DeviceInfo, Error, LoadOptions, MemoryEstimate, Result, free_memory};

use super::draft::EarlierAnswers;
use super::files::Files;
use super::options::{KvReuse, LocalLlmOptions};

/// The share of the memory that weights and buffers leave free which keys and values may take.
const SHARE: u64 = 4;

/// Tokens for which there is always room.
const LEAST_TOKENS: u64 = 512;

/// How a model and its draft model are loaded, and what they will take of memory together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) load: LoadOptions,
    /// Of no meaning without a draft model.
    pub(super) load_draft: LoadOptions,
    /// The bytes that the keys and values of both may take; each gets as much of it as its tokens take of both's.
    pub(super) kv_budget: usize,
    pub(super) memory: MemoryEstimate,
}

impl Plan {
    /// Keys and values get the budget of the options, or a quarter of what the rest leaves of the memory budget and of the
    /// memory that is free on the device, or else of this machine's: at most what the whole context of twice as many
    /// sequences as are computed together takes, so that as much again is kept for later prompts.
    ///
    /// Fails if all of it is more than the memory budget, and for a device that is not there or lacks what is asked for.
    pub(super) fn new(files: &Files, options: &LocalLlmOptions) -> Result<Self> {
        let mut load = LoadOptions::default();
        load.context = options.context;
        load.kv_type = options.kv_type;
        let mut load_draft = load.clone();
        let mut memory = MemoryEstimate::of(&files.model, &load, options.batch)?;
        let own_bytes_per_token = memory.kv_bytes_per_token;
        if options.speculation && options.kv_reuse != KvReuse::Off {
            memory.buffers += EarlierAnswers::MOST_BYTES;
        }
        if let Some(draft) = &files.draft {
            let context = options.context.unwrap_or(files.model.info().context_length);
            load_draft.context = Some(context.min(draft.info().context_length));
            memory = memory + MemoryEstimate::of(draft, &load_draft, options.batch)?;
        }
        let DeviceInfo { device, free_bytes, .. } = DeviceInfo::choose(options.device, memory.weights)?;
        (load.device, load_draft.device) = (device, device);
        if device != Device::Cpu && matches!(options.kv_reuse, KvReuse::Chunks(_)) {
            let message = format!("expected `off` or `prefix` on the device `{device}`, got `chunks`");
            return Err(Error::invalid("kv_reuse", message));
        }
        let limit = options.memory_budget.map(|budget| budget as u64);
        let kv_budget = if let Some(budget) = options.kv_budget {
            memory.keys_and_values = memory.keys_and_values.min(budget as u64);
            budget
        } else {
            let on_device = if device == Device::Cpu { None } else { free_bytes };
            let stated = [limit, on_device].into_iter().flatten().min();
            let room = stated.unwrap_or_else(free_or_assumed);
            let share = room.saturating_sub(memory.without_keys_and_values()) / SHARE;
            let most = memory.keys_and_values.saturating_mul(2);
            memory.keys_and_values = share.max(LEAST_TOKENS * memory.kv_bytes_per_token).min(most);
            usize::try_from(memory.keys_and_values).unwrap_or(usize::MAX)
        };
        let own = kv_budget as u128 * u128::from(own_bytes_per_token) / u128::from(memory.kv_bytes_per_token);
        let own = usize::try_from(own).unwrap_or(kv_budget);
        (load.kv_budget, load_draft.kv_budget) = (Some(own), Some(kv_budget - own));
        match limit {
            Some(limit) if memory.total() > limit => Err(too_large(&memory, limit)),
            _ => Ok(Self { load, load_draft, kv_budget, memory }),
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
