use rushlight_models::SamplerOptions;
use tokio::sync::mpsc::Sender;

use crate::Result;
use crate::llm::{Delta, Sampling};

/// One prompt, ready to be computed.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) tokens: Vec<u32>,
    pub(super) sampling: Sampling,
    /// At most what the context leaves.
    pub(super) max_output_tokens: usize,
    pub(super) stop: Vec<String>,
    pub(super) tools: Vec<String>,
    pub(super) next_call: usize,
    pub(super) deltas: Sender<Result<Delta>>,
}

impl Job {
    /// How its tokens are chosen.
    pub(super) fn sampler_options(&self) -> SamplerOptions {
        let Sampling { temperature, top_k, top_p, min_p, repetition_penalty, seed } = self.sampling;
        SamplerOptions { repetition_penalty, temperature, top_k, top_p, min_p, seed }
    }
}
