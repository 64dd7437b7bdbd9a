//! Requests that go to one of several agents.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use proptest::prelude::*;
use rushlight::agent::{RouterBuilder, Rule};
use rushlight::llm::Priority;
use rushlight::{
    Agent, AgentExt, Answer, Assistant, Embedder, Error, Event, EventStream, HashedEmbedder, LocalLlm,
    MemorySessions, Message, Request, Result, Route, RoutedBy, Router, ScriptedLlm, ScriptedTurn,
    SessionStore, ToolChoice, Usage,
};
use rushlight_tests::support::tiny;
use serde_json::json;

use super::events;

/// Answers with a word, and notes what it is asked.
#[derive(Debug, Clone)]
struct Says(&'static str, Arc<Mutex<Vec<Request>>>);

#[async_trait]
impl Agent for Says {
    async fn run(&self, request: Request) -> Result<EventStream> {
        self.1.lock().unwrap().push(request);
        let mut answer = Answer::new(self.0);
        answer.usage = Usage::new(100, 10, 1);
        Ok(stream::iter([Ok(Event::Done(Box::new(answer)))]).boxed())
    }
}

impl Says {
    fn new(text: &'static str) -> Self {
        Self(text, Arc::default())
    }
}

/// The fallback `general`, and what the caller makes of `billing`.
fn routing(billing: impl FnOnce(Route) -> Route) -> RouterBuilder {
    let fallback = Route::new("general", "Everything else", Says::new("general"));
    let route = Route::new("billing", "Invoices and refunds", Says::new("billing"));
    Router::builder(fallback).route(billing(route))
}

/// Who answers, why, and with which score.
async fn routed(router: &Router, request: impl Into<Request>) -> (String, RoutedBy, Option<f32>) {
    let events = events(router, request).await;
    let [Event::Routed { to, by, score }, Event::Done(answer)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&answer.text, answer.answered_by.as_ref()), (to, Some(to)));
    (to.clone(), *by, *score)
}

fn rule(to: &str) -> (String, RoutedBy, Option<f32>) {
    (to.to_owned(), RoutedBy::Rule, None)
}

fn fallback() -> (String, RoutedBy, Option<f32>) {
    ("general".to_owned(), RoutedBy::Fallback, None)
}

#[tokio::test]
async fn whole_words_choose_in_either_case() {
    let router = routing(|billing| billing.words(["refund", "money back", "C++", "größe"])).build().unwrap();

    for question in ["A REFUND, please", "I want my Money Back!", "c++", "Is C++?", "Die GRÖSSE? GRÖßE."] {
        assert_eq!(routed(&router, question).await, rule("billing"), "{question}");
    }
    for question in ["refunds", "money", "back money", "C", "größer"] {
        assert_eq!(routed(&router, question).await, fallback(), "{question}");
    }
}

#[tokio::test]
async fn the_first_route_with_a_rule_that_fits_is_chosen() {
    let late = Route::new("late", "", Says::new("late")).words(["invoice"]).pattern(r"^INV-\d+$");
    let router = routing(|billing| billing.words(["invoice"])).route(late).build().unwrap();

    assert_eq!(routed(&router, "My invoice").await, rule("billing"));
    assert_eq!(routed(&router, "INV-12").await, rule("late"));
    assert_eq!(routed(&router, "inv-12").await, fallback());
}

#[tokio::test]
async fn a_short_deadline_chooses_the_quick_agent() {
    let router = routing(|quick| quick.max_deadline(Duration::from_secs(2))).build().unwrap();
    let within = |seconds| Request::new("Why?").deadline(Duration::from_secs(seconds));

    assert_eq!(routed(&router, within(2)).await, rule("billing"));
    assert_eq!(routed(&router, within(3)).await, fallback());
    assert_eq!(routed(&router, "Why?").await, fallback());
}

/// A rule that cannot tell.
#[derive(Debug)]
struct Broken;

#[async_trait]
impl Rule for Broken {
    async fn fits(&self, _: &Request) -> Result<bool> {
        Err(Error::Cancelled)
    }
}

