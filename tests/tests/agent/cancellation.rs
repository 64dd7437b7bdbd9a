use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use rushlight::{
    Agent, AgentExt, Assistant, Error, FunctionTool, Limits, MemorySessions, Message, NoArguments, Passage,
    Query, Request, Result, Retriever, ScriptedLlm, ScriptedTurn, SessionStore, Toolbox,
};
use serde_json::json;

#[tokio::test]
async fn dropping_the_stream_drops_running_tools() {
    struct Running(Arc<AtomicUsize>);
    impl Drop for Running {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let running = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&running);
    let hang = FunctionTool::new("hang", "", move |_: serde_json::Map<String, serde_json::Value>| {
        count.fetch_add(1, Ordering::SeqCst);
        let guard = Running(Arc::clone(&count));
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            Ok::<_, String>(())
        }
    });
    let turn = ScriptedTurn::call("hang", json!({"n": 1})).and_call("hang", json!({"n": 2}));
    let sessions = MemorySessions::new();
    let assistant = Assistant::builder(ScriptedLlm::new(vec![turn]))
        .tools(Toolbox::new().add(hang).unwrap())
        .sessions(sessions.clone())
        .build()
        .unwrap();
    let mut stream = assistant.run(Request::new("wait").session("s")).await.unwrap();
    stream.next().await.unwrap().unwrap();
    stream.next().await.unwrap().unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(20), stream.next()).await;
    assert!(waiting.is_err());
    assert_eq!(running.load(Ordering::SeqCst), 2);

    drop(stream);

    assert_eq!(running.load(Ordering::SeqCst), 0);
    assert!(sessions.load("s").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn tools_that_block_their_thread_defeat_no_deadline() {
    let stuck = FunctionTool::new("stuck", "", async |_: NoArguments| {
        std::thread::sleep(Duration::from_secs(2));
        Ok::<_, String>(())
    });
    let turn = ScriptedTurn::call("stuck", json!({})).and_call("stuck", json!({}));
    let llm = ScriptedLlm::new(vec![turn, ScriptedTurn::text("too late")]);
    let assistant = Assistant::builder(llm)
        .tools(Toolbox::new().add(stuck).unwrap())
        .limits(Limits::default().deadline(Duration::from_millis(100)))
        .build()
        .unwrap();
    let begin = std::time::Instant::now();

    let answer = tokio::spawn(async move { assistant.ask("wait").await }).await.unwrap().unwrap();

    assert_eq!((answer.text.as_str(), answer.report.tool_calls), ("too late", 2));
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_at_its_deadline() {
    let slow = ScriptedTurn::text("too late").delay(Duration::from_hours(1));
    let limits = Limits::default().deadline(Duration::from_secs(30));
    let assistant = Assistant::builder(ScriptedLlm::new(vec![slow])).limits(limits).build().unwrap();

    let error = assistant.ask("why?").await.unwrap_err();

    assert!(matches!(error, Error::Timeout { after, .. } if after == Duration::from_secs(30)), "{error}");
    assert!(error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_pauses_does_not_make_tools_time_out() {
    let quick = FunctionTool::new("quick", "", async |_: NoArguments| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok::<_, String>("in time")
    });
    let turn = ScriptedTurn::call("quick", json!({})).and_call("quick", json!({"again": true}));
    let llm = ScriptedLlm::new(vec![turn, ScriptedTurn::text("done")]);
    let assistant = Assistant::builder(llm).tools(Toolbox::new().add(quick).unwrap()).build().unwrap();
    let mut stream = assistant.run(Request::new("go")).await.unwrap();
    let mut outputs = Vec::new();

    while let Some(event) = stream.try_next().await.unwrap() {
        tokio::time::advance(Duration::from_mins(1)).await;
        if let rushlight::Event::ToolOutput(output) = event {
            outputs.push(output.content);
        }
    }

    assert_eq!(outputs, ["in time", "in time"]);
}

#[derive(Debug)]
struct BrokenRetriever;

#[async_trait]
impl Retriever for BrokenRetriever {
    async fn retrieve(&self, _query: &Query) -> Result<Vec<Passage>> {
        panic!("the index is gone")
    }

    fn version(&self) -> u64 {
        0
    }
}

#[tokio::test]
async fn a_part_that_panics_ends_the_run_with_an_error() {
    let assistant =
        Assistant::builder(ScriptedLlm::new(Vec::new())).retriever(BrokenRetriever).build().unwrap();

    let error = assistant.ask("why?").await.unwrap_err();

    assert_eq!(error.chain(), "the run failed: panicked: the index is gone");
}

#[derive(Debug)]
struct FullSessions;

#[async_trait]
impl SessionStore for FullSessions {
    async fn load(&self, _session: &str) -> Result<Vec<Message>> {
        Ok(Vec::new())
    }

    async fn append(&self, _session: &str, _messages: Vec<Message>) -> Result<()> {
        Err(Error::Overloaded { what: "the session store", limit: 0 })
    }

    async fn forget(&self, _session: &str) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_written_ends_the_run_with_its_error() {
    let llm = ScriptedLlm::new(vec![ScriptedTurn::text("hello")]);
    let assistant = Assistant::builder(llm).sessions(FullSessions).build().unwrap();

    let error = assistant.ask(Request::new("why?").session("s")).await.unwrap_err();

    assert!(matches!(error, Error::Overloaded { .. }), "{error}");
}

#[tokio::test]
async fn a_session_without_a_store_is_refused() {
    let assistant = Assistant::builder(ScriptedLlm::new(Vec::new())).build().unwrap();

    let error = assistant.ask(Request::new("why?").session("s")).await.unwrap_err();

    assert!(error.to_string().contains("session `s`"), "{error}");
}
