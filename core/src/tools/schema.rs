use serde_json::Value;

use crate::message::ToolSpec;
use crate::schema::{PATTERNS_OF_TOOLS, ValueSchema, check_size};
use crate::{Error, Result};

/// What a tool accepts, compiled.
#[derive(Debug)]
pub(super) struct ArgumentSchema {
    schema: ValueSchema,
    outline: String,
}

impl ArgumentSchema {
    /// Compiles the parameters of `spec`, or says which cap or rule they break.
    pub(super) fn compile(spec: &ToolSpec) -> Result<Self> {
        let what = parameters_of(spec);
        if spec.parameters.get("type").and_then(Value::as_str) != Some("object") {
            return Err(Error::invalid(what, "expected a JSON Schema with `\"type\": \"object\"`"));
        }
        let schema = ValueSchema::compile(&what, &spec.parameters, PATTERNS_OF_TOOLS)?;
        Ok(Self { schema, outline: outline(&spec.parameters) })
    }

    /// Checks arguments; the error is written for the model that has to mend its call.
    pub(super) fn check(&self, tool: &str, arguments: &Value) -> Result<(), String> {
        let mistakes = self.schema.mistakes(arguments);
        if mistakes.is_empty() { Ok(()) } else { Err(self.explain(tool, &mistakes)) }
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

/// What an error says is wrong.
fn parameters_of(spec: &ToolSpec) -> String {
    format!("parameters of tool `{}`", spec.name)
}

/// Refuses parameters that are deeper or larger than any may be.
pub(super) fn check_parameters(spec: &ToolSpec) -> Result<()> {
    check_size(&parameters_of(spec), &spec.parameters)
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

    #[test]
    fn references_that_lead_nowhere_but_back_hold_nobody_up() {
        let cycles = [
            json!({"type": "object", "$ref": "#"}),
            json!({"type": "object", "allOf": [{"$ref": "#"}]}),
            json!({"type": "object", "properties": {"x": {"$ref": "#/properties/x"}}}),
            json!({"type": "object", "properties": {"x": {"$ref": "#/properties/y"}, "y": {"$ref": "#/properties/x"}}}),
            json!({"type": "object", "properties": {"x": {"anyOf": [{"$ref": "#/properties/x"}, {"not": {"$ref": "#/properties/x"}}]}}}),
        ];
        for parameters in cycles {
            match ArgumentSchema::compile(&spec(parameters.clone())) {
                Ok(schema) => {
                    let said = schema.check("book", &json!({"x": 1, "y": 2}));
                    assert!(said.is_ok() || said.is_err_and(|text| text.contains("`book`")), "{parameters}");
                }
                Err(error) => assert!(error.to_string().contains("`book`"), "{error}"),
            }
        }
    }
}
