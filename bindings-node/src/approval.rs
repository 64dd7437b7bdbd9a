use std::fmt;

use async_trait::async_trait;
use rushlight::{Approval, Approver, Error, Result, ToolCall, ToolContext};
use serde_json::Value;

use crate::callback::Method;
use crate::function::ContextOf;

/// A JavaScript function that decides about tool calls.
pub(crate) struct JsApprover {
    decide: Method,
}

impl JsApprover {
    /// Whoever `decide` asks: it gets an array of a call and for which run as JSON, and gives true, false or a reason.
    pub(crate) fn new(decide: Method) -> Self {
        Self { decide }
    }
}

impl fmt::Debug for JsApprover {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JsApprover")
    }
}

#[async_trait]
impl Approver for JsApprover {
    async fn approve(&self, call: &ToolCall, context: &ToolContext) -> Result<Approval> {
        match self.decide.call("the approver", &(call, ContextOf::new(context))).await? {
            Value::Null => Ok(Approval::Pending),
            said => decision(&said).map_err(|message| Error::Foreign {
                what: "the approver".to_owned(),
                source: message.into(),
            }),
        }
    }
}

/// What true, false or a reason says.
pub(crate) fn decision(said: &Value) -> std::result::Result<Approval, String> {
    match said {
        Value::Bool(true) => Ok(Approval::Approved),
        Value::Bool(false) => Ok(Approval::refused("no reason was given")),
        Value::String(reason) => Ok(Approval::refused(reason)),
        other => Err(format!("expected true, false, a reason as a string or null, got `{other}`")),
    }
}
