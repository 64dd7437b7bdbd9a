//! Conversations that another agent goes on with.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use rushlight::{
    Agent, AgentExt, Answer, Assistant, AssistantBuilder, Event, EventStream, FunctionTool, MemoryCache,
    MemorySessions, Message, NoArguments, RateExcess, RateKey, Request, Result, ScriptedLlm, ScriptedTurn,
    SessionStore, ToolChoice, ToolPolicy, ToolStatus, Toolbox, Usage,
};
use serde_json::json;

use super::{Later, events, toolbox};

fn transfer() -> ScriptedTurn {
    ScriptedTurn::call("transfer_to_billing", json!({}))
}

fn handing_over(turns: Vec<ScriptedTurn>, to: impl Agent) -> AssistantBuilder {
    Assistant::builder(ScriptedLlm::new(turns)).hand_off_to("billing", "Invoices and refunds", to)
}

fn billing(turns: Vec<ScriptedTurn>) -> Assistant {
    Assistant::builder(ScriptedLlm::new(turns)).tools(toolbox(&["add"])).build().unwrap()
}

/// Notes what it is asked.
#[derive(Debug, Clone, Default)]
struct Noting(Arc<Mutex<Vec<Request>>>);

#[async_trait]
impl Agent for Noting {
    async fn run(&self, request: Request) -> Result<EventStream> {
        self.0.lock().unwrap().push(request);
        let mut answer = Answer::new("Paid.");
        answer.usage = Usage::new(100, 10, 1);
        Ok(stream::iter([Ok(Event::Done(Box::new(answer)))]).boxed())
    }
}

impl Noting {
    fn asked(&self) -> Request {
        self.0.lock().unwrap().pop().unwrap()
    }
}

