use rushlight::ToolSpec;
use serde_json::{Map, Value, json};

use super::case::tool_name;

/// A function as the sets describe it, which call types as Python does.
pub(super) fn tool(name: &str, description: &str, parameters: &Value) -> ToolSpec {
    let mut parameters = schema(parameters);
    parameters["type"] = json!("object");
    ToolSpec::new(tool_name(name), description, parameters)
}

/// The same from parameters by name, of which these are required.
pub(super) fn tool_of(
    name: &str,
    description: &str,
    parameters: &Map<String, Value>,
    required: &[String],
) -> ToolSpec {
    tool(name, description, &json!({"properties": parameters, "required": required}))
}

/// A schema with the types of JSON Schema.
fn schema(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(schema).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().filter_map(|(key, value)| match (key.as_str(), value) {
                ("type", Value::String(name)) => Some((key.clone(), json!(json_type(name)?))),
                // What a value may be is no schema.
                ("enum" | "default" | "const" | "required", _) => Some((key.clone(), value.clone())),
                _ => Some((key.clone(), schema(value))),
            });
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

/// The name that JSON Schema has for a type; none for one that may be anything.
fn json_type(name: &str) -> Option<&'static str> {
    let name = name.trim().to_lowercase();
    Some(match name.split(['(', '[', '<']).next()?.trim() {
        "str" | "string" => "string",
        "int" | "integer" => "integer",
        "float" | "double" | "number" => "number",
        "bool" | "boolean" => "boolean",
        "list" | "array" | "tuple" => "array",
        "dict" | "object" => "object",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::tool;

    #[test]
    fn types_are_those_of_json_schema_and_values_stay() {
        let parameters = json!({
            "type": "dict",
            "properties": {
                "type": {"type": "str", "default": {"type": "int"}},
                "points": {"type": "tuple", "items": {"type": "float"}},
                "rest": {"type": "any"},
            },
            "required": ["type"],
        });

        let tool = tool("a.b", "A tool", &parameters);

        assert_eq!(tool.name, "a_b");
        assert_eq!(
            tool.parameters,
            json!({
                "type": "object",
                "properties": {
                    "type": {"type": "string", "default": {"type": "int"}},
                    "points": {"type": "array", "items": {"type": "number"}},
                    "rest": {},
                },
                "required": ["type"],
            })
        );
    }
}
