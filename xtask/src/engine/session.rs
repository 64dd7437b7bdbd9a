use std::path::Path;
use std::time::Instant;

use futures::TryStreamExt;
use rushlight::{Delta, Llm, LocalLlm, Prompt};
use tokio::runtime::Runtime;

use super::Reply;
use crate::failure::{Failure, Result};

/// Our engine as agents use it: with its queue, its template and what it keeps between prompts.
#[derive(Debug)]
pub(super) struct Session {
    runtime: Runtime,
    llm: LocalLlm,
}

impl Session {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let runtime =
            Runtime::new().map_err(|error| Failure::new(format!("cannot start threads: {error}")))?;
        let llm = runtime.block_on(LocalLlm::open(&path.to_string_lossy()))?;
        Ok(Self { runtime, llm })
    }

    /// `seconds` up to the first delta, which comes with the first token unless the model begins a tool call.
    pub(super) fn answer(&mut self, prompt: Prompt, count: usize) -> Result<Reply> {
        let llm = &self.llm;
        self.runtime.block_on(async move {
            let mut reply = Reply::default();
            let mut first = None;
            let start = Instant::now();
            let mut deltas = llm.generate(prompt.max_output_tokens(count)).await?;
            while let Some(delta) = deltas.try_next().await? {
                first.get_or_insert_with(|| start.elapsed());
                match delta {
                    Delta::Text(text) => reply.text.push_str(&text),
                    Delta::Done { usage, .. } => {
                        reply.read_tokens = Some(usage.input_tokens);
                        reply.cached_tokens = Some(usage.cached_tokens);
                    }
                    _ => {}
                }
            }
            reply.seconds = first.unwrap_or_default().as_secs_f64();
            Ok(reply)
        })
    }
}
