//! Lets the model call a function: its name, comments and types are all that the model needs to know.

use futures::TryStreamExt;
use rushlight::{Agent, Assistant, Event, LocalLlm, Request, Toolbox, tool};

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
async fn main() -> rushlight::Result<()> {
    let model = std::env::args().nth(1).unwrap_or_else(|| "SmolLM2-135M-Instruct".to_owned());
    let llm = LocalLlm::open(&model).await?;
    let assistant = Assistant::builder(llm).tools(Toolbox::new().add(track::tool())?).build()?;

    let mut events = assistant.run(Request::new("Where is parcel 4711?")).await?;
    while let Some(event) = events.try_next().await? {
        match event {
            Event::ToolCall(call) => println!("-> {} {}", call.name, call.arguments),
            Event::ToolOutput(output) => println!("<- {}", output.content),
            Event::Done(answer) => println!("{}", answer.text),
            _ => {}
        }
    }
    Ok(())
}