#[tokio::test]
async fn rules_of_the_caller_see_the_whole_request() {
    let router = routing(|billing| billing.when(|request| request.scopes.contains("pay"))).build().unwrap();
    assert_eq!(routed(&router, Request::new("Go").scopes(["pay"])).await, rule("billing"));
    assert_eq!(routed(&router, "Go").await, fallback());

    let broken = routing(|billing| billing.rule(Broken)).build().unwrap();
    assert!(matches!(broken.ask("Go").await, Err(Error::Cancelled)));
    let panicking = routing(|billing| billing.when(|_| panic!("no idea"))).build().unwrap();
    let error = panicking.ask("Go").await.unwrap_err();
    assert_eq!(error.chain(), "the run failed: panicked: no idea");
}

#[tokio::test]
async fn the_nearest_example_chooses_if_it_is_near_enough() {
    let late = Route::new("late", "", Says::new("late")).examples(["Where is my parcel?"]);
    let router = routing(|billing| billing.examples(["What do I owe?", "Cancel my invoice"])).route(late);
    let router = router.embedder(HashedEmbedder::new(256)).threshold(0.6).build().unwrap();

    let (to, by, score) = routed(&router, "Where is my red parcel?").await;
    assert_eq!((to.as_str(), by), ("late", RoutedBy::Examples));
    assert!((0.6..1.0).contains(&score.unwrap()), "{score:?}");
    let (to, _, score) = routed(&router, "what do i owe?").await;
    assert!(to == "billing" && score.unwrap() > 0.999, "{to} {score:?}");
    assert_eq!(routed(&router, "Tell me a joke").await, fallback());
}

/// Counts the texts that it embeds, and gives the vectors of another number of texts.
#[derive(Debug, Clone, Default)]
struct Counting {
    texts: Arc<Mutex<Vec<usize>>>,
    missing: usize,
}

#[async_trait]
impl Embedder for Counting {
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.texts.lock().unwrap().push(texts.len());
        Ok(vec![vec![1.0]; texts.len() - self.missing])
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn max_tokens(&self) -> usize {
        8
    }

    fn count_tokens(&self, _: &str) -> Result<usize> {
        Ok(1)
    }

    fn name(&self) -> &'static str {
        "counting"
    }
}

#[tokio::test]
async fn examples_are_embedded_once_and_rules_need_no_vectors() {
    let embedder = Counting::default();
    let router = routing(|billing| billing.words(["owe"]).examples(["a", "b"])).embedder(embedder.clone());
    let router = router.build().unwrap();

    routed(&router, "What do I owe?").await;
    assert!(embedder.texts.lock().unwrap().is_empty());
    routed(&router, "Why?").await;
    routed(&router, "Why?").await;

    assert_eq!(*embedder.texts.lock().unwrap(), [2, 1, 1]);
}

#[tokio::test]
async fn an_embedder_that_breaks_its_promise_ends_the_run() {
    let embedder = Counting { missing: 1, ..Counting::default() };
    let router = routing(|billing| billing.examples(["a", "b"])).embedder(embedder).build().unwrap();

    let error = router.ask("Why?").await.unwrap_err();

    assert_eq!(error.chain(), "embedder `counting` failed: expected 2 vectors of 1 values, got 1 others");
}

fn naming(turns: Vec<ScriptedTurn>) -> (ScriptedLlm, Router) {
    let llm = ScriptedLlm::new(turns);
    let router = routing(|billing| billing.words(["owe"])).llm(llm.clone()).build().unwrap();
    (llm, router)
}

#[tokio::test]
async fn the_model_names_one_where_no_rule_fits() {
    let says = |name: &str| ScriptedTurn::text(json!({ "agent": name }).to_string());
    let (llm, router) = naming(vec![says("billing"), says("general")]);

    let request = Request::new("My card was charged twice").priority(Priority::High);
    let answer = router.ask(request.clone()).await.unwrap();

    assert_eq!((answer.text.as_str(), answer.answered_by.as_deref()), ("billing", Some("billing")));
    assert_eq!(routed(&router, "Hi").await, ("general".to_owned(), RoutedBy::Model, None));
    assert_eq!(routed(&router, "What do I owe?").await, rule("billing"));
    let prompts = llm.prompts();
    assert_eq!(prompts.len(), 2);
    let schema = prompts[0].schema.as_ref().unwrap();
    assert_eq!(schema["properties"]["agent"]["enum"], json!(["billing", "general"]));
    assert_eq!((prompts[0].priority, prompts[0].sampling.temperature), (Priority::High, 0.0));
    let contents: Vec<&str> = prompts[0].messages.iter().map(|message| message.content.as_str()).collect();
    assert!(
        contents[0].ends_with("\n- billing: Invoices and refunds\n- general: Everything else"),
        "{contents:?}"
    );
    assert_eq!(contents[1..], ["My card was charged twice"]);
    assert!(answer.usage.input_tokens > 100 && answer.usage.output_tokens > 10, "{:?}", answer.usage);
}

