use std::path::Path;
use std::time::Instant;

use futures::TryStreamExt;
use rushlight::{Delta, Llm, LlmExt, LocalLlm, LocalLlmOptions, Prompt};
use tokio::runtime::Runtime;

use super::{Call, Reply};
use crate::failure::{Failure, Result};

/// Our engine as agents use it: with its queue, its template and what it keeps between prompts.
#[derive(Debug)]
pub(super) struct Session {
    runtime: Runtime,
    llm: LocalLlm,
}

impl Session {
    pub(super) fn open(path: &Path, options: LocalLlmOptions) -> Result<Self> {
        let runtime =
            Runtime::new().map_err(|error| Failure::new(format!("cannot start threads: {error}")))?;
        let llm = runtime.block_on(LocalLlm::open_with(&path.to_string_lossy(), options))?;
        Ok(Self { runtime, llm })
    }

    /// `seconds` up to the first delta, which comes with the first token unless the model begins a tool call, and
    /// `rest_seconds` from there to the end.
    pub(super) fn answer(&mut self, prompt: Prompt, count: usize) -> Result<Reply> {
        let llm = &self.llm;
        self.runtime.block_on(async move {
            let mut reply = Reply::default();
            let mut first = None;
            let start = Instant::now();
            let mut deltas = llm.generate(prompt.max_output_tokens(count)).await?;
            while let Some(delta) = deltas.try_next().await? {
                first.get_or_insert_with(Instant::now);
                match delta {
                    Delta::Text(text) => reply.text.push_str(&text),
                    Delta::Done { usage, .. } => {
                        reply.read_tokens = Some(usage.input_tokens);
                        reply.cached_tokens = Some(usage.cached_tokens);
                        reply.rest_tokens = usage.output_tokens.saturating_sub(1);
                    }
                    _ => {}
                }
            }
            if let Some(first) = first {
                reply.seconds = first.duration_since(start).as_secs_f64();
                reply.rest_seconds = first.elapsed().as_secs_f64();
            }
            Ok(reply)
        })
    }

    /// The whole answer, with its calls.
    pub(super) fn call(&mut self, prompt: Prompt, count: usize) -> Result<Reply> {
        let start = Instant::now();
        let completion = self.runtime.block_on(self.llm.complete(prompt.max_output_tokens(count)))?;
        let calls = completion.tool_calls.into_iter();
        Ok(Reply {
            seconds: start.elapsed().as_secs_f64(),
            rest_tokens: completion.usage.output_tokens,
            cached_tokens: Some(completion.usage.cached_tokens),
            text: completion.text,
            call_probability: completion.call_probability,
            calls: calls.map(|call| Call { name: call.name, arguments: call.arguments }).collect(),
            ..Reply::default()
        })
    }
}
