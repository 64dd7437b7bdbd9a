use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use serde::Serialize;
use serde_json::{Value, json};

use super::Journal;
use super::entry::{Input, json as value_of};
use super::journal::Pending;
use crate::Result;
use crate::cache::{Cache, Entry, Key};
use crate::llm::{Delta, DeltaStream, Llm, Prompt};
use crate::message::{Message, ToolCall, ToolOutput, ToolSpec};
use crate::retrieval::{Passage, Query, Retriever};
use crate::session::SessionStore;
use crate::tools::{ToolContext, ToolRegistry};

/// A part of an agent, and a journal of what it tells. It is a part of the same kind.
///
/// What a cache or a session store takes is not written down: no run depends on it but by what it is told later.
#[derive(Debug)]
pub(crate) struct Recorded<P> {
    part: P,
    journal: Journal,
}

impl<P> Recorded<P> {
    pub(super) fn new(part: P, journal: Journal) -> Self {
        Self { part, journal }
    }

    /// Does `work`, whose value the journal has as `gave` makes it.
    async fn during<T>(
        &self,
        input: Input,
        asked: Value,
        work: impl Future<Output = Result<T>>,
        gave: impl FnOnce(&T) -> Result<Value>,
    ) -> Result<T> {
        let mut pending = self.journal.begin(input, asked);
        let outcome = work.await;
        match &outcome {
            Ok(value) => pending.give(gave(value)?)?,
            Err(error) => pending.fail(error)?,
        }
        outcome
    }

    /// Writes down what is known at once and cannot fail.
    fn tell(&self, input: Input, asked: Value, gave: &impl Serialize) {
        let written = value_of(gave).and_then(|gave| self.journal.begin(input, asked).give(gave));
        if let Err(error) = written {
            tracing::warn!(error = error.chain(), "the journal lacks an input");
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<L: Llm> Llm for Recorded<L> {
    async fn generate(&self, prompt: Prompt) -> Result<DeltaStream> {
        let mut pending = self.journal.begin(Input::Generation, value_of(&prompt)?);
        match self.part.generate(prompt).await {
            Ok(deltas) => Ok(deltas.map(move |delta| note(&mut pending, delta)).boxed()),
            Err(error) => {
                pending.fail(&error)?;
                Err(error)
            }
        }
    }

    async fn warm_up(&self, prompt: Prompt) -> Result<()> {
        self.part.warm_up(prompt).await
    }

    fn context_window(&self) -> usize {
        self.part.context_window()
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        let mut pending = self.journal.begin(Input::TokenCount, json!(text));
        let count = self.part.count_tokens(text);
        match &count {
            Ok(count) => pending.give(json!(count))?,
            Err(error) => pending.fail(error)?,
        }
        count
    }

    fn name(&self) -> &str {
        self.part.name()
    }
}

/// Adds a delta to an entry, as a piece that [`from_pieces`](crate::llm::from_pieces) reads.
fn note(pending: &mut Pending, delta: Result<Delta>) -> Result<Delta> {
    match &delta {
        Ok(Delta::Text(text)) => pending.piece(json!(text)),
        Ok(Delta::ToolCall(ToolCall { id, name, arguments })) => {
            pending.piece(json!({"type": "tool_call", "id": id, "name": name, "arguments": arguments}));
        }
        // No part of the events.
        Ok(Delta::CallProbability(_)) => {}
        Ok(Delta::Done { finish_reason, usage }) => {
            pending.piece(json!({"type": "done", "finish_reason": finish_reason, "usage": usage}));
            pending.end()?;
        }
        Err(error) => pending.fail(error)?,
    }
    delta
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<R: ToolRegistry> ToolRegistry for Recorded<R> {
    fn specs(&self) -> Vec<ToolSpec> {
        let specs = self.part.specs();
        self.tell(Input::Tools, context_of(&ToolContext::new()), &specs);
        specs
    }

    async fn invoke(&self, call: &ToolCall) -> Result<ToolOutput> {
        self.invoke_for(call, &ToolContext::new()).await
    }

    async fn specs_for(&self, context: &ToolContext) -> Result<Vec<ToolSpec>> {
        self.during(Input::Tools, context_of(context), self.part.specs_for(context), value_of).await
    }

    async fn invoke_for(&self, call: &ToolCall, context: &ToolContext) -> Result<ToolOutput> {
        let asked = asked_of(call, context);
        let work = self.part.invoke_for(call, context);
        let gave = |output: &ToolOutput| value_of(&TimedOutput::new(output));
        self.during(Input::ToolOutput, asked, work, gave).await
    }
}

/// What a registry is told of a run, as the journal has it.
pub(super) fn context_of(context: &ToolContext) -> Value {
    json!({"session": context.session, "scopes": context.scopes, "dry_run": context.dry_run})
}

/// A call of a run, as the journal has it.
pub(super) fn asked_of(call: &ToolCall, context: &ToolContext) -> Value {
    json!({"call": call, "context": context_of(context)})
}

/// An output with its time, which its JSON form leaves out.
#[derive(Debug, Serialize, serde::Deserialize)]
pub(super) struct TimedOutput {
    output: ToolOutput,
    elapsed: Duration,
}

impl TimedOutput {
    fn new(output: &ToolOutput) -> Self {
        Self { output: output.clone(), elapsed: output.elapsed }
    }

    /// The output as it was.
    pub(super) fn output(self) -> ToolOutput {
        ToolOutput { elapsed: self.elapsed, ..self.output }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<R: Retriever> Retriever for Recorded<R> {
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
        let passages = self.part.retrieve(query);
        self.during(Input::Passages, value_of(query)?, passages, value_of).await
    }

    fn version(&self) -> u64 {
        let version = self.part.version();
        self.tell(Input::Version, Value::Null, &version);
        version
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<C: Cache> Cache for Recorded<C> {
    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        let bytes =
            |entry: &Option<Entry>| value_of(&entry.as_ref().map(|entry| STANDARD.encode(&entry.bytes)));
        self.during(Input::CacheEntry, json!(key.to_hex()), self.part.get(key), bytes).await
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<()> {
        self.part.put(key, entry).await
    }

    async fn remove(&self, key: &Key) -> Result<()> {
        self.part.remove(key).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: SessionStore> SessionStore for Recorded<S> {
    async fn load(&self, session: &str) -> Result<Vec<Message>> {
        let messages = self.part.load(session);
        self.during(Input::History, json!(session), messages, value_of).await
    }

    async fn append(&self, session: &str, messages: Vec<Message>) -> Result<()> {
        let asked = json!({"session": session, "messages": messages});
        self.during(Input::Remembered, asked, self.part.append(session, messages), value_of).await
    }

    async fn forget(&self, session: &str) -> Result<()> {
        self.part.forget(session).await
    }
}
