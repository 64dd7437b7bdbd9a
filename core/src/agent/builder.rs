use std::path::PathBuf;
use std::sync::Arc;

use super::assistant::Parts;
use super::{Assistant, Limits, recording};
use crate::cache::{Cache, SingleFlight};
use crate::llm::{Llm, Sampling};
use crate::retrieval::Retriever;
use crate::session::SessionStore;
use crate::tools::ToolRegistry;
use crate::{Error, Result};

const DEFAULT_INSTRUCTIONS: &str = "You are a helpful assistant.";

/// Puts an [`Assistant`] together; everything but the model is optional.
#[derive(Debug)]
#[must_use]
pub struct AssistantBuilder {
    parts: Parts,
    journal: Option<PathBuf>,
}

impl AssistantBuilder {
    pub(super) fn new(llm: impl Llm) -> Self {
        Self {
            parts: Parts {
                llm: Arc::new(llm),
                instructions: DEFAULT_INSTRUCTIONS.to_owned(),
                retriever: None,
                tools: None,
                cache: None,
                sessions: None,
                sampling: Sampling::default(),
                limits: Limits::default(),
                cache_tool_answers: false,
                flights: SingleFlight::new(),
            },
            journal: None,
        }
    }

    /// Who the assistant is and what it does. Default: `You are a helpful assistant.`
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.parts.instructions = instructions.into();
        self
    }

    /// Answers rest on the passages that this retriever finds. Default: none.
    pub fn retriever(mut self, retriever: impl Retriever) -> Self {
        self.parts.retriever = Some(Arc::new(retriever));
        self
    }

    /// The model may call these tools. Default: none.
    pub fn tools(mut self, tools: impl ToolRegistry) -> Self {
        self.parts.tools = Some(Arc::new(tools));
        self
    }

    /// Answers are kept here and given again. Default: none.
    pub fn cache(mut self, cache: impl Cache) -> Self {
        self.parts.cache = Some(Arc::new(cache));
        self
    }

    /// Keeps answers that needed tools, too. Default: off, since a tool may have an effect, or another
    /// value next time.
    pub fn cache_tool_answers(mut self) -> Self {
        self.parts.cache_tool_answers = true;
        self
    }

    /// Remembers conversations here. Default: none; a request that names a session is then refused.
    pub fn sessions(mut self, sessions: impl SessionStore) -> Self {
        self.parts.sessions = Some(Arc::new(sessions));
        self
    }

    /// How the model chooses tokens.
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.parts.sampling = sampling;
        self
    }

    /// What one run may spend.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.parts.limits = limits;
        self
    }

    /// Keeps everything that runs are told by model, tools, retriever, cache and sessions in a file, which is replaced if it
    /// is there: [`Assistant::replay`] gives the same events again. Default: nothing is kept.
    ///
    /// The file is JSON Lines and holds questions, documents and outputs as they are: keep it as private as those. A run
    /// whose inputs cannot be written ends with [`Error::Io`].
    pub fn record(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// The assistant, or the first option that is out of its range.
    pub fn build(self) -> Result<Assistant> {
        self.parts.sampling.validate()?;
        let limits = &self.parts.limits;
        for (name, value) in
            [("max_turns", limits.max_turns), ("max_output_tokens", limits.max_output_tokens)]
        {
            if value == 0 {
                return Err(Error::invalid(name, "expected at least 1, got 0"));
            }
        }
        if limits.deadline.is_zero() {
            return Err(Error::invalid("deadline", "expected more than 0 seconds, got 0"));
        }
        let parts = match self.journal {
            Some(path) => recording::recorded(self.parts, &path)?,
            None => self.parts,
        };
        Ok(Assistant::from_parts(parts))
    }
}
