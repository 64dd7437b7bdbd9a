use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use rushlight::llm::DeltaStream;
use rushlight::{Delta, FinishReason, Llm, LocalLlm, Prompt, Result, ToolCall};

/// Tokens that a model writes to call a tool.
const CALL_TOKENS: usize = 24;

/// A real model whose tool calls are planned: one for each of the first turns, then an answer.
///
/// Small models call tools now and then. Here the model writes as long as a call takes, its words are thrown away, and
/// the planned call takes their place; so each turn costs what it costs, and which turns there are is always the same.
/// What the model writes as a call of its own accord is text.
#[derive(Debug)]
pub(super) struct PlannedCalls {
    llm: LocalLlm,
    calls: Mutex<VecDeque<ToolCall>>,
}

impl PlannedCalls {
    pub(super) fn new(llm: LocalLlm, calls: impl IntoIterator<Item = ToolCall>) -> Self {
        Self { llm, calls: Mutex::new(calls.into_iter().collect()) }
    }
}

#[async_trait]
impl Llm for PlannedCalls {
    async fn generate(&self, prompt: Prompt) -> Result<DeltaStream> {
        let call = self.calls.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(call) = call else {
            let deltas = self.llm.generate(prompt).await?;
            return Ok(deltas.map(|delta| delta.map(without_calls)).boxed());
        };
        let deltas = self.llm.generate(prompt.max_output_tokens(CALL_TOKENS)).await?;
        Ok(deltas.flat_map(move |delta| stream::iter(instead(delta, &call))).boxed())
    }

    async fn warm_up(&self, prompt: Prompt) -> Result<()> {
        self.llm.warm_up(prompt).await
    }

    fn context_window(&self) -> usize {
        self.llm.context_window()
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        self.llm.count_tokens(text)
    }

    fn name(&self) -> &str {
        self.llm.name()
    }
}

/// The call where the words end, and nothing before it.
fn instead(delta: Result<Delta>, call: &ToolCall) -> Vec<Result<Delta>> {
    match delta {
        Ok(Delta::Done { usage, .. }) => {
            let end = Delta::Done { finish_reason: FinishReason::ToolCalls, usage };
            vec![Ok(Delta::ToolCall(call.clone())), Ok(end)]
        }
        Ok(_) => Vec::new(),
        Err(error) => vec![Err(error)],
    }
}

fn without_calls(delta: Delta) -> Delta {
    match delta {
        Delta::ToolCall(call) => Delta::Text(format!("{} {}", call.name, call.arguments)),
        Delta::Done { finish_reason: FinishReason::ToolCalls, usage } => {
            Delta::Done { finish_reason: FinishReason::Stop, usage }
        }
        delta => delta,
    }
}
