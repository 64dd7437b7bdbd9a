//! JSON Schema: what a value has to be.

use std::collections::HashSet;

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::{Error, Result};

/// Bytes of one schema as JSON.
const MAX_BYTES: usize = 64 << 10;
/// Levels of objects and arrays in one schema.
const MAX_DEPTH: usize = 32;
/// Bytes of all patterns of one schema, compiled, where the application says what an answer has to be.
pub(crate) const PATTERNS_OF_ANSWERS: usize = 64 << 20;
/// The same for what a tool accepts, which may come from a stranger.
pub(crate) const PATTERNS_OF_TOOLS: usize = 16 << 20;
/// Mistakes that one explanation names.
const MAX_MISTAKES: usize = 5;
/// Characters of a wrong value that an explanation repeats.
const MAX_EXCERPT: usize = 80;

/// What a value has to be, compiled.
#[derive(Debug)]
pub(crate) struct ValueSchema {
    validator: Validator,
}

impl ValueSchema {
    /// Compiles a schema, or says which cap or rule it breaks; `what` names it. Its patterns have this much room when they
    /// are compiled, each an equal part.
    pub(crate) fn compile(what: &str, schema: &Value, patterns: usize) -> Result<Self> {
        let refuse = |message: String| Err(Error::invalid(what, message));
        check_size(what, schema)?;
        let room = patterns / count_patterns(schema).max(1);
        let patterns = PatternOptions::fancy_regex().size_limit(room).dfa_size_limit(room);
        let options = jsonschema::options().with_draft(Draft::Draft202012).with_pattern_options(patterns);
        match options.build(schema) {
            Ok(validator) => Ok(Self { validator }),
            Err(error) => {
                let place = pointer(&error);
                let mistake = if error.kind().keyword() == "format" {
                    let found = excerpt(&error.instance().to_string());
                    format!(
                        "expected a regular expression of at most {room} bytes when compiled, got {found}"
                    )
                } else {
                    error.to_string()
                };
                refuse(format!("expected JSON Schema 2020-12, got a mistake at `{place}`: {mistake}"))
            }
        }
    }

    /// The first mistakes of a value, each with its place and the rule that it breaks; none if it fits.
    pub(crate) fn mistakes(&self, value: &Value) -> Vec<String> {
        if self.validator.is_valid(value) {
            return Vec::new();
        }
        self.validator.iter_errors(value).take(MAX_MISTAKES).map(|error| describe(&error)).collect()
    }

    /// The value that a text is, which may be a fenced block, or what is wrong with it.
    pub(crate) fn read(&self, text: &str) -> Result<Value, String> {
        let text = unfenced(text);
        let value = serde_json::from_str(text)
            .map_err(|error| format!("expected JSON, got `{}`: {error}", excerpt(text)))?;
        let mistakes = self.mistakes(&value);
        if mistakes.is_empty() { Ok(value) } else { Err(mistakes.join("; ")) }
    }
}

/// Refuses a schema that is deeper or larger than any may be; `what` names it.
pub(crate) fn check_size(what: &str, schema: &Value) -> Result<()> {
    if depth_exceeds(schema, MAX_DEPTH) {
        return Err(Error::invalid(what, format!("expected at most {MAX_DEPTH} levels, got more")));
    }
    let bytes = schema.to_string().len();
    if bytes > MAX_BYTES {
        return Err(Error::invalid(
            what,
            format!("expected at most {MAX_BYTES} bytes of schema, got {bytes}"),
        ));
    }
    Ok(())
}

/// The text within the marks of a fenced block.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inside = text.strip_prefix("```").and_then(|opened| opened.strip_suffix("```"));
    inside.and_then(|inside| inside.split_once('\n')).map_or(text, |(_, inside)| inside.trim())
}

fn pointer(error: &ValidationError<'_>) -> String {
    let path = error.instance_path().to_string();
    if path.is_empty() { "/".to_owned() } else { path }
}

fn describe(error: &ValidationError<'_>) -> String {
    let found = excerpt(&error.instance().to_string());
    format!("at `{}` (`{}`): {}", pointer(error), error.kind().keyword(), error.masked_with(found))
}

/// At most [`MAX_EXCERPT`] characters of `text`.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(MAX_EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether `value` nests deeper than `limit`; walks without recursion, since the value may be hostile.
fn depth_exceeds(value: &Value, limit: usize) -> bool {
    let mut open = vec![(value, 1)];
    while let Some((value, depth)) = open.pop() {
        if depth > limit {
            return true;
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(fields) => open.extend(fields.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    false
}

/// How many different regular expressions a schema has, or a few more: equal ones are compiled once.
fn count_patterns(schema: &Value) -> usize {
    let (mut open, mut patterns) = (vec![schema], HashSet::new());
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => {
                patterns.extend(fields.get("pattern").and_then(Value::as_str));
                let names = fields.get("patternProperties").and_then(Value::as_object);
                patterns.extend(names.into_iter().flat_map(Map::keys).map(String::as_str));
                open.extend(fields.values());
            }
            _ => {}
        }
    }
    patterns.len()
}

/// The JSON Schema of `T`, in the short form that suits a prompt: one object, without references where the
/// type allows it, without the type's own name.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(fields) = schema.as_object_mut() {
        fields.shift_remove("title");
    }
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_share_their_room() {
        let of = |patterns: &[String]| {
            let named = |(number, pattern): (usize, &String)| {
                (format!("a{number}"), json!({"type": "string", "pattern": pattern}))
            };
            json!({"type": "object", "properties": patterns.iter().enumerate().map(named).collect::<Map<_, _>>()})
        };
        let compile = |schema: &Value| ValueSchema::compile("schema", schema, PATTERNS_OF_TOOLS);
        let different = |count: usize| -> Vec<String> {
            (0..count).map(|number| format!(r"^[\p{{L}} .'-]{{1,40}}{number}$")).collect()
        };
        let equal = vec![different(1).remove(0); 200];

        assert!(compile(&of(&different(5))).is_ok());
        assert!(compile(&of(&equal)).is_ok(), "they are compiled once");
        let error = compile(&of(&different(100))).unwrap_err().chain();
        assert_eq!(
            error,
            "invalid schema: expected JSON Schema 2020-12, got a mistake at `/properties/a0/pattern`: expected a regular \
             expression of at most 167772 bytes when compiled, got \"^[\\\\p{L} .'-]{1,40}0$\""
        );
        let names: Map<_, _> = different(100).into_iter().map(|name| (name, json!(true))).collect();
        assert!(compile(&json!({"patternProperties": names})).is_err());
        let wrong = compile(&of(&["(".to_owned()])).unwrap_err().chain();
        assert!(
            wrong.ends_with(
                "expected a regular expression of at most 16777216 bytes when compiled, got \"(\""
            ),
            "{wrong}"
        );
    }

    #[test]
    fn a_text_is_a_value_that_fits_or_says_why_not() {
        let schema =
            json!({"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]});
        let schema = ValueSchema::compile("schema", &schema, PATTERNS_OF_ANSWERS).unwrap();

        assert_eq!(schema.read("{\"age\": 3}"), Ok(json!({"age": 3})));
        assert_eq!(schema.read("```json\n{\"age\": 3}\n```\n"), Ok(json!({"age": 3})));
        assert_eq!(
            schema.read("{\"age\": \"3\"}").unwrap_err(),
            "at `/age` (`type`): \"3\" is not of type \"integer\""
        );
        let no_json = schema.read("Three.").unwrap_err();
        assert!(no_json.starts_with("expected JSON, got `Three.`: "), "{no_json}");
    }
}
