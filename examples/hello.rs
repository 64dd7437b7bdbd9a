//! Asks a model on this machine one question.

use rushlight::{AgentExt, Assistant, LocalLlm};

#[tokio::main]
async fn main() -> rushlight::Result<()> {
    let model = std::env::args().nth(1).unwrap_or_else(|| "SmolLM2-135M-Instruct".to_owned());
    let llm = LocalLlm::open(&model).await?;
    let assistant = Assistant::builder(llm).instructions("You answer in one sentence.").build()?;

    let answer = assistant.ask("What is the capital of France?").await?;

    println!("{}", answer.text);
    Ok(())
}
