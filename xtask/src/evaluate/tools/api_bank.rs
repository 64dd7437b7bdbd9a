use std::path::Path;

use rushlight::{Message, Role, ToolCall, ToolSpec};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::case::{Case, Expected, Gold, tool_name};
use super::dialect::tool_of;
use crate::evaluate::entries;
use crate::failure::Result;

/// Tools in each prompt, at least.
const OFFERED: usize = 4;
/// Dialogues in which the model is told of its tools; in others it has to search them.
const SET: &str = "level-1-given-desc";

#[derive(Deserialize)]
struct Api {
    name: String,
    description: String,
    input_parameters: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Dialogue {
    set: String,
    turns: Vec<Turn>,
}

#[derive(Deserialize)]
#[serde(tag = "role")]
enum Turn {
    User {
        text: String,
    },
    #[serde(rename = "AI")]
    Assistant {
        text: String,
    },
    #[serde(rename = "API")]
    Call {
        api_name: String,
        param_dict: Map<String, Value>,
        result: Value,
    },
}

/// A case for every call in the dialogues of API-Bank (arXiv 2304.08244), after what was said and called before it.
pub(super) fn read(folder: &Path) -> Result<Vec<Case>> {
    let apis: Vec<Api> = entries(folder, "apis.jsonl")?;
    let tools: Vec<ToolSpec> = apis.iter().map(offered).collect();
    let dialogues: Vec<Dialogue> = entries(folder, "dialogues.jsonl")?;
    let described = dialogues.iter().filter(|dialogue| dialogue.set == SET);
    Ok(described.flat_map(|dialogue| cases(&dialogue.turns, &tools)).collect())
}

fn offered(api: &Api) -> ToolSpec {
    let parameters = api.input_parameters.clone().unwrap_or_default();
    let required: Vec<String> = parameters.keys().cloned().collect();
    tool_of(&api.name, &api.description, &parameters, &required)
}

fn cases(turns: &[Turn], tools: &[ToolSpec]) -> Vec<Case> {
    let tools = of_dialogue(turns, tools);
    let (mut messages, mut cases) = (Vec::new(), Vec::new());
    for turn in turns {
        match turn {
            Turn::User { text } => messages.push(Message::user(text)),
            Turn::Assistant { text } => messages.push(Message::assistant(text, Vec::new())),
            Turn::Call { api_name, param_dict, result } => {
                let gold = Gold::exactly(api_name, param_dict.clone());
                if tools.iter().any(|tool| tool.name == gold.name) {
                    cases.push(case(&messages, &tools, gold));
                }
                let call = ToolCall::new(
                    format!("call_{}", messages.len()),
                    tool_name(api_name),
                    param_dict.clone().into(),
                );
                let mut output = Message::user(result["output"].to_string());
                output.role = Role::Tool;
                output.tool_call_id = Some(call.id.clone());
                messages.push(Message::assistant("", vec![call]));
                messages.push(output);
            }
        }
    }
    cases
}

/// What the assistant said right before the call goes with the call.
fn case(messages: &[Message], tools: &[ToolSpec], gold: Gold) -> Case {
    let mut messages = messages.to_vec();
    if messages.last().is_some_and(|last| last.role == Role::Assistant) {
        messages.pop();
    }
    Case { messages, tools: tools.to_vec(), expected: Expected::Call(gold) }
}

/// The tools that the dialogue calls, and others up to the number that is offered, in the order of the set.
fn of_dialogue(turns: &[Turn], tools: &[ToolSpec]) -> Vec<ToolSpec> {
    let is_called = |tool: &ToolSpec| {
        turns
            .iter()
            .any(|turn| matches!(turn, Turn::Call { api_name, .. } if tool_name(api_name) == tool.name))
    };
    let called = tools.iter().filter(|tool| is_called(tool)).count();
    let mut others = OFFERED.saturating_sub(called);
    let is_offered = |tool: &&ToolSpec| {
        let is_other = !is_called(tool) && others > 0;
        others -= usize::from(is_other);
        is_called(tool) || is_other
    };
    tools.iter().filter(is_offered).cloned().collect()
}
