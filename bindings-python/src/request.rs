use std::collections::BTreeSet;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};
use rushlight::{Message, Request, ToolChoice};

use crate::answer::PendingRun;
use crate::approval::decision;
use crate::convert::{Json, duration, filter, from_name};
use crate::error::{invalid, raised};

/// What a run begins with.
#[derive(FromPyObject)]
pub(crate) enum Question {
    Text(String),
    Pending(Py<PendingRun>),
}

/// A request from keyword arguments; None is as good as none.
pub(crate) fn request(question: Question, options: Option<&Bound<'_, PyDict>>) -> PyResult<Request> {
    match question {
        Question::Text(question) => asked(question, options),
        Question::Pending(run) => going_on(run.get().core.clone(), options),
    }
}

/// A run that goes on.
fn going_on(run: rushlight::PendingRun, options: Option<&Bound<'_, PyDict>>) -> PyResult<Request> {
    let mut decisions = Vec::new();
    for (name, value) in options.into_iter().flatten() {
        let name: String = name.extract()?;
        if name != "decisions" {
            let message = format!(
                "unexpected argument `{name}`: a run that goes on has the options that it began with"
            );
            return Err(PyTypeError::new_err(message));
        }
        for item in value.cast::<PyMapping>()?.items()? {
            let (id, said): (String, Bound<'_, PyAny>) = item.extract()?;
            decisions.push((id, decision(&said)?));
        }
    }
    run.decide(decisions).map_err(raised)
}

fn asked(question: String, options: Option<&Bound<'_, PyDict>>) -> PyResult<Request> {
    let mut request = Request::new(question);
    for (name, value) in options.into_iter().flatten() {
        let name: String = name.extract()?;
        match name.as_str() {
            _ if value.is_none() => {}
            "session" => request.session = Some(value.extract()?),
            "history" => request.history = history(value.extract()?)?,
            "priority" => request.priority = from_name("priority", value.extract()?)?,
            "filter" => request.filter = Some(filter(value.extract()?)?),
            "schema" => request.schema = Some(value.extract::<Json>()?.0),
            "scopes" => request.scopes = scopes(&value)?,
            "dry_run" => request.dry_run = value.extract()?,
            "tool_choice" => request.tool_choice = tool_choice(value.extract()?)?,
            "parallel_calls" => request.parallel_calls = value.extract()?,
            "call_threshold" => request.call_threshold = value.extract()?,
            "citing" => request.citing = from_name("citing", value.extract()?)?,
            "deadline" => request.deadline = Some(duration("deadline", value.extract()?)?),
            _ => return Err(PyTypeError::new_err(format!("unknown argument `{name}` of a run"))),
        }
    }
    Ok(request)
}

/// Messages from dicts.
fn history(Json(given): Json) -> PyResult<Vec<Message>> {
    serde_json::from_value(given).map_err(|error| invalid("history", error.to_string()))
}

/// A choice by its name, or the tool that is to be called as `{"named": NAME}`.
fn tool_choice(Json(given): Json) -> PyResult<ToolChoice> {
    serde_json::from_value(given).map_err(|error| invalid("tool_choice", error.to_string()))
}

/// Names of scopes; a str is one name, not a collection of letters.
pub(crate) fn scopes(given: &Bound<'_, PyAny>) -> PyResult<BTreeSet<String>> {
    if given.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("expected a list of names as `scopes`, got a str"));
    }
    given.try_iter()?.map(|scope| scope?.extract()).collect()
}

pub(crate) fn attached_request(question: Question, options: Option<&Py<PyDict>>) -> PyResult<Request> {
    Python::attach(|py| request(question, options.map(|given| given.bind(py))))
}

/// The requests of a batch: each a question, or a mapping with a question and its options.
pub(crate) fn requests_of(given: &Bound<'_, PyAny>) -> PyResult<Vec<Request>> {
    if given.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("expected a list of questions, got a str"));
    }
    given.try_iter()?.map(|item| request_of(&item?)).collect()
}

fn request_of(item: &Bound<'_, PyAny>) -> PyResult<Request> {
    if item.is_instance_of::<PyString>() {
        return asked(item.extract()?, None);
    }
    let options = PyDict::new(item.py());
    options.update(item.cast::<PyMapping>()?)?;
    let question = options.get_item("question")?;
    let question = question.ok_or_else(|| invalid("request", "expected a `question`, got none"))?;
    options.del_item("question")?;
    asked(question.extract()?, Some(&options))
}
