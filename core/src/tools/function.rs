use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Choices, Tool, ToolContext, ToolPolicy, blocking};
use crate::error::Source;
use crate::message::{ToolCall, ToolOutput, ToolSpec, ToolStatus};
use crate::schema::schema_of;
use crate::{Error, Result};

type Function = Box<dyn Fn(Value, &ToolContext) -> BoxFuture<'static, Result<String>> + Send + Sync>;
type Version = Box<dyn Fn(Value) -> BoxFuture<'static, Result<String>> + Send + Sync>;
type Preview = Box<dyn Fn(Value) -> Result<String> + Send + Sync>;

/// A function as a tool; its schema comes from the type of its argument.
///
/// ```
/// use rushlight::{FunctionTool, Tool};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Sum {
///     /// The first number
///     a: i64,
///     /// The second number
///     b: i64,
/// }
///
/// let add = FunctionTool::new("add", "Add two numbers", async |sum: Sum| Ok::<_, String>(sum.a + sum.b));
/// assert_eq!(add.spec().name, "add");
/// ```
///
/// The value is shown to the model as JSON, a string as it is. An error is shown with its causes.
pub struct FunctionTool {
    spec: ToolSpec,
    function: Function,
    version: Option<Version>,
    preview: Option<Preview>,
    choices: Vec<Choices>,
    policy: ToolPolicy,
}

/// The argument of a tool that takes none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoArguments {}

impl FunctionTool {
    /// A tool that runs an async function.
    ///
    /// Name and schema are checked when the tool is added to a [`Toolbox`](super::Toolbox).
    pub fn new<A, V, E, F, W>(name: impl Into<String>, description: impl Into<String>, function: F) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        V: Serialize,
        E: Into<Source>,
        F: Fn(A) -> W + Send + Sync + 'static,
        W: Future<Output = Result<V, E>> + Send + 'static,
    {
        let spec = ToolSpec::new(name, description, schema_of::<A>());
        Self::from_spec(spec, function)
    }

    /// The same for a function that has to know for which run it is called.
    ///
    /// ```
    /// use rushlight::{FunctionTool, NoArguments, ToolContext};
    ///
    /// async fn whoami(_: NoArguments, context: ToolContext) -> Result<String, String> {
    ///     context.session.ok_or_else(|| "nobody is signed in".to_owned())
    /// }
    ///
    /// let tool = FunctionTool::with_context("whoami", "Tells who asks", whoami);
    /// ```
    pub fn with_context<A, V, E, F, W>(
        name: impl Into<String>,
        description: impl Into<String>,
        function: F,
    ) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        V: Serialize,
        E: Into<Source>,
        F: Fn(A, ToolContext) -> W + Send + Sync + 'static,
        W: Future<Output = Result<V, E>> + Send + 'static,
    {
        let spec = ToolSpec::new(name, description, schema_of::<A>());
        Self::for_runs(spec, move |arguments, context: &ToolContext| function(arguments, context.clone()))
    }

    /// A tool that runs an ordinary function on a thread for [`blocking`] work.
    ///
    /// Such a function cannot be stopped: after a timeout, or when the run is cancelled, it goes on to its
    /// end and its value is thrown away. At most [`MAX_BLOCKING_CALLS`](super::MAX_BLOCKING_CALLS) run at once; a
    /// call that gets no thread within its timeout is answered with an output that says so.
    pub fn blocking<A, V, E, F>(name: impl Into<String>, description: impl Into<String>, function: F) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        V: Serialize + Send + 'static,
        E: Into<Source> + Send + 'static,
        F: Fn(A) -> Result<V, E> + Send + Sync + 'static,
    {
        let function = Arc::new(function);
        Self::new(name, description, move |argument: A| {
            let function = Arc::clone(&function);
            async move { blocking(move || function(argument)).await?.map_err(Into::into) }
        })
    }

