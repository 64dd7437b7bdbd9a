use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use rushlight::Prompt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an engine is asked, one JSON object a line. The scripts in `benches/compare` have a method for each.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub(crate) enum Request<'a> {
    /// Loads the model and computes the first token after `tokens`: the first request. `seconds` is the time that
    /// both took, `before_bytes` the memory that the process had before it touched the engine.
    Open {
        path: PathBuf,
        threads: usize,
        /// The most tokens that a single sequence will have.
        context: usize,
        tokens: Cow<'a, [u32]>,
    },
    /// Reads a prompt in an empty sequence (`seconds`, up to and with the first token), then generates `count` more
    /// tokens greedily (`rest_seconds`).
    Generate {
        tokens: Cow<'a, [u32]>,
        /// The same prompt for engines that take text only.
        text: Cow<'a, str>,
        count: usize,
    },
    /// Reads several prompts, then generates `count` tokens after each of them, all in step: `rest_seconds`.
    Batch { prompts: Vec<Cow<'a, [u32]>>, count: usize },
    /// Answers as a session does, with whatever the engine kept of earlier answers: `seconds` up to the first token
    /// of `count`.
    Answer {
        /// The prompt for our engine.
        prompt: Cow<'a, Prompt>,
        /// The same prompt as ids.
        tokens: Cow<'a, [u32]>,
        /// The same prompt as text.
        text: Cow<'a, str>,
        count: usize,
    },
    /// Answers, and guesses tokens from earlier ones of this prompt and answer, which must not change what the answer
    /// is: `rest_seconds` for `rest_tokens` after the first, at most `count` with it, fewer if the model ends.
    Speculate {
        /// The prompt for our engine.
        prompt: Cow<'a, Prompt>,
        /// The same prompt as ids.
        tokens: Cow<'a, [u32]>,
        count: usize,
    },
    /// Answers with text or with `calls` of the prompt's tools, at most `count` tokens, with whatever the engine kept of
    /// earlier answers: `seconds` for all of it, `rest_tokens` that were written.
    Call {
        /// The prompt for our engine.
        prompt: Cow<'a, Prompt>,
        /// The same prompt as ids.
        tokens: Cow<'a, [u32]>,
        count: usize,
    },
    /// Reads the first `read` tokens of each prompt at once and the others in step, and writes the logits for each
    /// token after the first `read` to `file`: f32, `[tokens][prompts][vocabulary]`. All prompts have one length.
    Record { prompts: Vec<Cow<'a, [u32]>>, read: usize, file: PathBuf },
    /// Compares recorded logits with exact ones; only the reference can.
    Score { prompts: Vec<Cow<'a, [u32]>>, read: usize, files: BTreeMap<String, PathBuf> },
}

/// What an engine replies, one JSON object a line; each operation says which fields it fills.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Reply {
    pub(crate) seconds: f64,
    pub(crate) rest_seconds: f64,
    pub(crate) rest_tokens: usize,
    /// The tokens that were read, where the engine counts otherwise than the request.
    pub(crate) read_tokens: Option<usize>,
    /// The tokens that were kept from before and not read again.
    pub(crate) cached_tokens: Option<usize>,
    pub(crate) text: String,
    pub(crate) calls: Vec<Call>,
    /// How likely the model was to begin a call, where the engine says so.
    pub(crate) call_probability: Option<f32>,
    pub(crate) before_bytes: u64,
    pub(crate) scores: BTreeMap<String, Sums>,
}

/// A tool call as a model wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// An object, or text that is none.
    pub(crate) arguments: Value,
}

/// Sums over the tokens of a text.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// The Kullback–Leibler divergence from the exact probabilities, in nats.
    pub(crate) divergence: f64,
    /// The negative logarithm of the probability that the text's own token had.
    pub(crate) surprise: f64,
    /// How often the likeliest token was the exact one.
    pub(crate) agreed: u64,
}

impl Sums {
    pub(crate) fn add(&mut self, other: Self) {
        self.divergence += other.divergence;
        self.surprise += other.surprise;
        self.agreed += other.agreed;
    }
}
