use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::message::{Message, Role, ToolSpec};
use crate::setters::setters;
use crate::{Error, Result};

/// Everything that a model is asked at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Prompt {
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The tools that the model may ask for.
    pub tools: Vec<ToolSpec>,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// The generation ends with [`FinishReason::Length`](crate::FinishReason::Length) after this many tokens.
    /// Default 4 096, or what the context window leaves.
    pub max_output_tokens: Option<usize>,
    /// The generation ends before any of these texts.
    pub stop: Vec<String>,
    /// Which prompts of a model go first.
    pub priority: Priority,
    /// Parts of the messages' texts, word for word and in their order, that other prompts may have at another place:
    /// retrieved passages. A model that was opened with `kv_reuse: chunks` computes each once; others pass them over.
    pub chunks: Vec<String>,
    /// Whether the model may, must or must not ask for tools.
    #[serde(skip_serializing_if = "is_default")]
    pub tool_choice: ToolChoice,
    /// Whether one generation may ask for several tools. Default true.
    #[serde(skip_serializing_if = "Clone::clone")]
    pub parallel_calls: bool,
    /// How likely the model must be to begin with a call for it to call, from 0 to 1: below that it answers in words, from
    /// there on it calls, where [`tool_choice`](Self::tool_choice) leaves the choice. See [`Delta::CallProbability`](crate::Delta).
    /// Default: none, as the sampler chooses. Models that are not local pass it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_threshold: Option<f32>,
    /// Which passages the text can cite. Default: none are meant, and its square brackets are free. Models that are not local
    /// pass it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citable: Option<Citable>,
    /// A JSON Schema that the text is to fit, unless the model asks for tools instead. A [`LocalLlm`](crate::LocalLlm) cannot
    /// write anything else, but for keywords that no grammar can say; whoever needs it to fit validates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
}

impl Default for Prompt {
    fn default() -> Self {
        Self {
            messages: Vec::new(),
            tools: Vec::new(),
            sampling: Sampling::default(),
            max_output_tokens: None,
            stop: Vec::new(),
            priority: Priority::default(),
            chunks: Vec::new(),
            tool_choice: ToolChoice::default(),
            parallel_calls: true,
            call_threshold: None,
            citable: None,
            schema: None,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

setters!(Prompt {
    tools: Vec<ToolSpec>,
    sampling: Sampling,
    stop: Vec<String>,
    priority: Priority,
    chunks: Vec<String>,
    tool_choice: ToolChoice,
    parallel_calls: bool;
    max_output_tokens: usize,
    call_threshold: f32,
    citable: Citable,
    schema: Value
});

impl Prompt {
    /// A prompt of these messages, without tools.
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages, ..Self::default() }
    }

    /// Checks sampling and threshold, that the text is to have one form at most, and that the tools are there that the choice
    /// speaks of.
    pub fn validate(&self) -> Result<()> {
        self.sampling.validate()?;
        if let Some(threshold) = self.call_threshold.filter(|threshold| !(0.0..=1.0).contains(threshold)) {
            return Err(Error::invalid("call_threshold", format!("expected 0 to 1, got {threshold}")));
        }
        if self.citable.is_some() && self.schema.is_some() {
            return Err(Error::invalid("citable", "expected no schema beside it, got one"));
        }
        match &self.tool_choice {
            ToolChoice::Required if self.tools.is_empty() => {
                Err(Error::invalid("tool_choice", "expected some tools for `required`, got none"))
            }
            ToolChoice::Named(name) if self.tools.iter().all(|tool| tool.name != *name) => {
                let known: Vec<&str> = self.tools.iter().map(|tool| tool.name.as_str()).collect();
                Err(Error::Unknown { what: "tool", name: name.clone(), known: known.join(", ") })
            }
            ToolChoice::Auto | ToolChoice::None | ToolChoice::Required | ToolChoice::Named(_) => Ok(()),
        }
    }

    /// The tools that the model is told of.
    #[cfg(any(feature = "local", feature = "remote"))]
    pub(super) fn offered_tools(&self) -> &[ToolSpec] {
        if self.tool_choice == ToolChoice::None { &[] } else { &self.tools }
    }
}

/// Which passages a text can cite: those that the prompt numbers from 1.
///
/// A [`LocalLlm`](crate::LocalLlm) can write a square bracket only to cite one of them, as in `[2]`; of other brackets, as of
/// an array's, there are none in such a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Citable {
    /// How many there are.
    pub passages: usize,
    /// Whether a text that has cited nothing ends with a citation, unless a limit cuts it off.
    #[serde(default)]
    pub required: bool,
}

