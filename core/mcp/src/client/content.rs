use jsonschema::{Draft, PatternOptions, Validator};
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::{Map, Value};

/// Bytes of a schema that is compiled.
const MAX_SCHEMA: usize = 64 << 10;

/// Bytes of all its patterns, compiled; each has an equal part.
const MAX_PATTERNS: usize = 2 << 20;

/// What a tool promises to give.
#[derive(Debug)]
pub(super) struct OutputSchema {
    validator: Validator,
}

impl OutputSchema {
    /// Compiles a schema, or says why it cannot be kept.
    pub(super) fn compile(schema: &Value) -> Result<Self, String> {
        let bytes = schema.to_string().len();
        if bytes > MAX_SCHEMA {
            return Err(format!("expected at most {MAX_SCHEMA} bytes of output schema, got {bytes}"));
        }
        let room = MAX_PATTERNS / count_patterns(schema).max(1);
        let patterns = PatternOptions::fancy_regex().size_limit(room).dfa_size_limit(room);
        let options = jsonschema::options().with_draft(Draft::Draft202012).with_pattern_options(patterns);
        let validator = options
            .build(schema)
            .map_err(|error| format!("expected an output schema of JSON Schema 2020-12: {error}"))?;
        Ok(Self { validator })
    }

    fn check(&self, value: Option<&Value>) -> Result<(), String> {
        let value = value.ok_or("it promised structured content, and gave none")?;
        self.validator.validate(value).map_err(|error| {
            format!("its structured content is not what it promised: at `{}`: {error}", error.instance_path())
        })
    }
}

/// The regular expressions of a schema, or a few more.
fn count_patterns(schema: &Value) -> usize {
    match schema {
        Value::Array(items) => items.iter().map(count_patterns).sum(),
        Value::Object(fields) => {
            let named = fields.get("patternProperties").and_then(Value::as_object).map_or(0, Map::len);
            let own = usize::from(fields.get("pattern").is_some_and(Value::is_string));
            own + named + fields.values().map(count_patterns).sum::<usize>()
        }
        _ => 0,
    }
}

/// What a tool gave, as text for the model, or why there is none.
///
/// Text is given as it is, and structured content where there is no text. Pictures and sounds are only named: our models
/// read.
pub(super) fn text(result: &CallToolResult, promised: Option<&OutputSchema>) -> Result<String, String> {
    let shown: Vec<String> = result.content.iter().map(block).collect();
    let shown = shown.join("\n");
    if result.is_error == Some(true) {
        return Err(if shown.is_empty() { "it gave no reason".to_owned() } else { shown });
    }
    let structured = result.structured_content.as_ref();
    promised.map_or(Ok(()), |promised| promised.check(structured))?;
    match structured {
        Some(value) if result.content.is_empty() => Ok(value.to_string()),
        _ => Ok(shown),
    }
}

fn block(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("[a picture, {}: not shown]", image.mime_type),
        ContentBlock::Audio(audio) => format!("[a sound, {}: not shown]", audio.mime_type),
        ContentBlock::ResourceLink(link) => format!("[{}: {}]", link.name, link.uri),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            ResourceContents::TextResourceContents { text, .. } => text.clone(),
            _ => "[a file that is no text: not shown]".to_owned(),
        },
        _ => "[content of an unknown kind: not shown]".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(result: Value, promised: Option<Value>) -> Result<String, String> {
        let promised = promised.map(|schema| OutputSchema::compile(&schema).unwrap());
        text(&serde_json::from_value(result).unwrap(), promised.as_ref())
    }

    #[test]
    fn content_becomes_text() {
        let mixed = json!({"content": [
            {"type": "text", "text": "one"},
            {"type": "image", "data": "AA==", "mimeType": "image/png"},
            {"type": "resource", "resource": {"uri": "file:///a", "text": "two"}},
        ]});

        assert_eq!(read(mixed, None).unwrap(), "one\n[a picture, image/png: not shown]\ntwo");
        assert_eq!(read(json!({"content": [], "structuredContent": {"a": 1}}), None).unwrap(), "{\"a\":1}");
        assert_eq!(
            read(json!({"content": [{"type": "text", "text": "no"}], "isError": true}), None).unwrap_err(),
            "no"
        );
    }

    #[test]
    fn patterns_share_their_room() {
        let of = |pattern: &str, count: usize| {
            let fields = (0..count).map(|number| (number.to_string(), json!({"pattern": pattern})));
            OutputSchema::compile(&json!({"properties": fields.collect::<Map<_, _>>()}))
        };

        assert!(of("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", 40).is_ok());
        assert!(
            of(r"^\p{L}{200}$", 1000)
                .unwrap_err()
                .starts_with("expected an output schema of JSON Schema 2020-12")
        );
    }

    #[test]
    fn a_promise_is_checked() {
        let promised =
            || Some(json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}));

        assert_eq!(read(json!({"structuredContent": {"a": 1}}), promised()).unwrap(), "{\"a\":1}");
        assert_eq!(
            read(json!({"structuredContent": {"a": "1"}}), promised()).unwrap_err(),
            "its structured content is not what it promised: at `/a`: \"1\" is not of type \"integer\""
        );
        assert_eq!(
            read(json!({"content": [{"type": "text", "text": "1"}]}), promised()).unwrap_err(),
            "it promised structured content, and gave none"
        );
        assert!(OutputSchema::compile(&json!({"type": "nonsense"})).is_err());
        assert!(OutputSchema::compile(&json!({"description": "x".repeat(MAX_SCHEMA)})).is_err());
    }
}
