use jsonschema::{Draft, ValidationError, Validator};
use serde_json::Value;

use crate::message::ToolSpec;
use crate::{Error, Result};

/// Bytes of one schema as JSON.
pub(super) const MAX_BYTES: usize = 64 << 10;
/// Levels of objects and arrays in one schema.
pub(super) const MAX_DEPTH: usize = 32;
/// Mistakes that one explanation names.
const MAX_MISTAKES: usize = 5;
/// Characters of a wrong value that an explanation repeats.
const MAX_EXCERPT: usize = 80;

/// What a tool accepts, compiled.
#[derive(Debug)]
pub(super) struct ArgumentSchema {
    validator: Validator,
    outline: String,
}

impl ArgumentSchema {
    /// Compiles the parameters of `spec`, or says which cap or rule they break.
    pub(super) fn compile(spec: &ToolSpec) -> Result<Self> {
        let refuse =
            |message: String| Err(Error::invalid(format!("parameters of tool `{}`", spec.name), message));
        if depth_exceeds(&spec.parameters, MAX_DEPTH) {
            return refuse(format!("expected at most {MAX_DEPTH} levels, got more"));
        }
        let bytes = spec.parameters.to_string().len();
        if bytes > MAX_BYTES {
            return refuse(format!("expected at most {MAX_BYTES} bytes of schema, got {bytes}"));
        }
        if spec.parameters.get("type").and_then(Value::as_str) != Some("object") {
            return refuse("expected a JSON Schema with `\"type\": \"object\"`".to_owned());
        }
        match jsonschema::options().with_draft(Draft::Draft202012).build(&spec.parameters) {
            Ok(validator) => Ok(Self { validator, outline: outline(&spec.parameters) }),
            Err(error) => refuse(format!(
                "expected JSON Schema 2020-12, got a mistake at `{}`: {error}",
                pointer(&error)
            )),
        }
    }

    /// Checks arguments; the error is written for the model that has to mend its call.
    pub(super) fn check(&self, tool: &str, arguments: &Value) -> Result<(), String> {
        if self.validator.is_valid(arguments) {
            return Ok(());
        }
        let mistakes: Vec<String> =
            self.validator.iter_errors(arguments).take(MAX_MISTAKES).map(|error| describe(&error)).collect();
        Err(self.explain(tool, &mistakes))
    }

    /// The explanation of `mistakes`, with what the tool accepts.
    pub(super) fn explain(&self, tool: &str, mistakes: &[String]) -> String {
        let mut text = format!("`{tool}` did not run, its arguments are not valid:\n");
        for mistake in mistakes {
            text.push_str("- ");
            text.push_str(mistake);
            text.push('\n');
        }
        text.push_str("expected arguments: ");
        text.push_str(&self.outline);
        text
    }
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
pub(super) fn excerpt(text: &str) -> String {
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

/// The parameters in one line that looks like a call: `{"a": integer, "note": string (optional)}`.
fn outline(schema: &Value) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return "{}".to_owned();
    };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let fields: Vec<String> = properties
        .iter()
        .map(|(name, property)| {
            let optional = if required.contains(&name.as_str()) { "" } else { " (optional)" };
            format!("\"{name}\": {}{optional}", type_of(property))
        })
        .collect();
    format!("{{{}}}", fields.join(", "))
}

fn type_of(property: &Value) -> String {
    if let Some(options) = property.get("enum").and_then(Value::as_array) {
        let options: Vec<String> = options.iter().map(Value::to_string).collect();
        return format!("one of {}", options.join(" | "));
    }
    match property.get("type") {
        Some(Value::String(name)) if name == "array" => match property.get("items") {
            Some(items) => format!("array of {}", type_of(items)),
            None => "array".to_owned(),
        },
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(parameters: Value) -> ToolSpec {
        ToolSpec::new("book", "Books a room", parameters)
    }

    fn schema() -> ArgumentSchema {
        let parameters = json!({
            "type": "object",
            "properties": {
                "room": {"enum": ["red", "blue"]},
                "people": {"type": "integer", "minimum": 1},
                "names": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["room", "people"],
            "additionalProperties": false,
        });
        ArgumentSchema::compile(&spec(parameters)).unwrap()
    }

    #[test]
    fn valid_arguments_pass() {
        let arguments = json!({"room": "red", "people": 2, "names": ["Ann"]});

        assert_eq!(schema().check("book", &arguments), Ok(()));
    }

    #[test]
    fn every_mistake_is_named_with_its_place_and_rule() {
        let arguments = json!({"room": "green", "people": "2", "names": ["Ann", 7], "floor": 1});

        let explanation = schema().check("book", &arguments).unwrap_err();

        insta::assert_snapshot!(explanation, @r#"
        `book` did not run, its arguments are not valid:
        - at `/room` (`enum`): "green" is not one of "red" or "blue"
        - at `/people` (`type`): "2" is not of type "integer"
        - at `/names/1` (`type`): 7 is not of type "string"
        - at `/` (`additionalProperties`): Additional properties are not allowed ('floor' was unexpected)
        expected arguments: {"room": one of "red" | "blue", "people": integer, "names": array of string (optional)}
        "#);
    }

    #[test]
    fn a_missing_argument_is_named() {
        let explanation = schema().check("book", &json!({"room": "red"})).unwrap_err();

        insta::assert_snapshot!(explanation, @r#"
        `book` did not run, its arguments are not valid:
        - at `/` (`required`): "people" is a required property
        expected arguments: {"room": one of "red" | "blue", "people": integer, "names": array of string (optional)}
        "#);
    }

    #[test]
    fn a_huge_wrong_value_is_not_repeated() {
        let arguments = json!({"room": "x".repeat(10 << 20), "people": 1});

        let explanation = schema().check("book", &arguments).unwrap_err();

        assert!(explanation.len() < 1000, "{}", explanation.len());
    }

    #[test]
    fn hostile_schemas_are_refused_by_name() {
        let mut deep = json!({"type": "string"});
        for _ in 0..40 {
            deep = json!({"type": "array", "items": deep});
        }
        let cases = [
            (json!({"type": "string"}), "\"type\": \"object\""),
            (json!({"type": "object", "description": "x".repeat(70_000)}), "65536 bytes"),
            (json!({"type": "object", "properties": {"x": deep}}), "32 levels"),
            (json!({"type": "object", "properties": {"x": {"type": "whole"}}}), "2020-12"),
            (json!({"type": "object", "properties": {"x": {"$ref": "#/nowhere"}}}), "2020-12"),
            (json!({"type": "object", "properties": {"x": {"$ref": "https://example.com/x"}}}), "2020-12"),
        ];
        for (parameters, expected) in cases {
            let error = ArgumentSchema::compile(&spec(parameters)).unwrap_err().to_string();
            assert!(error.contains("`book`") && error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_checks_finite_values() {
        let node = json!({"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}});
        let parameters = json!({"type": "object", "properties": {"list": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}});
        let schema = ArgumentSchema::compile(&spec(parameters)).unwrap();

        assert!(schema.check("book", &json!({"list": {"next": {"next": {}}}})).is_ok());
        assert!(schema.check("book", &json!({"list": {"next": {"next": 1}}})).is_err());
    }
}
