use std::collections::HashMap;
use std::sync::Arc;

use futures::TryStreamExt;
use serde_json::json;

use super::assistant::Parts;
use super::run::Run;
use super::tool::MAX_DEPTH;
use super::{Agent, Answer, Event, Request};
use crate::llm::ToolChoice;
use crate::message::{Message, ToolCall, ToolOutput, ToolSpec, ToolStatus};
use crate::tools::{LONGEST_NAME, ToolContext, check_name};
use crate::{Error, Result};

const PREFIX: &str = "transfer_to_";

/// Another agent, to which a conversation may be handed over.
#[derive(Debug, Clone)]
pub(super) struct HandOff {
    pub(super) to: String,
    pub(super) description: String,
    pub(super) spec: ToolSpec,
    pub(super) agent: Arc<dyn Agent>,
}

impl HandOff {
    pub(super) fn new(to: String, description: String, agent: Arc<dyn Agent>) -> Self {
        let parameters = json!({"type": "object", "properties": {}, "additionalProperties": false});
        let told = format!("Hands the conversation over to {to}: {description}");
        Self { spec: ToolSpec::new(format!("{PREFIX}{to}"), told, parameters), to, description, agent }
    }
}

/// Refuses names that no tool may have, or that two have.
pub(super) fn validate(parts: &Parts) -> Result<()> {
    const NAME: &str = "name of a hand-off";
    for (index, HandOff { to, .. }) in parts.hand_offs.iter().enumerate() {
        check_name(NAME, to, LONGEST_NAME - PREFIX.len())?;
        if parts.hand_offs[..index].iter().any(|earlier| earlier.to == *to) {
            return Err(Error::invalid(NAME, format!("expected names to be unique, got `{to}` twice")));
        }
    }
    Ok(())
}

/// The agents to which a run may hand over; none where many have already.
pub(super) fn open_to<'a>(parts: &'a Parts, context: &ToolContext) -> &'a [HandOff] {
    if context.depth < MAX_DEPTH { &parts.hand_offs } else { &[] }
}

/// The first of a turn's calls that hands over.
pub(super) fn chosen(open: &[HandOff], calls: &[ToolCall]) -> Option<HandOff> {
    let named = |call: &ToolCall| open.iter().find(|hand_off| hand_off.spec.name == call.name);
    calls.iter().find_map(named).cloned()
}

/// What becomes of the calls of a turn that hands over: none of them is run.
pub(super) fn outputs(hand_off: &HandOff, calls: &[ToolCall]) -> Vec<ToolOutput> {
    let mut is_done = false;
    let output = |call: &ToolCall| {
        if call.name == hand_off.spec.name && !std::mem::replace(&mut is_done, true) {
            return ToolOutput::new(call, ToolStatus::Success, format!("`{}` goes on", hand_off.to));
        }
        let content =
            format!("`{}` was not run: the conversation was handed over to `{}`", call.name, hand_off.to);
        ToolOutput::new(call, ToolStatus::Refused, content)
    };
    calls.iter().map(output).collect()
}

impl Run {
    /// Lets another agent answer, with what was said before, and hands its events on.
    pub(super) async fn hand_over(&mut self, hand_off: HandOff, said: Vec<Message>) -> Result<Answer> {
        self.emit(Event::HandedOff { to: hand_off.to.clone() }).await;
        let request = self.request_to_other(said);
        let mut events = hand_off.agent.run(request).await?;
        let mut ids = HashMap::new();
        while let Some(event) = events.try_next().await? {
            match event {
                Event::Done(answer) => return Ok(self.taken_over(hand_off.to, *answer)),
                Event::Text { text } => self.say(text).await,
                Event::ToolCall(call) => {
                    let own = self.with_unique_id(call.clone());
                    ids.insert(call.id, own.id.clone());
                    self.emit(Event::ToolCall(own)).await;
                }
                Event::ToolOutput(mut output) => {
                    output.call_id = ids.get(&output.call_id).cloned().unwrap_or(output.call_id);
                    self.emit(Event::ToolOutput(output)).await;
                }
                event => self.emit(event).await,
            }
        }
        Err(Error::Stopped { what: "the agent that took over" })
    }

    /// The same question. The session is this agent's own, and what it had to do about tools it has done.
    fn request_to_other(&self, said: Vec<Message>) -> Request {
        let asked = &self.request;
        let tool_choice = match asked.tool_choice {
            ToolChoice::None => ToolChoice::None,
            _ => ToolChoice::Auto,
        };
        Request {
            session: None,
            on_behalf_of: asked.session.clone().or_else(|| asked.on_behalf_of.clone()),
            history: said,
            deadline: self.time_left(),
            depth: asked.depth + 1,
            tool_choice,
            resumed: None,
            ..asked.clone()
        }
    }

    /// The answer of the other agent as that of this run.
    fn taken_over(&mut self, to: String, mut answer: Answer) -> Answer {
        self.count_other(&mut answer);
        answer.answered_by.get_or_insert(to);
        answer
    }
}
