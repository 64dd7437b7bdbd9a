//! Every contract can be implemented outside the crate, and an assistant built from such parts alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use rushlight::cache::{Entry, Key};
use rushlight::llm::DeltaStream;
use rushlight::retrieval::{Neighbour, VectorQuery, VectorRow, VectorStore};
use rushlight::{
    Agent, AgentExt, Answer, Assistant, Cache, Delta, Embedder, Error, Event, EventStream, FinishReason, Llm,
    Message, Passage, Prompt, Query, Request, Reranker, Result, Retriever, SessionStore, Tool, ToolCall,
    ToolOutput, ToolRegistry, ToolSpec, ToolStatus, Toolbox, Usage,
};
use serde_json::json;

#[derive(Debug)]
struct OwnAgent;

#[async_trait]
impl Agent for OwnAgent {
    async fn run(&self, request: Request) -> Result<EventStream> {
        let answer = Answer::new(request.question.to_uppercase());
        let text = Event::Text { text: answer.text.clone() };
        Ok(stream::iter([Ok(text), Ok(Event::Done(Box::new(answer)))]).boxed())
    }
}

#[derive(Debug)]
struct OwnRetriever;

#[async_trait]
impl Retriever for OwnRetriever {
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
        let passage = Passage::new("a#0", "a", format!("All about {}", query.text));
        Ok(vec![passage])
    }

    fn version(&self) -> u64 {
        1
    }
}

/// Says the content of the last message.
#[derive(Debug)]
struct OwnLlm;

#[async_trait]
impl Llm for OwnLlm {
    async fn generate(&self, prompt: Prompt) -> Result<DeltaStream> {
        let text = prompt.messages.last().map(|message| message.content.clone()).unwrap_or_default();
        let done = Delta::Done { finish_reason: FinishReason::Stop, usage: Usage::new(1, 1, 0) };
        Ok(stream::iter([Ok(Delta::Text(text)), Ok(done)]).boxed())
    }

    fn context_window(&self) -> usize {
        1000
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(text.chars().count())
    }

    fn name(&self) -> &'static str {
        "own"
    }
}

#[derive(Debug)]
struct OwnTool(ToolSpec);

#[async_trait]
impl Tool for OwnTool {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    async fn invoke(&self, call: &ToolCall) -> Result<String> {
        Ok(call.arguments.to_string())
    }
}

#[derive(Debug)]
struct OwnTools;

#[async_trait]
impl ToolRegistry for OwnTools {
    fn specs(&self) -> Vec<ToolSpec> {
        Vec::new()
    }

    async fn invoke(&self, call: &ToolCall) -> Result<ToolOutput> {
        Ok(ToolOutput::new(call, ToolStatus::UnknownTool, "there are no tools"))
    }
}

#[derive(Debug, Default)]
struct OwnCache(Mutex<HashMap<Key, Entry>>);

#[async_trait]
impl Cache for OwnCache {
    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<()> {
        self.0.lock().unwrap().insert(*key, entry);
        Ok(())
    }

    async fn remove(&self, key: &Key) -> Result<()> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}

#[derive(Debug, Default)]
struct OwnSessions(Mutex<HashMap<String, Vec<Message>>>);

#[async_trait]
impl SessionStore for OwnSessions {
    async fn load(&self, session: &str) -> Result<Vec<Message>> {
        Ok(self.0.lock().unwrap().get(session).cloned().unwrap_or_default())
    }

    async fn append(&self, session: &str, messages: Vec<Message>) -> Result<()> {
        self.0.lock().unwrap().entry(session.to_owned()).or_default().extend(messages);
        Ok(())
    }

    async fn forget(&self, session: &str) -> Result<()> {
        self.0.lock().unwrap().remove(session);
        Ok(())
    }
}

#[derive(Debug)]
struct OwnEmbedder;

#[async_trait]
impl Embedder for OwnEmbedder {
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        Ok(texts.iter().map(|_| vec![1.0]).collect())
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn max_tokens(&self) -> usize {
        256
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(text.split_whitespace().count())
    }

    fn name(&self) -> &'static str {
        "own"
    }
}

#[derive(Debug)]
struct OwnReranker;

#[async_trait]
impl Reranker for OwnReranker {
    async fn score(&self, _query: &Query, passages: &[Passage]) -> Result<Vec<f32>> {
        Ok(vec![0.0; passages.len()])
    }

    fn name(&self) -> &'static str {
        "own"
    }
}

#[derive(Debug)]
struct OwnStore;

#[async_trait]
impl VectorStore for OwnStore {
    async fn upsert(&self, _rows: Vec<VectorRow>) -> Result<()> {
        Err(Error::Foreign { what: "the store".to_owned(), source: "read only".into() })
    }

    async fn search(&self, _query: &VectorQuery) -> Result<Vec<Neighbour>> {
        Ok(Vec::new())
    }

    async fn delete(&self, _ids: &[u64]) -> Result<()> {
        Ok(())
    }

    async fn count(&self) -> Result<usize> {
        Ok(0)
    }
}

#[test]
fn every_contract_is_object_safe() {
    let _: Arc<dyn Agent> = Arc::new(OwnAgent);
    let _: Arc<dyn Retriever> = Arc::new(OwnRetriever);
    let _: Arc<dyn ToolRegistry> = Arc::new(OwnTools);
    let _: Arc<dyn Tool> = Arc::new(OwnTool(ToolSpec::new("own", "", json!({"type": "object"}))));
    let _: Arc<dyn Cache> = Arc::new(OwnCache::default());
    let _: Arc<dyn Llm> = Arc::new(OwnLlm);
    let _: Arc<dyn SessionStore> = Arc::new(OwnSessions::default());
    let _: Arc<dyn Embedder> = Arc::new(OwnEmbedder);
    let _: Arc<dyn Reranker> = Arc::new(OwnReranker);
    let _: Arc<dyn VectorStore> = Arc::new(OwnStore);
}

#[tokio::test]
async fn an_assistant_runs_on_parts_of_the_callers_own() {
    let retriever: Arc<dyn Retriever> = Arc::new(OwnRetriever);
    let assistant = Assistant::builder(OwnLlm)
        .retriever(retriever)
        .tools(OwnTools)
        .cache(OwnCache::default())
        .sessions(OwnSessions::default())
        .build()
        .unwrap();

    let first = assistant.ask(Request::new("owls").session("s")).await.unwrap();
    let other = assistant.ask(Request::new("owls").session("t")).await.unwrap();

    assert!(first.text.contains("All about owls"));
    assert_eq!(first.citations.len(), 1);
    assert_eq!((other.text, other.cached), (first.text, true));
}

#[tokio::test]
async fn an_agent_of_the_callers_own_has_the_comfort_of_ours() {
    let agent: Arc<dyn Agent> = Arc::new(OwnAgent);

    assert_eq!(agent.ask("hello").await.unwrap().text, "HELLO");
}

#[tokio::test]
async fn a_tool_of_the_callers_own_works_in_a_toolbox() {
    let spec = ToolSpec::new("own", "Says its arguments", json!({"type": "object"}));
    let toolbox = Toolbox::new().add(OwnTool(spec)).unwrap();

    let output = toolbox.invoke(&ToolCall::new("1", "own", json!({"a": 1}))).await.unwrap();

    assert_eq!(output.content, "{\"a\":1}");
}
