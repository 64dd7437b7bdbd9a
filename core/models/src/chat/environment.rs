use std::fmt::Write;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State};

use super::python;

/// Rendering ends with an error after this many instructions, so that a hostile template cannot hang.
const FUEL: u64 = 50_000_000;

/// Jinja as `transformers` sets it up: Jinja2's white-space rules, Python's methods and texts of values.
pub(super) fn python() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the default ones"));
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.set_formatter(format);
    environment.add_filter("tojson", |value: Value, options: Kwargs| to_json(&value, &options));
    environment.add_filter("string", |value: Value| python::display(&value));
    environment.add_test("iterable", |value: Value| !value.is_none() && value.try_iter().is_ok());
    environment.add_test("sequence", |value: Value| {
        value.is_undefined() || matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::String)
    });
    environment.add_function("raise_exception", raise_exception);
    environment.add_function("strftime_now", strftime_now);
    environment
}

/// The template's own message, with the line where it was raised.
pub(super) fn message(error: &Error) -> String {
    let mut message = match error.detail() {
        Some(detail) if error.kind() == ErrorKind::InvalidOperation => detail.to_owned(),
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    if let Some(line) = error.line() {
        let _ = write!(message, " (line {line})");
    }
    message
}

fn format(output: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let written = match value.as_str() {
        Some(text) => output.write_str(text),
        None => output.write_str(&python::display(value)),
    };
    written.map_err(Error::from)
}

fn to_json(value: &Value, options: &Kwargs) -> Result<String, Error> {
    let indent: Option<Value> = options.get("indent")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    let style = python::JsonStyle {
        indent: match indent {
            None => None,
            Some(value) if value.is_none() => None,
            Some(value) if value.kind() == ValueKind::String => value.as_str().map(str::to_owned),
            Some(value) => Some(" ".repeat(usize::try_from(value)?.min(64))),
        },
        separators: match separators.as_deref() {
            None => None,
            Some([item, key]) => Some([item.clone(), key.clone()]),
            Some(other) => {
                let found = format!("tojson needs 2 separators, got {}", other.len());
                return Err(Error::new(ErrorKind::InvalidOperation, found));
            }
        },
        ensure_ascii: options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
        sort_keys: options.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
    };
    options.assert_all_used()?;
    python::to_json(value, &style)
}

fn raise_exception(message: &str) -> Result<String, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message.to_owned()))
}

fn strftime_now(format: &str) -> Result<String, Error> {
    let failed = |error: jiff::Error| Error::new(ErrorKind::InvalidOperation, error.to_string());
    jiff::fmt::strtime::format(format, &jiff::Zoned::now()).map_err(failed)
}

#[cfg(test)]
mod tests;