    /// A tool with a specification of the caller's own; the function's argument must accept what the schema
    /// accepts, as [`serde_json::Value`] does.
    pub fn from_spec<A, V, E, F, W>(spec: ToolSpec, function: F) -> Self
    where
        A: DeserializeOwned,
        V: Serialize,
        E: Into<Source>,
        F: Fn(A) -> W + Send + Sync + 'static,
        W: Future<Output = Result<V, E>> + Send + 'static,
    {
        Self::for_runs(spec, move |argument, _context: &ToolContext| function(argument))
    }

    /// The same for a function that has to know for whom it is called.
    pub(super) fn for_runs<A, V, E, F, W>(spec: ToolSpec, function: F) -> Self
    where
        A: DeserializeOwned,
        V: Serialize,
        E: Into<Source>,
        F: Fn(A, &ToolContext) -> W + Send + Sync + 'static,
        W: Future<Output = Result<V, E>> + Send + 'static,
    {
        let name = spec.name.clone();
        let function = move |arguments: Value, context: &ToolContext| {
            let work = serde_json::from_value(arguments).map(|argument| function(argument, context));
            let name = name.clone();
            async move {
                let value = work.map_err(|error| foreign(&name, error))?.await;
                let value = value.map_err(|error| foreign(&name, error))?;
                match serde_json::to_value(value).map_err(|error| foreign(&name, error))? {
                    Value::String(text) => Ok(text),
                    value => Ok(value.to_string()),
                }
            }
            .boxed()
        };
        let function = Box::new(function);
        Self {
            spec,
            function,
            version: None,
            preview: None,
            choices: Vec::new(),
            policy: ToolPolicy::default(),
        }
    }

    /// The same with what its values depend on beside the arguments; see [`Tool::version`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rushlight::{FunctionTool, NoArguments, ResultCache, ToolPolicy};
    ///
    /// async fn news(_: NoArguments) -> std::io::Result<String> {
    ///     std::fs::read_to_string("news.txt")
    /// }
    ///
    /// /// As long as the file was written at the same time, a kept value holds.
    /// async fn written(_: NoArguments) -> std::io::Result<String> {
    ///     Ok(format!("{:?}", std::fs::metadata("news.txt")?.modified()?))
    /// }
    ///
    /// let policy = ToolPolicy::default().cache(ResultCache::new(Duration::from_mins(10)));
    /// let tool = FunctionTool::new("news", "Tells the news", news).version(written).policy(policy);
    /// ```
    #[must_use]
    pub fn version<A, E, F, W>(mut self, version: F) -> Self
    where
        A: DeserializeOwned,
        E: Into<Source>,
        F: Fn(A) -> W + Send + Sync + 'static,
        W: Future<Output = Result<String, E>> + Send + 'static,
    {
        let name = self.spec.name.clone();
        self.version = Some(Box::new(move |arguments| {
            let work = serde_json::from_value(arguments).map(&version);
            let name = name.clone();
            async move {
                let version = work.map_err(|error| foreign(&name, error))?.await;
                version.map_err(|error| foreign(&name, error))
            }
            .boxed()
        }));
        self
    }

    /// The same with what a call would do, or why it would fail; see [`Tool::preview`].
    #[cfg(all(feature = "workspace", unix))]
    pub(super) fn previewed<A: DeserializeOwned>(
        mut self,
        preview: impl Fn(A) -> Result<String, String> + Send + Sync + 'static,
    ) -> Self {
        let name = self.spec.name.clone();
        self.preview = Some(Box::new(move |arguments| {
            let argument = serde_json::from_value(arguments).map_err(|error| foreign(&name, error))?;
            preview(argument).map_err(|error| foreign(&name, error))
        }));
        self
    }

    /// The same with the values that a parameter can have now; see [`Choices::new`].
    #[must_use]
    pub fn choices<V, E, F, W>(mut self, parameter: impl Into<String>, values: F) -> Self
    where
        V: Serialize,
        E: Into<Source>,
        F: Fn(ToolContext) -> W + Send + Sync + 'static,
        W: Future<Output = Result<V, E>> + Send + 'static,
    {
        self.choices.push(Choices::new(parameter, values));
        self
    }

