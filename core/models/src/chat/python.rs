//! Values as Python writes them.

use std::fmt::Write;

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};

/// Values nest at most this deep.
const MAX_DEPTH: usize = 128;

/// `str(value)`.
pub(super) fn display(value: &Value) -> String {
    if let Some(text) = value.as_str() {
        return text.to_owned();
    }
    if value.is_undefined() {
        return String::new();
    }
    let mut text = String::new();
    represent(value, &mut text, 0);
    text
}

/// `repr(value)`.
fn represent(value: &Value, text: &mut String, depth: usize) {
    if depth > MAX_DEPTH {
        text.push_str("...");
        return;
    }
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => text.push_str("None"),
        ValueKind::Bool => text.push_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::Number => number(value, text),
        ValueKind::String => quoted(value.as_str().unwrap_or_default(), text),
        ValueKind::Seq | ValueKind::Iterable => {
            let [open, close] = if value.is_tuple() { ["(", ")"] } else { ["[", "]"] };
            text.push_str(open);
            for (index, item) in value.try_iter().into_iter().flatten().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                represent(&item, text, depth + 1);
            }
            text.push_str(close);
        }
        ValueKind::Map => {
            text.push('{');
            for (index, key) in value.try_iter().into_iter().flatten().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                represent(&key, text, depth + 1);
                text.push_str(": ");
                represent(&value.get_item(&key).unwrap_or_default(), text, depth + 1);
            }
            text.push('}');
        }
        _ => text.push_str(&value.to_string()),
    }
}

fn number(value: &Value, text: &mut String) {
    match f64::try_from(value.clone()) {
        Ok(float) if !value.is_integer() => python_float(float, text),
        _ => text.push_str(&value.to_string()),
    }
}

/// The shortest digits that give the same float, with an exponent below 1e-4 and from 1e16 on.
fn python_float(float: f64, text: &mut String) {
    if !float.is_finite() {
        text.push_str(if float.is_nan() {
            "nan"
        } else if float > 0.0 {
            "inf"
        } else {
            "-inf"
        });
        return;
    }
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if float != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(text, "{digits}e{sign}{:02}", exponent.abs());
    } else {
        let _ = write!(text, "{float:?}");
    }
}

fn quoted(string: &str, text: &mut String) {
    let quote = if string.contains('\'') && !string.contains('"') { '"' } else { '\'' };
    text.push(quote);
    for character in string.chars() {
        match character {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\\' => text.push_str("\\\\"),
            c if c == quote => text.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(text, "\\x{:02x}", c as u32);
            }
            c => text.push(c),
        }
    }
    text.push(quote);
}

/// The options of Python's `json.dumps`.
#[derive(Debug, Default)]
pub(super) struct JsonStyle {
    pub(super) indent: Option<String>,
    /// Between items, and between key and value; by default `", "` (`","` with an indent) and `": "`.
    pub(super) separators: Option<[String; 2]>,
    pub(super) ensure_ascii: bool,
    pub(super) sort_keys: bool,
}

/// `json.dumps(value)`.
pub(super) fn to_json(value: &Value, style: &JsonStyle) -> Result<String, Error> {
    let [item, key] = match &style.separators {
        Some([item, key]) => [item.as_str(), key.as_str()],
        None if style.indent.is_some() => [",", ": "],
        None => [", ", ": "],
    };
    let mut writer = JsonWriter { style, item, key, text: String::new() };
    writer.value(value, 0)?;
    Ok(writer.text)
}

struct JsonWriter<'a> {
    style: &'a JsonStyle,
    item: &'a str,
    key: &'a str,
    text: String,
}

impl JsonWriter<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(Error::new(ErrorKind::BadSerialization, "the value is nested too deeply"));
        }
        match value.kind() {
            ValueKind::None => self.text.push_str("null"),
            ValueKind::Bool => self.text.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => number(value, &mut self.text),
            ValueKind::String => self.string(value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => {
                let items: Vec<Value> = value.try_iter()?.collect();
                self.sequence(['[', ']'], items.len(), depth, |writer, index| {
                    writer.value(&items[index], depth + 1)
                })?;
            }
            ValueKind::Map => {
                let mut keys: Vec<Value> = value.try_iter()?.collect();
                if self.style.sort_keys {
                    keys.sort();
                }
                self.sequence(['{', '}'], keys.len(), depth, |writer, index| {
                    writer.string(&display(&keys[index]));
                    writer.text.push_str(writer.key);
                    writer.value(&value.get_item(&keys[index])?, depth + 1)
                })?;
            }
            other => {
                let message = format!("a value of type {other} is not JSON");
                return Err(Error::new(ErrorKind::BadSerialization, message));
            }
        }
        Ok(())
    }

    fn sequence(
        &mut self,
        brackets: [char; 2],
        count: usize,
        depth: usize,
        mut write: impl FnMut(&mut Self, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.text.push(brackets[0]);
        for index in 0..count {
            if index > 0 {
                self.text.push_str(self.item);
            }
            self.line(depth + 1);
            write(self, index)?;
        }
        if count > 0 {
            self.line(depth);
        }
        self.text.push(brackets[1]);
        Ok(())
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = &self.style.indent {
            self.text.push('\n');
            self.text.push_str(&indent.repeat(depth));
        }
    }

    fn string(&mut self, string: &str) {
        self.text.push('"');
        for character in string.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                c if c < ' ' || (self.style.ensure_ascii && !(' '..='~').contains(&c)) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let _ = write!(self.text, "\\u{unit:04x}");
                    }
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }
}

#[cfg(test)]
mod tests;
