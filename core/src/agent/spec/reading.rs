//! From a file to a spec whose keys are known and whose values are in their ranges.

use std::path::Path;
use std::{env, fs};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::AgentSpec;
use crate::agent::Limits;
use crate::llm::Sampling;
use crate::tools::ToolPolicy;
use crate::{Error, Result};

/// What a spec that is no file is called in errors.
const SPEC: &str = "agent spec";
/// The environment variable that comes in the place of a file's model.
const MODEL: &str = "RUSHLIGHT_MODEL";
/// The fields that name a model or a path of one.
const MODELS: [&str; 2] = ["/model", "/model_options/draft_model"];

pub(super) fn load(path: &Path) -> Result<AgentSpec> {
    let what = format!("`{}`", path.display());
    let parse = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => toml_value,
        Some("json") => json_value,
        _ => return Err(Error::invalid(what, "expected a name that ends in `.toml` or `.json`")),
    };
    let text = fs::read_to_string(path).map_err(|error| Error::io("read", path, error))?;
    let mut value = parse(&what, &text)?;
    resolve(&mut value, path.parent().unwrap_or(Path::new("")));
    let mut spec = checked(&what, &value)?;
    if let Some(model) = env::var(MODEL).ok().filter(|model| !model.is_empty()) {
        spec.model = Some(model);
    }
    Ok(spec)
}

pub(super) fn from_toml(text: &str) -> Result<AgentSpec> {
    checked(SPEC, &toml_value(SPEC, text)?)
}

pub(super) fn from_json(text: &str) -> Result<AgentSpec> {
    checked(SPEC, &json_value(SPEC, text)?)
}

fn toml_value(what: &str, text: &str) -> Result<Value> {
    let value = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or(text);
        let line = 1 + before.matches('\n').count();
        Error::invalid(what, format!("{} at line {line}", error.message()))
    })?;
    // TOML has no null: it stands where JSON has no number.
    match path_of(&value, usize::MAX, Value::is_null) {
        Some(path) => Err(wrong(what, &path, "expected a finite number")),
        None => Ok(value),
    }
}

fn json_value(what: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::invalid(what, error.to_string()))
}

/// The path of the first value that is `sought`, at most so many levels down.
fn path_of(value: &Value, levels: usize, sought: fn(&Value) -> bool) -> Option<String> {
    if sought(value) {
        return Some(String::new());
    }
    let levels = levels.checked_sub(1)?;
    match value {
        Value::Array(items) => items.iter().find_map(|item| path_of(item, levels, sought)),
        Value::Object(fields) => fields
            .iter()
            .find_map(|(name, field)| path_of(field, levels, sought).map(|path| below(name, &path))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Lets relative paths of models begin at this folder.
fn resolve(value: &mut Value, folder: &Path) {
    for place in MODELS {
        let Some(Value::String(name)) = value.pointer_mut(place) else { continue };
        let path = folder.join(name.as_str());
        let is_file = path.extension().is_some_and(|extension| extension == "gguf");
        if name.contains(['/', '\\']) || is_file || (!name.is_empty() && path.exists()) {
            *name = path.to_string_lossy().into_owned();
        }
    }
}

fn checked(what: &str, value: &Value) -> Result<AgentSpec> {
    let spec: AgentSpec = read(what, "", value)?;
    // A list of values would be taken for the fields of a struct, in their order.
    if let Some(path) = path_of(value, 2, Value::is_array) {
        return Err(wrong(what, &path, "invalid type: sequence, expected a map"));
    }
    check_ranges(what, "", &spec)?;
    for (name, policy) in &spec.tools {
        read::<ToolPolicy>(what, &format!("tools.{name}"), &Value::Object(policy.clone()))?;
    }
    for (name, profile) in &spec.profiles {
        let at = format!("profiles.{name}");
        read::<Sampling>(what, &below(&at, "sampling"), &Value::Object(profile.sampling.clone()))?;
        read::<Limits>(what, &below(&at, "limits"), &Value::Object(profile.limits.clone()))?;
        check_ranges(what, &at, &spec.profile(name)?)?;
    }
    Ok(spec)
}

fn check_ranges(what: &str, at: &str, spec: &AgentSpec) -> Result<()> {
    let placed = |options: &str, error| match error {
        Error::Invalid { what: option, message } => {
            wrong(what, &below(&below(at, options), &option), &message)
        }
        other => other,
    };
    spec.sampling.validate().map_err(|error| placed("sampling", error))?;
    spec.limits.validate().map_err(|error| placed("limits", error))
}

/// What a value says, or what is wrong in it and where.
fn read<T: DeserializeOwned>(what: &str, at: &str, value: &Value) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inside = error.path().to_string();
        let path = below(at, if inside == "." { "" } else { &inside });
        wrong(what, &path, &error.inner().to_string())
    })
}

/// The error about the value at a path.
fn wrong(what: &str, path: &str, message: &str) -> Error {
    Error::invalid(what, if path.is_empty() { message.to_owned() } else { format!("`{path}`: {message}") })
}

/// The path of a key below another one.
fn below(at: &str, key: &str) -> String {
    match (at, key) {
        ("", path) | (path, "") => path.to_owned(),
        (at, key) => format!("{at}.{key}"),
    }
}
