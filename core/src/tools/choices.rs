use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Value, json};

use super::ToolContext;
use crate::error::{Source, panic_text};
use crate::schema::excerpt;
use crate::{Error, Result};

type Ask = Arc<dyn Fn(ToolContext) -> BoxFuture<'static, Result<Value>> + Send + Sync>;

/// The values that a parameter of a tool can have, which change while the program runs: the files of a folder, the resources
/// of a cluster. They are asked for when a run begins, and become an `enum` of the parameter's schema; they are asked for
/// again at each call, and a call with another value does not run.
#[derive(Clone)]
pub struct Choices {
    parameter: String,
    ask: Ask,
}

impl Choices {
    /// The values of `parameter`, or of its items if it is an array: what `values` gives for a run is a list as JSON, or
    /// null, which admits what the parameter's schema does. While the list is empty, the tool is not offered.
    ///
    /// ```
    /// use rushlight::{FunctionTool, ToolContext};
    /// # #[derive(serde::Deserialize, schemars::JsonSchema)] struct File { path: String }
    /// # async fn read(file: File) -> std::io::Result<String> { std::fs::read_to_string(file.path) }
    ///
    /// async fn notes(_: ToolContext) -> std::io::Result<Vec<String>> {
    ///     let files = std::fs::read_dir("notes")?;
    ///     files.map(|file| Ok(file?.path().display().to_string())).collect()
    /// }
    ///
    /// let tool = FunctionTool::new("read", "Reads a note", read).choices("path", notes);
    /// ```
    ///
    /// They are asked for without a thread of their own: what blocks belongs into [`blocking`](super::blocking).
    pub fn new<V, E, F, W>(parameter: impl Into<String>, values: F) -> Self
    where
        V: Serialize,
        E: Into<Source>,
        F: Fn(ToolContext) -> W + Send + Sync + 'static,
        W: Future<Output = Result<V, E>> + Send + 'static,
    {
        let parameter = parameter.into();
        let what = choices_of(&parameter);
        let ask = move |context: ToolContext| {
            let (values, what) = (values(context), what.clone());
            let foreign = move |source| Error::Foreign { what: what.clone(), source };
            async move {
                let values = values.await.map_err(|error| foreign(error.into()))?;
                serde_json::to_value(values).map_err(|error| foreign(error.into()))
            }
            .boxed()
        };
        Self { parameter, ask: Arc::new(ask) }
    }

    /// The name of the parameter.
    pub fn parameter(&self) -> &str {
        &self.parameter
    }

    /// The values for a run; none if there is no list of them.
    pub(super) async fn values(
        &self,
        context: &ToolContext,
        timeout: Duration,
    ) -> Result<Option<Vec<Value>>> {
        let asked = AssertUnwindSafe(async { (self.ask)(context.clone()).await }).catch_unwind();
        match tokio::time::timeout(timeout, asked).await {
            Ok(Ok(told)) => self.list(told?),
            Ok(Err(panic)) => {
                let source = format!("panicked: {}", panic_text(&*panic)).into();
                Err(Error::Foreign { what: choices_of(&self.parameter), source })
            }
            Err(_) => Err(Error::Timeout { what: "the choices of a tool", after: timeout }),
        }
    }

    fn list(&self, told: Value) -> Result<Option<Vec<Value>>> {
        match told {
            Value::Null => Ok(None),
            Value::Array(values) => Ok(Some(values)),
            other => {
                let message = format!("expected a list or null, got `{}`", excerpt(&other.to_string()));
                Err(Error::invalid(choices_of(&self.parameter), message))
            }
        }
    }
}

impl fmt::Debug for Choices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Choices").field("parameter", &self.parameter).finish_non_exhaustive()
    }
}

fn choices_of(parameter: &str) -> String {
    format!("choices of `{parameter}`")
}

/// Makes these the only values that fit the schema of a parameter, or of its items if it is a list. Null stays one where it was.
pub(super) fn restrict(schema: &mut Value, values: &[Value]) {
    if !schema.is_object() {
        *schema = json!({});
    }
    if let Some(way) = ["anyOf", "oneOf"].into_iter().find(|way| schema[*way].is_array()) {
        let branches = schema[way].as_array_mut().into_iter().flatten();
        branches.filter(|branch| branch["type"] != "null").for_each(|branch| restrict(branch, values));
    } else if is_of(schema, "array") {
        restrict(&mut schema["items"], values);
    } else {
        let null = is_of(schema, "null").then_some(Value::Null);
        schema["enum"] = values.iter().cloned().chain(null).collect();
    }
}

/// Whether a schema names this type, alone or beside others.
fn is_of(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|named| named == kind),
        named => named == kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_of_any_shape_is_held_to_its_values() {
        let cases = [
            (json!(true), json!({"enum": ["a", "b"]})),
            (json!({"type": "string"}), json!({"type": "string", "enum": ["a", "b"]})),
            (
                json!({"type": ["string", "null"]}),
                json!({"type": ["string", "null"], "enum": ["a", "b", null]}),
            ),
            (
                json!({"anyOf": [{"type": "string"}, {"type": "null"}], "default": null}),
                json!({"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}], "default": null}),
            ),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                json!({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}),
            ),
            (json!({"type": "array"}), json!({"type": "array", "items": {"enum": ["a", "b"]}})),
            (
                json!({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}),
                json!({"anyOf": [{"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}, {"type": "null"}]}),
            ),
        ];
        for (mut schema, expected) in cases {
            restrict(&mut schema, &[json!("a"), json!("b")]);
            assert_eq!(schema, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_goes_wrong_while_they_are_asked_for_is_named() {
        let second = Duration::from_secs(1);
        let context = ToolContext::new();
        let told = async |choices: Choices| match choices.values(&context, second).await {
            Ok(values) => format!("{values:?}"),
            Err(error) => error.chain(),
        };

        let none = Choices::new("path", async |_| Ok::<_, String>(None::<Vec<String>>));
        assert_eq!(told(none).await, "None");
        let text = Choices::new("path", async |_| Ok::<_, String>("a"));
        assert_eq!(told(text).await, "invalid choices of `path`: expected a list or null, got `\"a\"`");
        let fails = Choices::new("path", async |_| Err::<Vec<u8>, _>("no disk"));
        assert_eq!(told(fails).await, "choices of `path` failed: no disk");
        let panics = Choices::new("path", async |_| -> Result<Vec<u8>, String> { panic!("a mistake") });
        assert_eq!(told(panics).await, "choices of `path` failed: panicked: a mistake");
        let hangs = Choices::new("path", async |_| std::future::pending::<Result<Vec<u8>, String>>().await);
        assert_eq!(told(hangs).await, "the choices of a tool did not finish within 1s");
    }
}
