use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::assistant::Parts;
use super::hand_off::HandOff;
use super::{Agent, Event, EventStream, Limits, Request};
use crate::Result;
use crate::cache::SingleFlight;
use crate::layer::{Journal, Pending, Replay, value_of};
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
    /// Names and descriptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hand_offs: Vec<(String, String)>,
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
        hand_offs: parts
            .hand_offs
            .iter()
            .map(|other| (other.to.clone(), other.description.clone()))
            .collect(),
    };
    let journal = Journal::create(path, &*parts.llm, &about)?;
    let recorded = |other: HandOff| {
        let agent = RecordedAgent { name: other.to.clone(), agent: other.agent, journal: journal.clone() };
        HandOff::new(other.to, other.description, Arc::new(agent))
    };
    Ok(Parts {
        hand_offs: parts.hand_offs.into_iter().map(recorded).collect(),
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
    let replayed = |(name, description): (String, String)| {
        let agent = ReplayedAgent { name: name.clone(), replay: Arc::clone(&replay) };
        HandOff::new(name, description, Arc::new(agent))
    };
    Ok(Parts {
        hand_offs: about.hand_offs.into_iter().map(replayed).collect(),
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
        tool_metrics: None,
    })
}

/// An agent that takes over, and a journal of its events.
#[derive(Debug)]
struct RecordedAgent {
    name: String,
    agent: Arc<dyn Agent>,
    journal: Journal,
}

#[async_trait]
impl Agent for RecordedAgent {
    async fn run(&self, request: Request) -> Result<EventStream> {
        let mut pending = self.journal.begin_events(asked(&self.name, &request)?);
        match self.agent.run(request).await {
            Ok(events) => Ok(events.map(move |event| note(&mut pending, event)).boxed()),
            Err(error) => {
                pending.fail(&error)?;
                Err(error)
            }
        }
    }
}

/// What it told, again.
#[derive(Debug)]
struct ReplayedAgent {
    name: String,
    replay: Arc<Replay>,
}

#[async_trait]
impl Agent for ReplayedAgent {
    async fn run(&self, request: Request) -> Result<EventStream> {
        let (events, failed) = self.replay.events::<Event>(&asked(&self.name, &request)?)?;
        let items: Vec<Result<Event>> = events.into_iter().map(Ok).chain(failed.map(Err)).collect();
        Ok(stream::iter(items).boxed())
    }
}

/// What an agent is asked, as the journal has it: without the time that is left, which is never the same.
fn asked(name: &str, request: &Request) -> Result<Value> {
    let request = Request { deadline: None, ..request.clone() };
    Ok(json!({"to": name, "request": value_of(&request)?}))
}

fn note(pending: &mut Pending, event: Result<Event>) -> Result<Event> {
    match &event {
        Ok(told) => pending.piece(value_of(told)?),
        Err(error) => pending.fail(error)?,
    }
    if let Ok(Event::Done(_)) = event {
        pending.end()?;
    }
    event
}