/// Whether a model asks for tools.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolChoice {
    /// As the model decides.
    #[default]
    Auto,
    /// Never: it is not told of them.
    None,
    /// Always, and says nothing else.
    Required,
    /// Always for the tool of this name.
    Named(String),
}

impl ToolChoice {
    /// Whether a tool of this name may be asked for.
    #[cfg(feature = "local")]
    pub(super) fn admits(&self, name: &str) -> bool {
        match self {
            Self::Auto | Self::Required => true,
            Self::None => false,
            Self::Named(only) => only == name,
        }
    }
}

/// Which generations of a model go first when not all can.
///
/// While one of a higher priority waits, none of a lower one is started; within a priority they start in the order of
/// their arrival. What runs goes on, but where the memory for keys and values is short, the lowest priority gives way
/// first. So a generation of low priority may wait for as long as there are enough of higher ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Priority {
    /// For work that nobody waits for.
    Low,
    /// For most.
    #[default]
    Normal,
    /// For somebody who waits for the first word.
    High,
}

/// How the next token is chosen from the model's probabilities.
///
/// Filters apply in this order: repetition penalty, temperature, top-k, top-p, min-p.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Sampling {
    /// 0 always takes the likeliest token; higher is more varied. From 0 to 2, default 0.3.
    pub temperature: f32,
    /// Keeps only the k likeliest tokens; 0 keeps all. Default 40.
    pub top_k: usize,
    /// Keeps the likeliest tokens whose probabilities sum to this. Above 0 up to 1, default 0.95.
    pub top_p: f32,
    /// Drops tokens less likely than this share of the likeliest one. From 0 to 1, default 0.05.
    pub min_p: f32,
    /// Divides (or multiplies, below zero) the logits of recent tokens. From 1 to 2, default 1: off.
    pub repetition_penalty: f32,
    /// Seed of the random choice; the same seed repeats an answer. Default: drawn anew each time.
    pub seed: Option<u64>,
}

setters!(Sampling {
    temperature: f32,
    top_k: usize,
    top_p: f32,
    min_p: f32,
    repetition_penalty: f32;
    seed: u64
});

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.3, top_k: 40, top_p: 0.95, min_p: 0.05, repetition_penalty: 1.0, seed: None }
    }
}

impl Sampling {
    /// Always the likeliest token.
    pub fn greedy() -> Self {
        Self { temperature: 0.0, ..Self::default() }
    }

    /// Checks every value against its range.
    pub fn validate(&self) -> Result<()> {
        let ranges = [
            ("temperature", self.temperature, 0.0..=2.0),
            ("top_p", self.top_p, f32::MIN_POSITIVE..=1.0),
            ("min_p", self.min_p, 0.0..=1.0),
            ("repetition_penalty", self.repetition_penalty, 1.0..=2.0),
        ];
        for (name, value, range) in ranges {
            if !range.contains(&value) {
                let message = format!("expected {} to {}, got {value}", range.start(), range.end());
                return Err(Error::invalid(name, message));
            }
        }
        Ok(())
    }
}

/// The number of the next tool call after the last question, from 1: models that give no ids of their own
/// number their calls with it, so that ids are unique within a run and the same prompt gives the same ids.
pub(super) fn next_call_number(messages: &[Message]) -> usize {
    let run = messages.iter().rev().take_while(|message| message.role != Role::User);
    1 + run.map(|message| message.tool_calls.len()).sum::<usize>()
}
