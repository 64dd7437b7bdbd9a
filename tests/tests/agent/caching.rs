use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use rushlight::cache::{Entry, Key};
use rushlight::{
    Agent, AgentExt, Assistant, AssistantBuilder, Cache, Error, Event, Limits, MemoryCache, MemorySessions,
    Request, Result, Sampling, ScriptedLlm, ScriptedTurn, SessionStore, Usage,
};
use serde_json::json;

use super::{Shelf, events, toolbox};

fn script(turns: usize) -> ScriptedLlm {
    ScriptedLlm::new((1..=turns).map(|number| ScriptedTurn::text(format!("answer {number}"))).collect())
}

#[tokio::test]
async fn a_cached_answer_is_one_text_and_the_end() {
    let llm = script(1);
    let assistant = Assistant::builder(llm.clone())
        .retriever(Shelf::new(&["The answer is 1."]))
        .cache(MemoryCache::default())
        .build()
        .unwrap();
    let first = assistant.ask("why?").await.unwrap();

    let replay = events(&assistant, " why? \n").await;

    let [Event::Text { text }, Event::Done(answer)] = replay.as_slice() else { panic!("{replay:?}") };
    assert_eq!((text, &answer.text), (&first.text, &first.text));
    assert_eq!((answer.cached, answer.usage, &answer.citations), (true, Usage::default(), &first.citations));
    assert!(!first.cached && answer.report.total > Duration::ZERO && answer.report.turns == 0);
    assert_eq!(llm.prompts().len(), 1);
}

#[tokio::test]
async fn everything_that_the_answer_depends_on_is_part_of_the_key() {
    let cache = MemoryCache::default();
    let llm = script(9);
    let plain = || Assistant::builder(llm.clone()).cache(cache.clone()).sessions(MemorySessions::new());
    let mut newer = Shelf::new(&["x"]);
    newer.version = 2;
    let variants: Vec<AssistantBuilder> = vec![
        plain(),
        plain().instructions("You are somebody else."),
        plain().tools(toolbox(&["add"])),
        plain().sampling(Sampling::greedy()),
        plain().limits(Limits::default().max_output_tokens(7)),
        plain().retriever(Shelf::new(&["x"])),
        plain().retriever(newer),
    ];

    for variant in variants {
        let answer = variant.build().unwrap().ask("why?").await.unwrap();
        assert!(!answer.cached, "{answer:?}");
    }

    let sessions = MemorySessions::new();
    let remembering = plain().sessions(sessions).build().unwrap();
    let request = Request::new("why?").session("s");
    assert!(remembering.ask(request.clone()).await.unwrap().cached, "an empty history is no history");
    assert!(!remembering.ask(request).await.unwrap().cached, "now there is one");
}

#[tokio::test]
async fn a_cached_answer_is_remembered_in_the_session() {
    let sessions = MemorySessions::new();
    let assistant = Assistant::builder(script(1))
        .cache(MemoryCache::default())
        .sessions(sessions.clone())
        .build()
        .unwrap();
    assistant.ask("why?").await.unwrap();

    assistant.ask(Request::new("why?").session("s")).await.unwrap();

    let kept = sessions.load("s").await.unwrap();
    assert_eq!(kept.iter().map(|message| message.content.as_str()).collect::<Vec<_>>(), ["why?", "answer 1"]);
}

#[tokio::test]
async fn an_answer_that_needed_a_tool_is_not_cached_unless_asked_for() {
    let script = || {
        let call = ScriptedTurn::call("add", json!({"a": 1, "b": 2}));
        ScriptedLlm::new(vec![call.clone(), ScriptedTurn::text("3"), call, ScriptedTurn::text("3 again")])
    };
    let builder = || Assistant::builder(script()).tools(toolbox(&["add"])).cache(MemoryCache::default());
    let careful = builder().build().unwrap();
    let bold = builder().cache_tool_answers().build().unwrap();

    for (assistant, cached) in [(careful, false), (bold, true)] {
        assistant.ask("1 + 2?").await.unwrap();
        assert_eq!(assistant.ask("1 + 2?").await.unwrap().cached, cached);
    }
}

