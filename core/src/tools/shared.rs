use std::sync::Arc;

use async_trait::async_trait;

use super::{Choices, Tool, ToolContext, ToolPolicy, ToolRegistry};
use crate::Result;
use crate::message::{ToolCall, ToolOutput, ToolSpec};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Tool + ?Sized> Tool for Arc<T> {
    fn spec(&self) -> &ToolSpec {
        (**self).spec()
    }

    async fn invoke(&self, call: &ToolCall) -> Result<String> {
        (**self).invoke(call).await
    }

    async fn invoke_for(&self, call: &ToolCall, context: &ToolContext) -> Result<ToolOutput> {
        (**self).invoke_for(call, context).await
    }

    async fn preview(&self, call: &ToolCall, context: &ToolContext) -> Result<Option<String>> {
        (**self).preview(call, context).await
    }

    async fn version(&self, call: &ToolCall) -> Result<String> {
        (**self).version(call).await
    }

    fn choices(&self) -> Vec<Choices> {
        (**self).choices()
    }

    fn policy(&self) -> ToolPolicy {
        (**self).policy()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<R: ToolRegistry + ?Sized> ToolRegistry for Arc<R> {
    fn specs(&self) -> Vec<ToolSpec> {
        (**self).specs()
    }

    async fn invoke(&self, call: &ToolCall) -> Result<ToolOutput> {
        (**self).invoke(call).await
    }

    async fn specs_for(&self, context: &ToolContext) -> Result<Vec<ToolSpec>> {
        (**self).specs_for(context).await
    }

    async fn invoke_for(&self, call: &ToolCall, context: &ToolContext) -> Result<ToolOutput> {
        (**self).invoke_for(call, context).await
    }
}
