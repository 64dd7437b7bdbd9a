use std::ops::Range;

use rushlight_models::{Error as ModelError, KvCache, SamplerOptions, SavedPrefix};
use tokio::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::rules::Rules;
use crate::Result;
use crate::llm::{Delta, Priority, Sampling};

/// An order and its place among those that may wait, which is free again when the order is followed.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) order: Order,
    pub(super) place: OwnedSemaphorePermit,
}

/// What the model's thread is asked to do.
#[derive(Debug)]
pub(super) enum Order {
    /// To compute a prompt.
    Compute(Job),
    /// To remember a prefix that was computed before.
    Load { saved: SavedPrefix, done: oneshot::Sender<Result<(), ModelError>> },
}

/// What a prompt is computed for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// For what the model says to it.
    Answer,
    /// For its keys and values.
    Keep(oneshot::Sender<KvCache>),
}

/// One prompt, ready to be computed.
#[derive(Debug)]
pub(super) struct Job {
    /// At least one.
    pub(super) tokens: Vec<u32>,
    /// Where the prompt's chunks are; none if they are not used again.
    pub(super) chunks: Vec<Range<usize>>,
    pub(super) purpose: Purpose,
    pub(super) priority: Priority,
    pub(super) sampling: Sampling,
    /// At most what the context leaves.
    pub(super) max_output_tokens: usize,
    pub(super) stop: Vec<String>,
    pub(super) tools: Vec<String>,
    pub(super) rules: Rules,
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
