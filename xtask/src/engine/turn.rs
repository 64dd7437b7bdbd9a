use std::borrow::Cow;

use rushlight::{Message, Prompt, Sampling, ToolSpec};
use rushlight_models::{ChatTemplate, Conversation, Tokenizer};
use serde_json::{Value, json};

use super::Request;
use crate::failure::Result;

/// A prompt in every form that an engine may want. Our engine renders it itself, to the ids that the peers get.
#[derive(Debug)]
pub(crate) struct Turn {
    prompt: Prompt,
    pub(crate) tokens: Vec<u32>,
    text: String,
}

impl Turn {
    /// The prompt of a model with this template and tokenizer.
    pub(crate) fn new(
        template: &ChatTemplate,
        tokenizer: &Tokenizer,
        messages: Vec<Message>,
        tools: Vec<ToolSpec>,
    ) -> Result<Self> {
        let functions = tools.iter().map(|tool| json!({"type": "function", "function": tool}));
        let conversation = Conversation {
            messages: messages.iter().map(|message| json!(message)).collect(),
            tools: if tools.is_empty() { Value::Null } else { functions.collect() },
            add_generation_prompt: true,
        };
        let tokens = template.encode(tokenizer, &conversation)?;
        let text = template.prompt(&conversation)?;
        let prompt = Prompt::new(messages).tools(tools).sampling(Sampling::greedy());
        Ok(Self { prompt, tokens, text })
    }

    /// The request for the first token of an answer, which goes on to `count`.
    pub(crate) fn answer(&self, count: usize) -> Request<'_> {
        Request::Answer {
            prompt: Cow::Borrowed(&self.prompt),
            tokens: self.tokens.as_slice().into(),
            text: self.text.as_str().into(),
            count,
        }
    }

    /// The request for an answer of at most `count` tokens of which the engine may guess some.
    pub(crate) fn speculate(&self, count: usize) -> Request<'_> {
        Request::Speculate {
            prompt: Cow::Borrowed(&self.prompt),
            tokens: self.tokens.as_slice().into(),
            count,
        }
    }

    /// The request for a text or calls of tools, at most `count` tokens of them.
    pub(crate) fn call(&self, count: usize) -> Request<'_> {
        Request::Call { prompt: Cow::Borrowed(&self.prompt), tokens: self.tokens.as_slice().into(), count }
    }
}
