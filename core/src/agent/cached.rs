use super::assistant::Parts;
use super::{Answer, Request};
use crate::Result;
use crate::cache::{Entry, Key};
use crate::llm::FinishReason;
use crate::message::{Message, ToolSpec, Usage};
use crate::observe::Report;

/// The key of the answer to `request`: everything that the answer depends on.
pub(super) fn key(parts: &Parts, request: &Request, history: &[Message], specs: &[ToolSpec]) -> Result<Key> {
    let limits = &parts.limits;
    let numbers = [
        limits.max_turns,
        limits.max_tool_calls,
        limits.max_output_tokens,
        limits.max_context_tokens,
        limits.max_passages,
    ];
    let version = parts.retriever.as_ref().map(|retriever| retriever.version());
    Ok(Key::builder("answer/1")
        .question(&request.question)
        .part("model", parts.llm.name())
        .part("instructions", &parts.instructions)
        .part("tools", json(&specs)?)
        .part("scopes", json(&request.scopes)?)
        .part("dry_run", json(&request.dry_run)?)
        .part("tool_choice", json(&request.tool_choice)?)
        .part("parallel_calls", json(&request.parallel_calls)?)
        .part("call_threshold", json(&request.call_threshold)?)
        .part("citing", json(&request.citing)?)
        .part("sampling", json(&parts.sampling)?)
        .part("limits", json(&numbers)?)
        .part("history", json(&history)?)
        .part("documents", json(&version)?)
        .part("filter", json(&request.filter)?)
        .part("depth", json(&request.depth)?)
        .part("schema", json(&request.schema)?)
        .finish())
}

/// Whether an answer is worth keeping: it is whole and says something.
pub(super) fn is_complete(answer: &Answer) -> bool {
    answer.finish_reason == FinishReason::Stop && !answer.text.is_empty()
}

/// What is stored for an answer.
pub(super) fn encode(answer: &Answer) -> Result<Entry> {
    Ok(Entry::new(json(answer)?))
}

/// The stored answer as the outcome of a run that computed nothing; none if the entry is of another format.
pub(super) fn decode(entry: &Entry) -> Option<Answer> {
    let answer: Answer = serde_json::from_slice(&entry.bytes).ok()?;
    Some(Answer { cached: true, usage: Usage::default(), report: Report::default(), ..answer })
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|error| crate::Error::Foreign { what: "the cache".to_owned(), source: error.into() })
}