#[tokio::test]
async fn a_model_of_this_machine_always_names_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = tiny::model(folder.path(), "random");
    let llm = LocalLlm::open(path.to_str().unwrap()).await.unwrap();
    let long = Route::new("x".repeat(64), "", Says::new("long")).words(["long"]);
    let router = routing(|billing| billing).route(long).llm(llm).build().unwrap();

    for question in ["Hi", "What do I owe?", "{\"agent\": \"nobody\"}", "<|im_end|>"] {
        let events = events(&router, question).await;
        assert!(matches!(events[0], Event::Routed { by: RoutedBy::Model, .. }), "{events:?}");
    }
}

#[tokio::test]
async fn a_model_that_names_nobody_leaves_it_to_the_fallback() {
    let turns = ["billing", r#"{"agent": "Billing"}"#, "", r#"{"agent": 1}"#].map(ScriptedTurn::text);
    let (_, router) = naming(turns.into());
    for _ in 0..4 {
        assert_eq!(routed(&router, "Hi").await, fallback());
    }

    let (_, broken) = naming(vec![ScriptedTurn::error("out of luck")]);
    assert_eq!(broken.ask("Hi").await.unwrap_err().chain(), "the scripted model failed: out of luck");
}

#[tokio::test(start_paused = true)]
async fn the_chosen_agent_gets_the_request_as_it_is_and_the_time_that_is_left() {
    let slow = ScriptedTurn::text(r#"{"agent": "noting"}"#).delay(Duration::from_secs(20));
    let noting = Says::new("noting");
    let router = routing(|billing| billing).route(Route::new("noting", "", noting.clone()));
    let router = router.llm(ScriptedLlm::new(vec![slow])).build().unwrap();
    let request = Request::new("Go").session("s").scopes(["pay"]).history([Message::user("Hello")]);
    let request = request.dry_run().tool_choice(ToolChoice::None).deadline(Duration::from_mins(1));

    router.ask(request.clone()).await.unwrap();

    let asked = noting.1.lock().unwrap().pop();
    // Its text and its end came 20 seconds late each.
    assert_eq!(asked, Some(request.deadline(Duration::from_secs(20))));
}

#[tokio::test(start_paused = true)]
async fn a_choice_ends_at_the_deadline() {
    let never = || ScriptedTurn::text("late").delay(Duration::from_hours(1));
    let (_, router) = naming(vec![never(), never()]);

    let error = router.ask(Request::new("Hi").deadline(Duration::from_secs(3))).await.unwrap_err();
    assert_eq!(error.to_string(), "the choice of an agent did not finish within 3s");
    let error = router.ask("Hi").await.unwrap_err();
    assert_eq!(error.to_string(), "the choice of an agent did not finish within 600s");
}

#[tokio::test]
async fn dropping_the_stream_stops_the_choice_and_the_chosen_agent() {
    let slow = || ScriptedLlm::new(vec![ScriptedTurn::text("late").delay(Duration::from_hours(1))]);
    let waits = async |stream: &mut EventStream| {
        tokio::time::timeout(Duration::from_millis(20), stream.next()).await.is_err()
    };
    let (choosing, answering) = (slow(), slow());
    let agent = Assistant::builder(answering.clone()).build().unwrap();
    let router = routing(|billing| billing).route(Route::new("slow", "", agent).words(["slow"]));
    let router = router.llm(choosing.clone()).build().unwrap();

    let mut stream = router.run(Request::new("Hi")).await.unwrap();
    assert!(waits(&mut stream).await);
    drop(stream);
    let mut stream = router.run(Request::new("slow")).await.unwrap();
    assert!(matches!(stream.try_next().await, Ok(Some(Event::Routed { .. }))));
    assert!(waits(&mut stream).await);
    drop(stream);

    assert_eq!((choosing.prompts().len(), choosing.deltas()), (1, 0));
    assert_eq!((answering.prompts().len(), answering.deltas()), (1, 0));
}

#[tokio::test]
async fn agents_with_one_store_remember_one_conversation() {
    let sessions = MemorySessions::new();
    let agent = |text: &str| {
        let llm = ScriptedLlm::new(vec![ScriptedTurn::text(text)]);
        Assistant::builder(llm).sessions(sessions.clone()).build().unwrap()
    };
    let billing = Route::new("billing", "", agent("You owe 3.")).words(["owe"]);
    let router = Router::builder(Route::new("general", "", agent("Hello."))).route(billing).build().unwrap();

    for question in ["Hi", "What do I owe?"] {
        router.ask(Request::new(question).session("ann")).await.unwrap();
    }

    let kept = sessions.load("ann").await.unwrap();
    let kept: Vec<&str> = kept.iter().map(|message| message.content.as_str()).collect();
    assert_eq!(kept, ["Hi", "Hello.", "What do I owe?", "You owe 3."]);
}

#[tokio::test]
async fn a_router_is_an_agent_of_another_one() {
    let inner = routing(|billing| billing.words(["owe"])).build().unwrap();
    let router = Router::builder(Route::new("inner", "", inner)).build().unwrap();

    let events = events(&router, "What do I owe?").await;

    let [Event::Routed { to: outer, .. }, Event::Routed { to: inner, .. }, Event::Done(answer)] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!([outer, inner], ["inner", "billing"]);
    assert_eq!(answer.answered_by.as_deref(), Some("billing"));
    assert!(matches!(router.ask(" ").await, Err(Error::Invalid { .. })));
}

#[tokio::test]
async fn a_conversation_is_handed_over_to_a_router_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("run.jsonl");
    let router = routing(|billing| billing.words(["owe"])).build().unwrap();
    let llm = ScriptedLlm::new(vec![ScriptedTurn::call("transfer_to_desk", json!({}))]);
    let recorded = Assistant::builder(llm).hand_off_to("desk", "", router).record(&journal).build().unwrap();
    let told = async |agent: Assistant| {
        let events = events(&agent, "What do I owe?").await;
        events.iter().map(|event| serde_json::to_value(event).unwrap()).collect::<Vec<_>>()
    };

    let first = told(recorded).await;
    let replayed = told(Assistant::replay(&journal).unwrap()).await;

    assert_eq!(first[3], json!({"type": "routed", "to": "billing", "by": "rule"}));
    assert_eq!(first, replayed);
}

#[test]
fn parts_that_are_wrong_are_refused() {
    let refused = |builder: RouterBuilder| builder.build().map(drop).map_err(|error| error.to_string());
    let named = |name: &str| routing(|billing| billing).route(Route::new(name, "", Says::new("")));

    assert_eq!(refused(routing(|billing| billing)), Ok(()));
    for name in ["", "two words", &"x".repeat(65)] {
        assert!(
            refused(named(name)).unwrap_err().starts_with("invalid name of a route: expected 1 to 64 of")
        );
    }
    for name in ["general", "billing"] {
        let twice = format!("invalid name of a route: expected names to be unique, got `{name}` twice");
        assert_eq!(refused(named(name)), Err(twice));
    }
    let blank = refused(routing(|billing| billing.words(["owe", " "])));
    assert_eq!(blank, Err("invalid word of route `billing`: expected some text, got none".to_owned()));
    let pattern = refused(routing(|billing| billing.pattern("(")));
    assert!(pattern.unwrap_err().starts_with("invalid pattern of route `billing`: regex parse error"));
    let no_embedder = refused(routing(|billing| billing.examples(["a"])));
    let message =
        "invalid embedder of the router: expected one for the examples of route `billing`, got none";
    assert_eq!(no_embedder, Err(message.to_owned()));
    for threshold in [1.5, f32::NAN] {
        let message = format!("invalid threshold: expected -1 to 1, got {threshold}");
        assert_eq!(refused(routing(|billing| billing).threshold(threshold)), Err(message));
    }
}

proptest! {
    #[test]
    fn a_word_is_found_among_others_whatever_its_signs(word in r"[\w.*+?()\[\]|\\^$-]{1,12}", before in r"\w{0,5}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let router = routing(|billing| billing.words([&word])).build().unwrap();

        let found = runtime.block_on(routed(&router, format!("{before} {word}, please")));

        prop_assert_eq!(found, rule("billing"));
    }
}
