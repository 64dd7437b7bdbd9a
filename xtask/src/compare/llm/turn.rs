use std::borrow::Cow;

use rushlight::{Message, Prompt, Sampling, ToolSpec};
use rushlight_models::Conversation;
use serde_json::{Value, json};

use super::bench::Bench;
use crate::engine::Request;
use crate::failure::Result;

/// A prompt in every form that an engine may want. Our engine renders it itself, to the ids that the peers get.
#[derive(Debug)]
pub(super) struct Turn {
    prompt: Prompt,
    pub(super) tokens: Vec<u32>,
    text: String,
}

impl Turn {
    pub(super) fn new(bench: &Bench<'_>, messages: Vec<Message>, tools: Vec<ToolSpec>) -> Result<Self> {
        let functions = tools.iter().map(|tool| json!({"type": "function", "function": tool}));
        let conversation = Conversation {
            messages: messages.iter().map(|message| json!(message)).collect(),
            tools: if tools.is_empty() { Value::Null } else { functions.collect() },
            add_generation_prompt: true,
        };
        let tokens = bench.template.encode(&bench.tokenizer, &conversation)?;
        let text = bench.template.prompt(&conversation)?;
        let prompt = Prompt::new(messages).tools(tools).sampling(Sampling::greedy());
        Ok(Self { prompt, tokens, text })
    }

    /// The request for the first token of an answer, which goes on to `count`.
    pub(super) fn answer(&self, count: usize) -> Request<'_> {
        Request::Answer {
            prompt: Cow::Borrowed(&self.prompt),
            tokens: self.tokens.as_slice().into(),
            text: self.text.as_str().into(),
            count,
        }
    }

    /// The request for an answer of at most `count` tokens of which the engine may guess some.
    pub(super) fn speculate(&self, count: usize) -> Request<'_> {
        Request::Speculate {
            prompt: Cow::Borrowed(&self.prompt),
            tokens: self.tokens.as_slice().into(),
            count,
        }
    }
}
