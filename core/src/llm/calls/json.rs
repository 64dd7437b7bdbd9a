use serde_json::{Map, Value};

use super::parser::WrittenCall;

/// Keys that may come first in the object of a call.
const FIRST_KEYS: &[&str] = &["name", "arguments", "parameters", "type", "function", "id"];
/// Keys of a call's arguments, with the mark that ends them.
const ARGUMENTS: [&str; 2] = ["arguments\"", "parameters\""];

/// How far a JSON value reaches in a text that starts with its bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// It ends before this byte.
    Complete(usize),
    /// It goes on beyond the text.
    Open,
}

/// Finds the bracket that closes the first one, skipping strings.
pub(super) fn extent(text: &str) -> Extent {
    let mut scan = Scan::default();
    for (index, byte) in text.bytes().enumerate() {
        scan.push(byte);
        if scan.open.is_empty() && !scan.in_string {
            return Extent::Complete(index + 1);
        }
    }
    Extent::Open
}

/// The text with the brackets that it leaves open closed; none if it breaks off within a string.
pub(super) fn closed(text: &str) -> Option<String> {
    let mut scan = Scan::default();
    text.bytes().for_each(|byte| scan.push(byte));
    if scan.in_string {
        return None;
    }
    let closers = scan.open.iter().rev().map(|&bracket| if bracket == b'{' { '}' } else { ']' });
    Some(text.trim_end().chars().chain(closers).collect())
}

#[derive(Default)]
struct Scan {
    open: Vec<u8>,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    fn push(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            b'{' | b'[' => self.open.push(byte),
            b'}' | b']' => {
                self.open.pop();
            }
            _ => {}
        }
    }
}

/// Where `mark` begins in JSON, but for strings.
pub(super) fn find_outside_strings(text: &str, mark: &str) -> Option<usize> {
    let mut scan = Scan::default();
    text.bytes().enumerate().find_map(|(index, byte)| {
        if !scan.in_string && text.as_bytes()[index..].starts_with(mark.as_bytes()) {
            return Some(index);
        }
        scan.push(byte);
        None
    })
}

/// Characters of a tool's name that are no coincidence.
const CERTAIN: usize = 3;

/// Whether a text begins with the object of a call, or a list of them: its first field names one of these tools, or
/// something else that arguments follow.
pub(super) fn begins_call(text: &str, tools: &[String]) -> bool {
    let inside =
        text.trim_start_matches(|character: char| "[{".contains(character) || character.is_whitespace());
    let brackets = text[..text.len() - inside.len()].trim_end();
    let value = inside.strip_prefix("\"name\"").and_then(|rest| rest.trim_start().strip_prefix(':'));
    let Some(name) = value.and_then(|value| value.trim_start().strip_prefix('"')) else {
        return false;
    };
    brackets.ends_with('{')
        && match name.split_once('"') {
            Some((name, rest)) => tools.iter().any(|tool| tool == name) || has_arguments(rest) == Some(true),
            None => name.len() >= CERTAIN && tools.iter().any(|tool| tool.starts_with(name)),
        }
}

/// Whether arguments come next in the object of a call; none if more text decides.
pub(super) fn has_arguments(mut rest: &str) -> Option<bool> {
    for mark in [',', '"'] {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let Some(after) = rest.strip_prefix(mark) else {
            return Some(false);
        };
        rest = after;
    }
    if ARGUMENTS.iter().any(|key| rest.starts_with(key)) {
        return Some(true);
    }
    ARGUMENTS.iter().all(|key| !key.starts_with(rest)).then_some(false)
}

