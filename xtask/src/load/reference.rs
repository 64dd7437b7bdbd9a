use std::path::Path;
use std::sync::Arc;

use rushlight::retrieval::KnowledgeBaseOptions;
use rushlight::{
    Assistant, FunctionTool, KnowledgeBase, Limits, Llm, LocalLlm, Query, Retriever, Sampling, ToolCall,
    ToolRegistry, Toolbox,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::flow::PlannedCalls;
use super::latency::Latency;
use crate::corpus;
use crate::failure::Result;

/// Tokens that all prompts begin with: instructions, tools and documents.
const SHARED_TOKENS: usize = 1_200;
/// Tokens of a passage, by the encoder's count, and of the retrieved one in the prompt, by the model's.
const CHUNK_TOKENS: usize = 96;
const PASSAGE_TOKENS: usize = 200;

const TASK: &str = "You answer questions about running Kubernetes. These notes of the team come first:";
const QUESTIONS: [&str; 8] = [
    "My pod is in a crash loop. What should I check?",
    "Why would a node not be ready, and what helps?",
    "How do I find out which process fills the disk of a node?",
    "The API server is slow. Where do I look first?",
    "What does it mean that a job failed to complete?",
    "How do I see the logs of a container that is gone?",
    "A persistent volume is filling up. What can I do?",
    "Prometheus does not reach its targets. What is wrong?",
];
/// What the simulated tools return.
const FOUND: &str = "src/server/handler.rs:120 retries a request three times, waits 200 ms before each, and gives up \
    with a timeout after two seconds; the limit is read from the key server.timeout of the configuration.";

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the model's arguments change nothing that is simulated")]
struct Search {
    /// Words to look for.
    query: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the model's arguments change nothing that is simulated")]
struct Read {
    /// The file, from the repository's root.
    path: String,
}

/// What is measured: a model, documents, and what all sessions share.
#[derive(Debug)]
pub(super) struct Reference {
    llm: LocalLlm,
    documents: KnowledgeBase,
    tools: Arc<Toolbox>,
    instructions: String,
    limits: Limits,
}

impl Reference {
    /// The configuration around this model, with the documents in `folder`.
    pub(super) async fn new(llm: LocalLlm, folder: &Path, output_tokens: usize) -> Result<Self> {
        let chunks = KnowledgeBaseOptions::default().chunk_tokens(CHUNK_TOKENS).chunk_overlap(0);
        let (documents, _) = corpus::open(folder, Some("load"), chunks).await?;
        let tools = Arc::new(Toolbox::new().add(code_search())?.add(file_read())?);
        let instructions = instructions(&llm, &documents, &tools).await?;
        let limits = Limits::default()
            .max_output_tokens(output_tokens)
            .max_passages(1)
            .max_context_tokens(PASSAGE_TOKENS);
        Ok(Self { llm, documents, tools, instructions, limits })
    }

    /// The assistant of one session, whose model makes these calls.
    pub(super) fn assistant(&self, calls: impl IntoIterator<Item = ToolCall>) -> Result<Assistant> {
        Ok(Assistant::builder(PlannedCalls::new(self.llm.clone(), calls))
            .instructions(&self.instructions)
            .retriever(self.documents.clone())
            .tools(Arc::clone(&self.tools))
            .sampling(Sampling::greedy())
            .limits(self.limits.clone())
            .build()?)
    }
}

/// The question of a request: no two begin alike.
pub(super) fn question(number: usize) -> String {
    format!("Ticket {number}: {}", QUESTIONS[number % QUESTIONS.len()])
}

/// The calls of a request that needs tools: a search and a file, and for three of ten requests a second file, 2.3 in
/// the mean.
pub(super) fn calls(number: usize) -> Vec<ToolCall> {
    let call = |name, arguments| ToolCall::new("", name, arguments);
    let read = |part: &str| call("file_read", json!({"path": format!("src/ticket_{number}/{part}.rs")}));
    let search = call("code_search", json!({"query": format!("ticket {number} timeout")}));
    let mut calls = vec![search, read("handler")];
    if number % 10 < 3 {
        calls.push(read("configuration"));
    }
    calls
}

/// The task and as many passages of the documents as there is room for beside the tools.
async fn instructions(llm: &LocalLlm, documents: &KnowledgeBase, tools: &Toolbox) -> Result<String> {
    let specs = json!(tools.specs()).to_string();
    let room = SHARED_TOKENS.saturating_sub(llm.count_tokens(&specs)?);
    let query = Query::new("What to do about an alert").k(SHARED_TOKENS / 10);
    let mut text = TASK.to_owned();
    for passage in documents.retrieve(&query).await? {
        let longer = format!("{text}\n\n{}", passage.text.trim());
        if llm.count_tokens(&longer)? > room {
            break;
        }
        text = longer;
    }
    Ok(text)
}

/// A tool with the times of a search through a large repository: median 1.8 s.
fn code_search() -> FunctionTool {
    let latency = Arc::new(Latency::new(1.8, 2.3, 3.5));
    FunctionTool::new("code_search", "Search the code base", move |_: Search| found(Arc::clone(&latency)))
}

/// A tool with the times of reading files over a network: median 420 ms.
fn file_read() -> FunctionTool {
    let latency = Arc::new(Latency::new(0.42, 0.68, 0.92));
    FunctionTool::new("file_read", "Read a file of the code base", move |_: Read| found(Arc::clone(&latency)))
}

async fn found(latency: Arc<Latency>) -> Result<&'static str, String> {
    tokio::time::sleep(latency.next()).await;
    Ok(FOUND)
}
