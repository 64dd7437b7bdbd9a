//! Lets the model call a function: its argument's type and comments are all that the model needs to know.

use futures::TryStreamExt;
use rushlight::{Agent, Assistant, Event, FunctionTool, LocalLlm, Request, Toolbox};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
struct Parcel {
    /// The number on the label.
    number: u64,
}

#[tokio::main]
async fn main() -> rushlight::Result<()> {
    let model = std::env::args().nth(1).unwrap_or_else(|| "SmolLM2-135M-Instruct".to_owned());
    let track = FunctionTool::new("track", "Where a parcel is", async |parcel: Parcel| {
        Ok::<_, String>(format!("parcel {} is in Lyon", parcel.number))
    });
    let llm = LocalLlm::open(&model).await?;
    let assistant = Assistant::builder(llm).tools(Toolbox::new().add(track)?).build()?;

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
