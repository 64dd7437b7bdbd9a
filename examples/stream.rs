//! Shows an answer while it is written, and stops the model by leaving the loop.

use std::io::Write;

use futures::TryStreamExt;
use rushlight::{Agent, Assistant, Event, LocalLlm, Request};

#[tokio::main]
async fn main() -> rushlight::Result<()> {
    let model = std::env::args().nth(1).unwrap_or_else(|| "SmolLM2-135M-Instruct".to_owned());
    let assistant = Assistant::builder(LocalLlm::open(&model).await?).build()?;

    let mut events = assistant.run(Request::new("Count from 1 to 1000.")).await?;
    let mut pieces = 0;
    while let Some(event) = events.try_next().await? {
        if let Event::Text { text } = event {
            print!("{text}");
            std::io::stdout().flush().ok();
            pieces += 1;
        }
        if pieces == 30 {
            break;
        }
    }
    drop(events);

    println!("\nstopped after {pieces} pieces");
    Ok(())
}
