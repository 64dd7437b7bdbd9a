use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Limits;
use super::assistant::Parts;
use crate::Result;
use crate::cache::SingleFlight;
use crate::layer::{Journal, Replay};
use crate::llm::Sampling;

/// What an assistant is beside its parts, as its journal has it, and which parts it has.
#[derive(Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each part is there or not")]
struct About {
    instructions: String,
    sampling: Sampling,
    limits: Limits,
    cache_tool_answers: bool,
    retriever: bool,
    tools: bool,
    cache: bool,
    sessions: bool,
}

/// The same parts, and a journal of what they tell.
pub(super) fn recorded(parts: Parts, path: &Path) -> Result<Parts> {
    let about = About {
        instructions: parts.instructions.clone(),
        sampling: parts.sampling.clone(),
        limits: parts.limits.clone(),
        cache_tool_answers: parts.cache_tool_answers,
        retriever: parts.retriever.is_some(),
        tools: parts.tools.is_some(),
        cache: parts.cache.is_some(),
        sessions: parts.sessions.is_some(),
    };
    let journal = Journal::create(path, &*parts.llm, &about)?;
    Ok(Parts {
        llm: Arc::new(journal.record(parts.llm)),
        retriever: parts.retriever.map(|part| Arc::new(journal.record(part)) as _),
        tools: parts.tools.map(|part| Arc::new(journal.record(part)) as _),
        cache: parts.cache.map(|part| Arc::new(journal.record(part)) as _),
        sessions: parts.sessions.map(|part| Arc::new(journal.record(part)) as _),
        ..parts
    })
}

/// Parts that tell what a journal has.
pub(super) fn replayed(path: &Path) -> Result<Parts> {
    let replay = Arc::new(Replay::open(path)?);
    let about: About = replay.about()?;
    Ok(Parts {
        llm: Arc::clone(&replay) as _,
        instructions: about.instructions,
        retriever: about.retriever.then(|| Arc::clone(&replay) as _),
        tools: about.tools.then(|| Arc::clone(&replay) as _),
        cache: about.cache.then(|| Arc::clone(&replay) as _),
        sessions: about.sessions.then(|| Arc::clone(&replay) as _),
        sampling: about.sampling,
        limits: about.limits,
        cache_tool_answers: about.cache_tool_answers,
        flights: SingleFlight::new(),
    })
}
