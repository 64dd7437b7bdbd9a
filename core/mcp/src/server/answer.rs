use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ContentBlock, ErrorData, ProgressNotificationParam,
};
use rmcp::service::RequestContext;
use rushlight::{Result, ToolCall, ToolOutput};
use serde_json::Value;

use super::McpServer;
use super::ask::Ask;

/// What a call of a client gives. A failure that the client's model can mend is a result, not an error.
pub(super) async fn answer(
    server: &McpServer,
    params: CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let arguments = Value::Object(params.arguments.unwrap_or_default());
    let call = ToolCall::new(context.id.to_string(), params.name, arguments);
    let work = AssertUnwindSafe(called(server, &call, context)).catch_unwind();
    tokio::select! {
        result = work => result.unwrap_or_else(|_| Ok(failure(format!("`{}` panicked", call.name)))),
        () = context.ct.cancelled() => Ok(failure("cancelled".to_owned())),
    }
}

async fn called(
    server: &McpServer,
    call: &ToolCall,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    if let Some(ask) = server.ask.as_ref().filter(|ask| ask.spec().name == call.name) {
        return Ok(asked(server, ask, call, context).await);
    }
    Ok(match invoked(server, call).await {
        Ok(Some(output)) if output.is_success() => {
            CallToolResult::success(vec![ContentBlock::text(output.content)])
        }
        Ok(Some(output)) => failure(output.content),
        Ok(None) => {
            return Err(ErrorData::invalid_params(format!("no tool is named `{}`", call.name), None));
        }
        Err(error) => failure(error.chain()),
    })
}

/// The output of the first registry that offers a tool of this name; none if no one does.
async fn invoked(server: &McpServer, call: &ToolCall) -> Result<Option<ToolOutput>> {
    for registry in &server.registries {
        let specs = registry.specs_for(&server.context).await?;
        if specs.iter().any(|spec| spec.name == call.name) {
            return registry.invoke_for(call, &server.context).await.map(Some);
        }
    }
    Ok(None)
}

async fn asked(
    server: &McpServer,
    ask: &Ask,
    call: &ToolCall,
    context: &RequestContext<RoleServer>,
) -> CallToolResult {
    let token = context.meta.get_progress_token();
    let peer = context.peer.clone();
    let mut steps = 0.0;
    let progress = move |message: String| {
        steps += 1.0;
        let told =
            token.clone().map(|token| ProgressNotificationParam::new(token, steps).with_message(message));
        let peer = peer.clone();
        async move {
            if let Some(told) = told {
                // A client that is gone hears nothing.
                _ = peer.notify_progress(told).await;
            }
        }
        .boxed()
    };
    match ask.answer(&call.arguments, &server.context, progress).await {
        Ok(answer) => CallToolResult::success(vec![ContentBlock::text(answer.text)]),
        Err(error) => failure(error.chain()),
    }
}

fn failure(reason: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(reason)])
}
