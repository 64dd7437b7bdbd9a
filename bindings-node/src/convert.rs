use std::time::Duration;

use rushlight::{Answer, Error, Event, Report, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The JSON text of a value.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::invalid("value", error.to_string()))
}

/// The value that `json` describes; `what` names it in the error.
pub(crate) fn from_json<T: DeserializeOwned>(what: &str, json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| Error::invalid(what, without_position(&error)))
}

/// As [`from_json`], for options whose core fields `durations` JavaScript gives in milliseconds, as `nameMs`;
/// errors call them as JavaScript does.
pub(crate) fn options_from_json<T: DeserializeOwned>(
    what: &str,
    json: &str,
    durations: &[&str],
) -> Result<T> {
    let mut fields: Map<String, Value> = from_json(what, json)?;
    for name in durations {
        if let Some(value) = fields.remove(&format!("{name}_ms")) {
            let milliseconds = value.as_f64().filter(|number| *number >= 0.0).ok_or_else(|| {
                let message = format!("`{name}`: expected milliseconds from 0 on, got {value}");
                Error::invalid(what, in_javascript(&message, durations))
            })?;
            let duration = Duration::try_from_secs_f64(milliseconds / 1000.0).map_err(|error| {
                Error::invalid(what, in_javascript(&format!("`{name}`: {error}"), durations))
            })?;
            fields.insert(
                (*name).to_owned(),
                json!({ "secs": duration.as_secs(), "nanos": duration.subsec_nanos() }),
            );
        }
    }
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| Error::invalid(what, in_javascript(&error.to_string(), durations)))
}

/// A duration from milliseconds; `what` names it in the error.
pub(crate) fn duration(what: &str, milliseconds: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(milliseconds / 1000.0)
        .map_err(|error| Error::invalid(what, error.to_string()))
}

/// A message whose names in backticks are those of the core, with those of JavaScript.
fn in_javascript(message: &str, durations: &[&str]) -> String {
    let names = message.split('`').enumerate().map(|(index, part)| {
        if index % 2 == 0 {
            return part.to_owned();
        }
        let mut words = part.split('_');
        let mut name = words.next().unwrap_or_default().to_owned();
        for word in words {
            let mut letters = word.chars();
            name.extend(letters.next().into_iter().flat_map(char::to_uppercase).chain(letters));
        }
        if durations.contains(&part) { name + "Ms" } else { name }
    });
    names.collect::<Vec<_>>().join("`")
}

/// The JSON text of an event, with the times that its JSON form leaves out.
pub(crate) fn event_to_json(event: &Event) -> Result<String> {
    let mut value = to_value(event)?;
    match event {
        Event::ToolOutput(output) => value["elapsed_ms"] = json!(milliseconds(output.elapsed)),
        Event::Done(answer) => value["report"] = report(answer)?,
        _ => {}
    }
    to_json(&value)
}

/// The JSON text of an answer, with its report.
pub(crate) fn answer_to_json(answer: &Answer) -> Result<String> {
    to_json(&answer_to_value(answer)?)
}

fn answer_to_value(answer: &Answer) -> Result<Value> {
    let mut value = to_value(answer)?;
    value["report"] = report(answer)?;
    Ok(value)
}

/// The JSON text of the answers to several requests: each with its report, or an error as `to_js` describes it.
pub(crate) fn outcomes_to_json(outcomes: &[Result<Answer>]) -> Result<String> {
    let outcome = |outcome: &Result<Answer>| match outcome {
        Ok(answer) => Ok(json!({ "answer": answer_to_value(answer)? })),
        Err(error) => Ok(json!({ "error": {
            "code": error.kind().as_str(), "message": error.chain(), "retryable": error.is_retryable(),
        } })),
    };
    to_json(&outcomes.iter().map(outcome).collect::<Result<Vec<Value>>>()?)
}

/// The times and counts of a run as JavaScript has them.
#[derive(Serialize, Deserialize)]
struct ReportForm {
    first_token_ms: Option<f64>,
    total_ms: f64,
    retrieval_ms: f64,
    generation_ms: f64,
    decoding_ms: f64,
    tools_ms: f64,
    reading_ms: f64,
    #[serde(skip_deserializing)]
    overhead_ms: f64,
    turns: usize,
    tool_calls: usize,
    call_probability: Option<f32>,
    tokens_per_second: Option<f64>,
    cost: Option<f64>,
}

fn report(answer: &Answer) -> Result<Value> {
    let report = &answer.report;
    to_value(&ReportForm {
        first_token_ms: report.first_token.map(milliseconds),
        total_ms: milliseconds(report.total),
        retrieval_ms: milliseconds(report.retrieval),
        generation_ms: milliseconds(report.generation),
        decoding_ms: milliseconds(report.decoding),
        tools_ms: milliseconds(report.tools),
        reading_ms: milliseconds(report.reading),
        overhead_ms: milliseconds(report.overhead()),
        turns: report.turns,
        tool_calls: report.tool_calls,
        call_probability: report.call_probability,
        tokens_per_second: report.tokens_per_second,
        cost: report.cost,
    })
}

/// The report of an answer that JavaScript gives back.
pub(crate) fn report_from_json(json: &str) -> Result<Report> {
    let form: ReportForm = from_json("report", json)?;
    let time = |milliseconds| duration("report", milliseconds);
    let mut report = Report::default();
    report.first_token = form.first_token_ms.map(time).transpose()?;
    report.total = time(form.total_ms)?;
    report.retrieval = time(form.retrieval_ms)?;
    report.generation = time(form.generation_ms)?;
    report.decoding = time(form.decoding_ms)?;
    report.tools = time(form.tools_ms)?;
    report.reading = time(form.reading_ms)?;
    report.turns = form.turns;
    report.tool_calls = form.tool_calls;
    report.call_probability = form.call_probability;
    report.tokens_per_second = form.tokens_per_second;
    report.cost = form.cost;
    Ok(report)
}

fn to_value<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| Error::invalid("value", error.to_string()))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Line and column point into text that the caller never saw.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