#[tokio::test]
async fn the_other_agent_goes_on_and_its_answer_is_that_of_the_run() {
    let adds = ScriptedTurn::call("add", json!({"a": 1, "b": 2}));
    let other = billing(vec![adds, ScriptedTurn::text("You owe 3.")]);
    let agent = handing_over(vec![transfer()], other).build().unwrap();

    let events = events(&agent, "What do I owe?").await;

    let [Event::ToolCall(asks), Event::ToolOutput(moved), Event::HandedOff { to }, rest @ ..] = &events[..]
    else {
        panic!("{events:?}")
    };
    let [Event::ToolCall(call), Event::ToolOutput(output), Event::Text { text }, Event::Done(answer)] = rest
    else {
        panic!("{events:?}")
    };
    assert_eq!((asks.name.as_str(), to.as_str()), ("transfer_to_billing", "billing"));
    assert_eq!((moved.status, moved.content.as_str()), (ToolStatus::Success, "`billing` goes on"));
    assert_eq!((call.name.as_str(), output.content.as_str()), ("add", "3"));
    assert!(asks.id != call.id && call.id == output.call_id, "{events:?}");
    assert_eq!((text.as_str(), answer.text.as_str()), ("You owe 3.", "You owe 3."));
    assert_eq!(answer.answered_by.as_deref(), Some("billing"));
    assert_eq!((answer.report.turns, answer.report.tool_calls), (3, 2));
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_the_same_with_what_was_said_before_and_the_time_that_is_left() {
    let noting = Noting::default();
    let turns =
        vec![ScriptedTurn::call("add", json!({"a": 1, "b": 2})).delay(Duration::from_secs(20)), transfer()];
    let sessions = MemorySessions::new();
    let before = vec![Message::user("I am Ann."), Message::assistant("Hello Ann.", Vec::new())];
    sessions.append("s", before).await.unwrap();
    let agent = handing_over(turns, noting.clone()).tools(toolbox(&["add"])).sessions(sessions.clone());
    let request = Request::new("What do I owe?").session("s").scopes(["pay"]);
    let request = request.deadline(Duration::from_mins(1)).tool_choice(ToolChoice::Required);

    let answer = agent.build().unwrap().ask(request).await.unwrap();

    let asked = noting.asked();
    assert_eq!((asked.question.as_str(), asked.session, asked.depth), ("What do I owe?", None, 1));
    assert_eq!((asked.scopes, asked.tool_choice), (["pay".to_owned()].into(), ToolChoice::Auto));
    assert_eq!(asked.deadline, Some(Duration::from_secs(20)));
    let said: Vec<&str> = asked.history.iter().map(|message| message.content.as_str()).collect();
    let expected = ["I am Ann.", "Hello Ann.", "What do I owe?", "", "3", "Somebody else goes on with this."];
    assert_eq!(said, expected);
    assert!(answer.usage.input_tokens > 100 && answer.usage.cached_tokens == 1);
    let kept = sessions.load("s").await.unwrap();
    let kept: Vec<&str> = kept.iter().map(|message| message.content.as_str()).collect();
    assert_eq!(kept, ["I am Ann.", "Hello Ann.", "What do I owe?", "", "3", "Paid."]);
}

#[tokio::test]
async fn a_rate_of_each_session_holds_behind_a_hand_off() {
    let policy = ToolPolicy::default().rate("1/h".parse().unwrap());
    let policy = policy.rate_key(RateKey::Session).rate_excess(RateExcess::Refuse);
    let post = FunctionTool::new("post", "", async |_: NoArguments| Ok::<_, String>("sent"));
    let tools = Toolbox::new().add(post.policy(policy)).unwrap();
    let posts = || [ScriptedTurn::call("post", json!({})), ScriptedTurn::text("Done.")];
    let script = [posts(), posts(), posts()].concat();
    let other = Assistant::builder(ScriptedLlm::new(script)).tools(tools).build().unwrap();
    let agent = Assistant::builder(ScriptedLlm::new(vec![transfer(), transfer(), transfer()]))
        .hand_off_to("billing", "Bills", other)
        .sessions(MemorySessions::new())
        .build()
        .unwrap();

    let mut statuses = Vec::new();
    for session in ["a", "b", "a"] {
        for event in events(&agent, Request::new("Go").session(session)).await {
            if let Event::ToolOutput(output) = event
                && output.name == "post"
            {
                statuses.push(output.status);
            }
        }
    }

    assert_eq!(statuses, [ToolStatus::Success, ToolStatus::Success, ToolStatus::RateLimited]);
}

#[tokio::test]
async fn other_calls_of_the_turn_are_not_run() {
    let turn = ScriptedTurn::call("add", json!({"a": 1, "b": 2})).and_call("transfer_to_billing", json!({}));
    let agent = handing_over(vec![turn], Noting::default()).tools(toolbox(&["add"])).build().unwrap();

    let events = events(&agent, "Go").await;

    let Some(Event::ToolOutput(output)) = events.get(2) else { panic!("{events:?}") };
    assert_eq!(output.status, ToolStatus::Refused);
    assert_eq!(output.content, "`add` was not run: the conversation was handed over to `billing`");
}

#[tokio::test]
async fn what_another_agent_answered_is_not_kept() {
    let cache = MemoryCache::default();
    let agent =
        || handing_over(vec![transfer()], Noting::default()).cache(cache.clone()).cache_tool_answers();

    for _ in 0..2 {
        let answer = agent().build().unwrap().ask("Go").await.unwrap();
        assert!(!answer.cached && answer.answered_by.is_some());
    }
}

#[tokio::test]
async fn agents_that_hand_over_to_each_other_come_to_an_end() {
    let later = Later::default();
    let turns: Vec<ScriptedTurn> =
        (0..4).map(|_| transfer()).chain([ScriptedTurn::text("I do it.")]).collect();
    let llm = ScriptedLlm::new(turns);
    let agent = Assistant::builder(llm.clone()).hand_off_to("billing", "Itself", later.clone());
    later.0.set(agent.build().unwrap()).unwrap();

    let answer = later.ask("Go").await.unwrap();

    assert_eq!((answer.text.as_str(), answer.answered_by.as_deref()), ("I do it.", Some("billing")));
    let offered: Vec<usize> = llm.prompts().iter().map(|prompt| prompt.tools.len()).collect();
    assert_eq!(offered, [1, 1, 1, 1, 0]);
}

#[tokio::test]
async fn an_agent_that_fails_ends_the_run_and_leaves_no_trace() {
    let sessions = MemorySessions::new();
    let broken =
        Assistant::builder(ScriptedLlm::new(vec![ScriptedTurn::error("out of luck")])).build().unwrap();
    let agent = handing_over(vec![transfer()], broken).sessions(sessions.clone()).build().unwrap();

    let error = agent.ask(Request::new("Go").session("s")).await.unwrap_err();

    assert_eq!(error.chain(), "the scripted model failed: out of luck");
    assert!(sessions.load("s").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_of_another_agent_fits_the_schema_too() {
    let agent = handing_over(vec![transfer()], Noting::default()).build().unwrap();

    let error = agent.ask(Request::new("Go").schema(json!({"type": "integer"}))).await.unwrap_err();

    assert!(error.chain().contains("does not fit the schema"), "{}", error.chain());
}

#[tokio::test]
async fn dropping_the_stream_stops_the_other_agent() {
    let slow = ScriptedTurn::text("late").delay(Duration::from_hours(1));
    let llm = ScriptedLlm::new(vec![slow]);
    let other = Assistant::builder(llm.clone()).build().unwrap();
    let agent = handing_over(vec![transfer()], other).build().unwrap();
    let mut stream = agent.run(Request::new("Go")).await.unwrap();
    for _ in 0..3 {
        stream.try_next().await.unwrap().unwrap();
    }
    assert!(tokio::time::timeout(Duration::from_millis(20), stream.next()).await.is_err());

    drop(stream);

    assert_eq!((llm.prompts().len(), llm.deltas()), (1, 0));
}

#[test]
fn names_that_no_tool_can_have_are_refused() {
    let build = |names: &[&str]| {
        let builder = Assistant::builder(ScriptedLlm::new(Vec::new())).tools(toolbox(&["add"]));
        let with = |builder: AssistantBuilder, name: &&str| builder.hand_off_to(*name, "", Noting::default());
        names.iter().fold(builder, with).build().map(drop).map_err(|error| error.to_string())
    };
    let long = "x".repeat(53);

    assert_eq!(build(&["billing", &long[1..]]), Ok(()));
    for name in ["", "two words", long.as_str()] {
        assert!(build(&[name]).unwrap_err().contains("expected 1 to 52 of `[a-zA-Z0-9_-]`"), "{name}");
    }
    let twice = "invalid name of a hand-off: expected names to be unique, got `a` twice";
    assert_eq!(build(&["a", "a"]), Err(twice.to_owned()));
}
