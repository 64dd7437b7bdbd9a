use std::path::Path;

use rushlight::{Message, ToolSpec};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::case::{Case, Expected, Gold, tool_name};
use super::dialect::tool_of;
use crate::evaluate::entries;
use crate::failure::Result;

/// Tools in each prompt.
const OFFERED: usize = 5;

#[derive(Deserialize)]
struct Tool {
    api_name: String,
    api_description: String,
    parameters: Map<String, Value>,
    required: Vec<String>,
}

#[derive(Deserialize)]
struct Question {
    query: String,
    calling: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    api: String,
    parameters: Map<String, Value>,
}

/// The questions of Seal-Tools (arXiv 2405.08355) that one call answers, each with the tool and its neighbours in the set,
/// which are of the same field.
pub(super) fn read(folder: &Path) -> Result<Vec<Case>> {
    let tools: Vec<Tool> = entries(folder, "tool.jsonl")?;
    let tools: Vec<ToolSpec> = tools
        .iter()
        .map(|tool| tool_of(&tool.api_name, &tool.api_description, &tool.parameters, &tool.required))
        .collect();
    let questions: Vec<Question> = entries(folder, "dev.jsonl")?;
    Ok(questions.into_iter().filter_map(|question| case(question, &tools)).collect())
}

fn case(question: Question, tools: &[ToolSpec]) -> Option<Case> {
    let [call] = &question.calling[..] else { return None };
    let name = tool_name(&call.api);
    let place = tools.iter().position(|tool| tool.name == name)?;
    let first = place.saturating_sub(OFFERED / 2).min(tools.len().saturating_sub(OFFERED));
    Some(Case {
        messages: vec![Message::user(question.query)],
        tools: tools.iter().skip(first).take(OFFERED).cloned().collect(),
        expected: Expected::Call(Gold::exactly(&call.api, call.parameters.clone())),
    })
}
