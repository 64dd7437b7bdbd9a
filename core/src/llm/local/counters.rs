use std::sync::atomic::{AtomicU64, Ordering};

use rushlight_models::Kernels;
use serde::{Deserialize, Serialize};

/// What a [`LocalLlm`](super::LocalLlm) has done since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LocalLlmStats {
    /// Generations that were accepted.
    pub requests: u64,
    /// Generations that ran to their end.
    pub finished: u64,
    /// Generations whose stream was dropped before their end.
    pub cancelled: u64,
    /// Generations that failed.
    pub failed: u64,
    /// Passes through the model.
    pub forward_passes: u64,
    /// Tokens of prompts that were computed.
    pub prompt_tokens: u64,
    /// Tokens of prompts that were taken from what earlier generations had computed.
    pub cached_tokens: u64,
    /// Tokens that were generated.
    pub generated_tokens: u64,
    /// Tokens that were guessed and computed together with the one before them.
    pub drafted_tokens: u64,
    /// Of these, the tokens that were then generated.
    pub accepted_tokens: u64,
    /// Passes through the draft model.
    pub draft_passes: u64,
    /// Of the generated tokens, those that a grammar left no choice about, so that none was chosen.
    pub forced_tokens: u64,
}

/// Whether a [`LocalLlm`](super::LocalLlm) is in memory, and what computes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LocalLlmStatus {
    /// Whether its weights are in memory; if not, they are loaded when it is asked the next time.
    pub is_loaded: bool,
    /// How often they were loaded.
    pub loads: u64,
    /// Milliseconds that loading them took the last time.
    pub load_ms: u64,
    /// Threads that compute; 0 if it is not loaded.
    pub threads: usize,
    /// The code that computes; none if it is not loaded.
    pub kernels: Option<Kernels>,
    /// The name of the draft model that is loaded beside it.
    pub draft_model: Option<String>,
    /// Bytes that keys and values may take, those of the draft model included; 0 if it is not loaded.
    pub kv_budget: usize,
    /// Bytes that keys and values take now.
    pub kv_used: usize,
}

/// The numbers while the model works.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) requests: Counter,
    pub(super) finished: Counter,
    pub(super) cancelled: Counter,
    pub(super) failed: Counter,
    pub(super) forward_passes: Counter,
    pub(super) prompt_tokens: Counter,
    pub(super) cached_tokens: Counter,
    pub(super) generated_tokens: Counter,
    pub(super) drafted_tokens: Counter,
    pub(super) accepted_tokens: Counter,
    pub(super) draft_passes: Counter,
    pub(super) forced_tokens: Counter,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(super) fn read(&self) -> LocalLlmStats {
        LocalLlmStats {
            requests: self.requests.get(),
            finished: self.finished.get(),
            cancelled: self.cancelled.get(),
            failed: self.failed.get(),
            forward_passes: self.forward_passes.get(),
            prompt_tokens: self.prompt_tokens.get(),
            cached_tokens: self.cached_tokens.get(),
            generated_tokens: self.generated_tokens.get(),
            drafted_tokens: self.drafted_tokens.get(),
            accepted_tokens: self.accepted_tokens.get(),
            draft_passes: self.draft_passes.get(),
            forced_tokens: self.forced_tokens.get(),
        }
    }
}
