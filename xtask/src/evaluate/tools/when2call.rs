use std::path::Path;

use rushlight::{Message, ToolSpec};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::case::{Case, Expected, Gold};
use super::dialect::tool;
use crate::evaluate::entries;
use crate::failure::{Failure, Result};

#[derive(Deserialize)]
struct Question {
    question: String,
    correct_answer: String,
    answers: Answers,
    /// JSON, as text.
    tools: Vec<String>,
}

#[derive(Deserialize)]
struct Answers {
    /// JSON, as text.
    tool_call: String,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    description: String,
    parameters: Value,
}

#[derive(Deserialize)]
struct Call {
    name: String,
    arguments: Map<String, Value>,
}

/// The cases of `When2Call` (arXiv 2504.18851) that offer tools: in some a call is right, in others the model has to ask for
/// what is missing.
pub(super) fn read(folder: &Path) -> Result<Vec<Case>> {
    let questions: Vec<Question> = entries(folder, "when2call.jsonl")?;
    questions.into_iter().filter(|question| !question.tools.is_empty()).map(case).collect()
}

fn case(question: Question) -> Result<Case> {
    let tools: Result<Vec<ToolSpec>> = question.tools.iter().map(|text| offered(text)).collect();
    let expected = if question.correct_answer == "tool_call" {
        let call: Call = json(&question.answers.tool_call)?;
        Expected::Call(Gold::exactly(&call.name, call.arguments))
    } else {
        Expected::Text
    };
    Ok(Case { messages: vec![Message::user(question.question)], tools: tools?, expected })
}

fn offered(text: &str) -> Result<ToolSpec> {
    let function: Function = json(text)?;
    Ok(tool(&function.name, &function.description, &function.parameters))
}

fn json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Failure::new(format!("`{text}` is not as expected: {error}")))
}
