//! Models behind a server, by one on the loopback interface.

mod agent;
mod answers;
mod failures;
mod requests;

use rushlight::{Delta, Llm, LlmExt, Message, Prompt, RemoteLlm, RemoteLlmOptions, Result};
use rushlight_tests::support::model_server::ModelServer;

use futures::StreamExt;

/// The model of a server, of which nothing is asked twice.
fn remote(server: &ModelServer) -> RemoteLlm {
    with(server, RemoteLlmOptions::default().retries(0))
}

fn with(server: &ModelServer, options: RemoteLlmOptions) -> RemoteLlm {
    RemoteLlm::new(&server.url(), "m", options).unwrap()
}

fn prompt() -> Prompt {
    Prompt::new(vec![Message::user("Hello?")])
}

/// Everything that the stream of one answer gives.
async fn deltas(llm: &RemoteLlm, prompt: Prompt) -> Vec<Result<Delta>> {
    llm.generate(prompt).await.unwrap().collect().await
}

/// The chain of the error of one answer.
async fn failure(llm: &RemoteLlm) -> rushlight::Error {
    llm.complete(prompt()).await.unwrap_err()
}
