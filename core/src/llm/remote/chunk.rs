use serde::Deserialize;
use serde_json::Value;

use super::calls::Fragment;
use crate::llm::FinishReason;

/// A piece of an answer, or all of it.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk {
    /// None at all in the piece that tells the usage.
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    pub(super) usage: Option<Tokens>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    index: Option<usize>,
    #[serde(default, alias = "message")]
    delta: Option<Said>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    pub(super) content: Option<String>,
    /// What a model says that declines; it is said to the person all the same.
    #[serde(default)]
    pub(super) refusal: Option<String>,
    #[serde(default)]
    pub(super) tool_calls: Option<Vec<Fragment>>,
}

/// What an answer took.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Tokens {
    #[serde(default)]
    pub(super) prompt_tokens: Option<usize>,
    #[serde(default)]
    pub(super) completion_tokens: Option<usize>,
    #[serde(default)]
    prompt_tokens_details: Option<PromptTokens>,
}

#[derive(Debug, Default, Deserialize)]
struct PromptTokens {
    #[serde(default)]
    cached_tokens: Option<usize>,
}

impl Chunk {
    /// The piece that a JSON text is.
    ///
    /// # Errors
    ///
    /// The error that the text is, as a value with `message` and maybe `code`, or a message about a text that is no piece.
    pub(super) fn read(text: &str) -> Result<Self, Wrong> {
        let value: Value = serde_json::from_str(text).map_err(|error| Wrong::new(text, &error))?;
        let is_error = value.get("choices").is_none() && value.get("message").is_some_and(Value::is_string);
        if is_error || value.get("error").is_some_and(|error| !error.is_null()) {
            return Err(Wrong::Error(value));
        }
        Self::deserialize(&value).map_err(|error| Wrong::new(text, &error))
    }

    /// What it says, and why it is the last if it is. Nobody asked for more than one choice.
    pub(super) fn said(&mut self) -> Option<(Said, Option<String>)> {
        let choices = self.choices.take()?;
        let choice = choices.into_iter().find(|choice| choice.index.unwrap_or_default() == 0)?;
        Some((choice.delta.unwrap_or_default(), choice.finish_reason))
    }
}

impl Tokens {
    pub(super) fn cached_tokens(&self) -> usize {
        self.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens).unwrap_or_default()
    }
}

/// What is no piece of an answer.
#[derive(Debug)]
pub(super) enum Wrong {
    /// The server tells that it failed.
    Error(Value),
    /// It is something else, as this message says.
    Form(String),
}

impl Wrong {
    fn new(text: &str, error: &serde_json::Error) -> Self {
        const SHOWN: usize = 200;
        let shown = &text[..text.floor_char_boundary(SHOWN)];
        Self::Form(format!("expected a piece of a chat completion, got `{shown}`: {error}"))
    }
}

/// Why an answer ends, by the word for it.
pub(super) fn finish_reason(word: &str) -> Result<FinishReason, String> {
    match word {
        "stop" | "eos_token" | "stop_sequence" => Ok(FinishReason::Stop),
        "length" => Ok(FinishReason::Length),
        "tool_calls" | "function_call" => Ok(FinishReason::ToolCalls),
        "content_filter" => Ok(FinishReason::ContentFilter),
        other => Err(format!(
            "expected an answer that ends with `stop`, `length`, `tool_calls` or `content_filter`, got `{other}`"
        )),
    }
}