/// Whether a text that begins with `{` or `[` may still become a call, or a list of calls: `may_call` is asked about the
/// name, and what follows it.
pub(super) fn may_be_call(text: &str, may_call: impl Fn(&str, &str) -> bool) -> bool {
    let inside = text.trim_start_matches(['[', '{']).trim_start();
    let brackets = &text[..text.len() - text.trim_start_matches(['[', '{']).len()];
    if inside.is_empty() {
        return true;
    }
    if !brackets.ends_with('{') {
        // A list: its first item must be an object.
        return inside.starts_with('{') && may_be_call(inside, may_call);
    }
    let Some(key) = inside.strip_prefix('"') else {
        return false;
    };
    let Some((key, rest)) = key.split_once('"') else {
        return FIRST_KEYS.iter().any(|known| known.starts_with(key));
    };
    if key != "name" {
        return FIRST_KEYS.contains(&key);
    }
    let rest = rest.trim_start();
    let Some(value) = rest.strip_prefix(':').map(str::trim_start) else {
        return rest.is_empty();
    };
    match value.strip_prefix('"') {
        Some(name) => name.split_once('"').is_none_or(|(name, rest)| may_call(name, rest)),
        None => value.is_empty(),
    }
}

/// The calls that `text` holds as one JSON value or several, or none if anything in it is no call.
pub(super) fn calls_in(text: &str) -> Option<Vec<WrittenCall>> {
    let text = without_double_braces(text.trim());
    let mut calls = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match value.ok()? {
            Value::Array(items) => {
                for item in items {
                    calls.push(call_from(item)?);
                }
            }
            value => calls.push(call_from(value)?),
        }
    }
    if calls.is_empty() { None } else { Some(calls) }
}

/// `{{…}}`, which some templates show as an example and small models imitate, as `{…}`.
fn without_double_braces(text: &str) -> &str {
    match text.strip_prefix("{{") {
        Some(_) => text[1..].strip_suffix('}').unwrap_or(&text[1..]),
        None => text,
    }
}

fn call_from(value: Value) -> Option<WrittenCall> {
    let Value::Object(mut fields) = value else {
        return None;
    };
    if let Some(function @ Value::Object(_)) = fields.remove("function") {
        return call_from(function);
    }
    let Some(Value::String(name)) = fields.remove("name") else {
        return None;
    };
    let arguments = fields.remove("arguments").or_else(|| fields.remove("parameters"));
    let explicit = arguments.is_some();
    let arguments = match arguments {
        None | Some(Value::Null) => Value::Object(Map::new()),
        Some(arguments) => arguments,
    };
    Some(WrittenCall { name, arguments, explicit })
}

/// What can be saved of a call that is no valid JSON: the name, and the whole text as its arguments, so that
/// whoever validates them tells the model.
pub(super) fn broken_call(text: &str, known: &[String]) -> WrittenCall {
    let text = text.trim();
    let after_key =
        text.split_once("\"name\"").map(|(_, rest)| rest.trim_start().trim_start_matches(':').trim_start());
    let name = after_key.and_then(|rest| rest.strip_prefix('"')).and_then(|rest| rest.split_once('"'));
    let name = name
        .map(|(name, _)| name)
        .or_else(|| known.iter().map(String::as_str).find(|name| text.contains(name)));
    WrittenCall {
        name: name.unwrap_or_default().to_owned(),
        arguments: Value::String(text.to_owned()),
        explicit: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert_eq!(extent(r#"{"a": "}\"]", "b": [1]} tail"#), Extent::Complete(23));
        assert_eq!(extent(r#"{"a": "}"#), Extent::Open);
    }

    #[test]
    fn open_brackets_are_closed_and_open_strings_are_not() {
        assert_eq!(closed(r#"{"a": [1, {"b": 2"#).as_deref(), Some(r#"{"a": [1, {"b": 2}]}"#));
        assert_eq!(closed(r#"{"a": "x"#), None);
    }

    #[test]
    fn text_is_no_call_as_soon_as_that_is_certain() {
        let known = |name: &str, _: &str| name == "add";
        for text in [
            "{",
            "{ \"na",
            "{\"name\"",
            "{\"name\":  ",
            "{\"name\": \"ad",
            "{\"name\": \"add\", ",
            "[",
            "[ {\"name\":",
            "{{\"name",
        ] {
            assert!(may_be_call(text, known), "{text}");
        }
        for text in [
            "{a",
            "{\"colour\"",
            "{\"nb",
            "{\"name\": \"sub\"",
            "{\"name\": 3",
            "[1",
            "[\"",
            "{}",
            "{\"name\"x",
        ] {
            assert!(!may_be_call(text, known), "{text}");
        }
    }
}
