use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use rushlight::Message;
use serde::Deserialize;
use serde_json::Value;

use super::case::{Case, Expected, Gold, tool_name};
use super::dialect::tool;
use crate::evaluate::entries;
use crate::failure::{Failure, Result};

#[derive(Deserialize)]
struct Question {
    id: String,
    /// The messages of each turn.
    question: Vec<Vec<Message>>,
    function: Vec<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    description: String,
    parameters: Value,
}

#[derive(Deserialize)]
struct Answer {
    id: String,
    ground_truth: Vec<BTreeMap<String, BTreeMap<String, Vec<Value>>>>,
}

/// The cases of one file of the Berkeley Function-Calling Leaderboard; without a file of answers, none is to be called.
pub(super) fn read(folder: &Path, name: &str) -> Result<Vec<Case>> {
    let answers = folder.join("possible_answer");
    let right = if answers.join(name).is_file() { Some(right_calls(&answers, name)?) } else { None };
    let questions: Vec<Question> = entries(folder, name)?;
    questions.into_iter().map(|question| case(question, right.as_ref())).collect()
}

fn right_calls(folder: &Path, name: &str) -> Result<HashMap<String, Gold>> {
    let answers: Vec<Answer> = entries(folder, name)?;
    let only = |answer: Answer| {
        let (name, arguments) = answer.ground_truth.into_iter().next()?.into_iter().next()?;
        Some((answer.id, Gold { name: tool_name(&name), arguments }))
    };
    Ok(answers.into_iter().filter_map(only).collect())
}

fn case(question: Question, right: Option<&HashMap<String, Gold>>) -> Result<Case> {
    let expected = match right {
        None => Expected::Text,
        Some(right) => {
            let gold = right.get(&question.id);
            let missing = || Failure::new(format!("there is no answer to `{}`", question.id));
            Expected::Call(gold.cloned().ok_or_else(missing)?)
        }
    };
    let tools = question.function.iter();
    Ok(Case {
        messages: question.question.into_iter().next().unwrap_or_default(),
        tools: tools
            .map(|function| tool(&function.name, &function.description, &function.parameters))
            .collect(),
        expected,
    })
}