    /// What keeps its calls in check, in place of what was said before. Default: what the toolbox says.
    #[must_use]
    pub fn policy(mut self, policy: ToolPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// How long one call may take: [`ToolPolicy::timeout`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.policy.timeout = Some(timeout);
        self
    }
}

fn foreign(tool: &str, source: impl Into<Source>) -> Error {
    Error::Foreign { what: format!("tool `{tool}`"), source: source.into() }
}

impl fmt::Debug for FunctionTool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FunctionTool").field("spec", &self.spec).finish_non_exhaustive()
    }
}

#[async_trait]
impl Tool for FunctionTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn invoke(&self, call: &ToolCall) -> Result<String> {
        (self.function)(call.arguments.clone(), &ToolContext::new()).await
    }

    async fn invoke_for(&self, call: &ToolCall, context: &ToolContext) -> Result<ToolOutput> {
        let value = (self.function)(call.arguments.clone(), context).await?;
        Ok(ToolOutput::new(call, ToolStatus::Success, value))
    }

    async fn preview(&self, call: &ToolCall, _context: &ToolContext) -> Result<Option<String>> {
        self.preview.as_ref().map(|preview| preview(call.arguments.clone())).transpose()
    }

    async fn version(&self, call: &ToolCall) -> Result<String> {
        match &self.version {
            Some(version) => version(call.arguments.clone()).await,
            None => Ok(String::new()),
        }
    }

    fn choices(&self) -> Vec<Choices> {
        self.choices.clone()
    }

    fn policy(&self) -> ToolPolicy {
        self.policy.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only the type's shape is looked at")]
    struct Booking {
        /// Where to meet
        room: Room,
        /// How many come
        people: u8,
        note: Option<String>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Room {
        Red,
        Blue,
    }

    async fn value_of(tool: &FunctionTool, arguments: Value) -> Result<String> {
        tool.invoke(&ToolCall::new("1", tool.spec.name.clone(), arguments)).await
    }

    #[test]
    fn the_schema_comes_from_the_type_and_its_comments() {
        let tool = FunctionTool::new("book", "Books a room", async |_: Booking| Ok::<_, String>(()));

        insta::assert_json_snapshot!(tool.spec(), @r#"
        {
          "name": "book",
          "description": "Books a room",
          "parameters": {
            "type": "object",
            "properties": {
              "room": {
                "type": "string",
                "enum": [
                  "red",
                  "blue"
                ],
                "description": "Where to meet"
              },
              "people": {
                "type": "integer",
                "format": "uint8",
                "minimum": 0,
                "maximum": 255,
                "description": "How many come"
              },
              "note": {
                "type": [
                  "string",
                  "null"
                ]
              }
            },
            "required": [
              "room",
              "people"
            ]
          }
        }
        "#);
    }

    #[tokio::test]
    async fn a_string_stays_as_it_is_and_other_values_become_json() {
        let text = FunctionTool::new("t", "", async |_: NoArguments| Ok::<_, String>("a \"b\""));
        let list = FunctionTool::new("l", "", async |_: NoArguments| Ok::<_, String>(vec![1.5, f64::NAN]));

        assert_eq!(value_of(&text, json!({})).await.unwrap(), "a \"b\"");
        assert_eq!(value_of(&list, json!({})).await.unwrap(), "[1.5,null]");
    }

    #[tokio::test]
    async fn a_value_that_json_cannot_hold_is_an_error() {
        let tool = FunctionTool::new("t", "", async |_: NoArguments| {
            Ok::<_, String>(std::collections::HashMap::from([(vec![1], 2)]))
        });

        let error = value_of(&tool, json!({})).await.unwrap_err();

        assert_eq!(error.chain(), "tool `t` failed: key must be a string");
    }

    #[tokio::test]
    async fn a_blocking_function_runs_off_the_async_threads() {
        let here = std::thread::current().id();
        let tool = FunctionTool::blocking("t", "", move |_: NoArguments| {
            Ok::<_, String>(std::thread::current().id() == here)
        });

        assert_eq!(value_of(&tool, json!({})).await.unwrap(), "false");
    }
}
