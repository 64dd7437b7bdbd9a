//! Takes the tools of another program, by the Model Context Protocol: of this one, which is started once more as a server.

use futures::TryStreamExt;
use rushlight::llm::ScriptedTurn;
use rushlight::{Agent, Assistant, Event, Request, ScriptedLlm, ToolRegistry, Toolbox, tool};
use rushlight_mcp::{McpServer, McpTools, McpToolsOptions, StdioEndpoint};
use serde_json::json;

/// Where a parcel is
#[tool]
fn track(
    /// The number on the label
    number: u64,
) -> Result<String, String> {
    match number {
        0 => Err("no parcel has the number 0".to_owned()),
        _ => Ok(format!("parcel {number} is in Lyon")),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        let tools = Toolbox::new().add(track::tool())?;
        return Ok(McpServer::new("parcels").tools(tools).serve_stdio().await?);
    }
    // A script in place of a model: a small one does not always call the tool.
    let llm = ScriptedLlm::new(vec![
        ScriptedTurn::call("track", json!({"number": 4711})),
        ScriptedTurn::text("It is in Lyon."),
    ]);

    let server = StdioEndpoint::new(std::env::current_exe()?.to_string_lossy()).arg("serve");
    let tools = McpTools::connect(server, McpToolsOptions::default()).await?;
    let names: Vec<String> = tools.specs().into_iter().map(|spec| spec.name).collect();
    println!("tools: {}", names.join(" "));
    let assistant = Assistant::builder(llm).tools(tools.clone()).build()?;

    let mut events = assistant.run(Request::new("Where is parcel 4711?")).await?;
    while let Some(event) = events.try_next().await? {
        match event {
            Event::ToolCall(call) => println!("-> {} {}", call.name, call.arguments),
            Event::ToolOutput(output) => println!("<- {}", output.content),
            Event::Done(answer) => println!("{}", answer.text),
            _ => {}
        }
    }
    tools.close().await;
    Ok(())
}