#[tokio::test]
async fn an_answer_that_was_cut_off_is_not_cached() {
    let mut cut = ScriptedTurn::text("half");
    cut.finish_reason = Some(rushlight::FinishReason::Length);
    let llm = ScriptedLlm::new(vec![cut, ScriptedTurn::text("whole")]);
    let assistant = Assistant::builder(llm).cache(MemoryCache::default()).build().unwrap();

    assistant.ask("why?").await.unwrap();

    assert_eq!(assistant.ask("why?").await.unwrap().text, "whole");
}

#[tokio::test]
async fn the_same_question_asked_often_at_once_is_answered_once() {
    let llm = ScriptedLlm::new(vec![ScriptedTurn::text("slowly").delay(Duration::from_millis(20)); 20]);
    let assistant = Assistant::builder(llm.clone()).cache(MemoryCache::default()).build().unwrap();

    let asked = (0..20).map(|_| assistant.ask("why?"));
    let answers = futures::future::join_all(asked).await;

    assert!(answers.iter().all(|answer| answer.as_ref().unwrap().text == "slowly"));
    assert_eq!(llm.prompts().len(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.as_ref().unwrap().cached).count(), 19);
}

#[tokio::test]
async fn questions_that_use_tools_do_not_wait_for_each_other_to_the_end() {
    let call = ScriptedTurn::call("slow", json!({}));
    let llm = ScriptedLlm::new(vec![call.clone(), call, ScriptedTurn::text("a"), ScriptedTurn::text("b")]);
    let tools = toolbox(&["slow"]).timeout(Duration::from_millis(300));
    let assistant = Assistant::builder(llm).tools(tools).cache(MemoryCache::default()).build().unwrap();
    let begin = tokio::time::Instant::now();

    futures::future::join_all([assistant.ask("why?"), assistant.ask("why?")]).await;

    assert!(begin.elapsed() < Duration::from_millis(580), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_run_that_is_dropped_lets_the_next_one_take_over() {
    let llm = script(2);
    let assistant = Assistant::builder(llm).cache(MemoryCache::default()).build().unwrap();
    let mut first = assistant.run(Request::new("why?")).await.unwrap();
    first.next().await.unwrap().unwrap();
    let second = tokio::spawn({
        let assistant = assistant.clone();
        async move { assistant.ask("why?").await }
    });
    tokio::task::yield_now().await;

    drop(first);

    assert_eq!(second.await.unwrap().unwrap().text, "answer 2");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_reads_does_not_block_its_question() {
    let assistant = Assistant::builder(script(2)).cache(MemoryCache::default()).build().unwrap();
    let mut unread = assistant.run(Request::new("why?")).await.unwrap();
    unread.next().await.unwrap().unwrap();

    let answer = tokio::time::timeout(Duration::from_secs(3), assistant.ask("why?")).await.unwrap().unwrap();

    assert_eq!(answer.text, "answer 2");
}

#[derive(Debug)]
struct BrokenCache;

#[async_trait]
impl Cache for BrokenCache {
    async fn get(&self, _key: &Key) -> Result<Option<Entry>> {
        Err(Error::Stopped { what: "the cache" })
    }

    async fn put(&self, _key: &Key, _entry: Entry) -> Result<()> {
        Err(Error::Stopped { what: "the cache" })
    }

    async fn remove(&self, _key: &Key) -> Result<()> {
        Err(Error::Stopped { what: "the cache" })
    }
}

#[tokio::test]
async fn a_cache_that_fails_is_passed_over() {
    let assistant = Assistant::builder(script(1)).cache(BrokenCache).build().unwrap();

    assert_eq!(assistant.ask("why?").await.unwrap().text, "answer 1");
}

#[tokio::test]
async fn an_entry_of_another_format_counts_as_none() {
    #[derive(Debug)]
    struct OldCache;
    #[async_trait]
    impl Cache for OldCache {
        async fn get(&self, _key: &Key) -> Result<Option<Entry>> {
            Ok(Some(Entry::new(*b"{\"answer\": 1}")))
        }
        async fn put(&self, _key: &Key, _entry: Entry) -> Result<()> {
            Ok(())
        }
        async fn remove(&self, _key: &Key) -> Result<()> {
            Ok(())
        }
    }
    let assistant = Assistant::builder(script(1)).cache(OldCache).build().unwrap();

    assert!(!assistant.ask("why?").await.unwrap().cached);
}
