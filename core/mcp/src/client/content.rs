use jsonschema::{Draft, Validator};
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::Value;

/// Bytes of a schema that is compiled.
const MAX_SCHEMA: usize = 64 << 10;

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
        let options = jsonschema::options().with_draft(Draft::Draft202012);
        let validator = options.build(schema);
        let validator = validator
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
