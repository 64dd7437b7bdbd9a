//! Functions as tools.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use rushlight::error::RetryAfter;
use rushlight::{
    Choices, Error, Result, Tool, ToolCall, ToolContext, ToolOutput, ToolPolicy, ToolSpec, ToolStatus,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use crate::callback::Method;

/// A JavaScript function as a tool.
pub(crate) struct JsTool {
    spec: ToolSpec,
    policy: ToolPolicy,
    functions: Functions,
}

/// What a tool calls, each with an array as JSON: with the arguments and for which run, with the arguments, and with the name of a
/// parameter and for which run.
pub(crate) struct Functions {
    pub(crate) execute: Method,
    pub(crate) version: Option<Method>,
    pub(crate) choose: Method,
    /// The parameters that have choices.
    pub(crate) choices: Vec<String>,
}

impl JsTool {
    pub(crate) fn new(spec: ToolSpec, policy: ToolPolicy, functions: Functions) -> Self {
        Self { spec, policy, functions }
    }

    async fn value(&self, call: &ToolCall, context: &ToolContext) -> Result<String> {
        let what = format!("tool `{}`", self.spec.name);
        match self.functions.execute.call(&what, &(&call.arguments, ContextOf::new(context))).await? {
            Outcome::Value(value) => Ok(value),
            Outcome::Failed { error, retry_after } => {
                let after = Duration::try_from_secs_f64(retry_after).unwrap_or_default();
                Err(Error::Foreign { what, source: RetryAfter::new(after, error).into() })
            }
        }
    }
}

impl fmt::Debug for JsTool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("JsTool").field("spec", &self.spec).finish_non_exhaustive()
    }
}

/// What `execute` gives: a value as text, or a failure that says after how many seconds the call may be made again.
/// Other failures it throws.
#[derive(Deserialize)]
#[serde(untagged)]
enum Outcome {
    Value(String),
    Failed { error: String, retry_after: f64 },
}

/// What JavaScript is told of a run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContextOf<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<&'a str>,
    scopes: &'a BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_left_ms: Option<f64>,
}

impl<'a> ContextOf<'a> {
    pub(crate) fn new(context: &'a ToolContext) -> Self {
        let left =
            |deadline: Instant| deadline.saturating_duration_since(Instant::now()).as_secs_f64() * 1000.0;
        Self {
            session: context.session.as_deref(),
            on_behalf_of: context.on_behalf_of.as_deref(),
            scopes: &context.scopes,
            time_left_ms: context.deadline.map(left),
        }
    }
}

#[async_trait]
impl Tool for JsTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn invoke(&self, call: &ToolCall) -> Result<String> {
        self.value(call, &ToolContext::new()).await
    }

    async fn invoke_for(&self, call: &ToolCall, context: &ToolContext) -> Result<ToolOutput> {
        Ok(ToolOutput::new(call, ToolStatus::Success, self.value(call, context).await?))
    }

    async fn version(&self, call: &ToolCall) -> Result<String> {
        match &self.functions.version {
            Some(version) => {
                version.call(&format!("version of tool `{}`", self.spec.name), &[&call.arguments]).await
            }
            None => Ok(String::new()),
        }
    }

    fn choices(&self) -> Vec<Choices> {
        self.functions.choices.iter().map(|parameter| choices(&self.functions.choose, parameter)).collect()
    }

    fn policy(&self) -> ToolPolicy {
        self.policy.clone()
    }
}

/// The values that a parameter can have.
fn choices(choose: &Method, parameter: &str) -> Choices {
    let (choose, asked) = (choose.clone(), parameter.to_owned());
    Choices::new(parameter, move |context: ToolContext| {
        let (choose, asked) = (choose.clone(), asked.clone());
        async move {
            let told = choose.call::<Value>("the function", &(asked, ContextOf::new(&context))).await;
            // Whose choices they are is said by whoever asks.
            told.map_err(|error| match error {
                Error::Foreign { source, .. } => source,
                other => other.into(),
            })
        }
    })
}
