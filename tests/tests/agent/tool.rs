//! Agents that other agents ask.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use rushlight::retrieval::Filter;
use rushlight::{
    Agent, AgentExt, AgentTool, Answer, Assistant, Error, Event, EventStream, FunctionTool, Limits,
    MemorySessions, NoArguments, Priority, RateExcess, RateKey, Request, Result, ScriptedLlm, ScriptedTurn,
    ToolOutput, ToolPolicy, ToolStatus, Toolbox, Usage,
};
use serde_json::json;

use super::{Later, events};

fn asks(name: &str, question: &str) -> ScriptedTurn {
    ScriptedTurn::call(name, json!({"question": question}))
}

/// An agent that calls a tool which each session may use once an hour.
fn rare(script: Vec<ScriptedTurn>) -> Assistant {
    let policy = ToolPolicy::default().rate("1/h".parse().unwrap());
    let policy = policy.rate_key(RateKey::Session).rate_excess(RateExcess::Refuse);
    let post = FunctionTool::new("post", "", async |_: NoArguments| Ok::<_, String>("sent"));
    let tools = Toolbox::new().add(post.policy(policy)).unwrap();
    Assistant::builder(ScriptedLlm::new(script)).tools(tools).build().unwrap()
}

#[tokio::test]
async fn a_rate_of_each_session_is_that_of_the_session_that_asks() {
    let posts = || ScriptedTurn::call("post", json!({}));
    let said = |text: &str| ScriptedTurn::text(text);
    let inner = rare(vec![posts(), said("one"), posts(), said("two"), posts(), said("three")]);
    let script = ["a", "b", "a"].map(|_| [asks("clerk", "Post it"), said("ok")]).concat();
    let noted = Noted::new(inner);
    let tools = Toolbox::new().add(AgentTool::new("clerk", "Posts", noted.clone())).unwrap();
    let outer = Assistant::builder(ScriptedLlm::new(script)).tools(tools).sessions(MemorySessions::new());
    let outer = outer.build().unwrap();

    for session in ["a", "b", "a"] {
        outer.ask(Request::new("Go").session(session)).await.unwrap();
    }

    assert_eq!(noted.statuses(), [ToolStatus::Success, ToolStatus::Success, ToolStatus::RateLimited]);
}

/// An agent with the outputs of its tools.
#[derive(Debug, Clone)]
struct Noted {
    agent: Assistant,
    statuses: Arc<Mutex<Vec<ToolStatus>>>,
}

impl Noted {
    fn new(agent: Assistant) -> Self {
        Self { agent, statuses: Arc::default() }
    }

    fn statuses(&self) -> Vec<ToolStatus> {
        self.statuses.lock().unwrap().clone()
    }
}

#[async_trait]
impl Agent for Noted {
    async fn run(&self, request: Request) -> Result<EventStream> {
        let statuses = Arc::clone(&self.statuses);
        let events = self.agent.run(request).await?;
        Ok(Box::pin(events.inspect_ok(move |event| {
            if let Event::ToolOutput(output) = event {
                statuses.lock().unwrap().push(output.status);
            }
        })))
    }
}

fn assistant(turns: Vec<ScriptedTurn>, tool: AgentTool) -> Assistant {
    let tools = Toolbox::new().add(tool).unwrap();
    Assistant::builder(ScriptedLlm::new(turns)).tools(tools).build().unwrap()
}

/// The output of the one tool that a run calls.
async fn output(agent: &impl Agent, request: impl Into<Request>) -> ToolOutput {
    let mut outputs = events(agent, request).await.into_iter().filter_map(|event| match event {
        Event::ToolOutput(output) => Some(output),
        _ => None,
    });
    outputs.next_back().unwrap()
}

/// Notes what it is asked, and does what a function of it says.
#[derive(Clone)]
struct Noting {
    asked: Arc<Mutex<Vec<Request>>>,
    answer: fn() -> EventStream,
}

impl Noting {
    fn new(answer: fn() -> EventStream) -> Self {
        Self { asked: Arc::default(), answer }
    }
}

impl std::fmt::Debug for Noting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Noting")
    }
}

#[async_trait]
impl Agent for Noting {
    async fn run(&self, request: Request) -> Result<EventStream> {
        self.asked.lock().unwrap().push(request);
        Ok((self.answer)())
    }
}

fn fine() -> EventStream {
    let done = Event::Done(Box::new(Answer::new("Fine.")));
    stream::iter([Ok(done)]).boxed()
}

#[tokio::test]
async fn an_agent_answers_as_a_tool_and_its_tokens_count() {
    let reviewer = ScriptedLlm::new(vec![ScriptedTurn::text("It divides by zero.")]);
    let reviewer = Assistant::builder(reviewer).instructions("You review.").build().unwrap();
    let alone = reviewer.ask("Is it right?").await.unwrap().usage;
    let reviewer = ScriptedLlm::new(vec![ScriptedTurn::text("It divides by zero.")]);
    let reviewer = Assistant::builder(reviewer).instructions("You review.").build().unwrap();
    let turns = || vec![asks("reviewer", "Is it right?"), ScriptedTurn::text("No.")];
    let outer = assistant(turns(), AgentTool::new("reviewer", "Finds mistakes", reviewer));
    let without = assistant(turns(), AgentTool::new("reviewer", "Finds mistakes", Noting::new(fine)));

    let events = events(&outer, "Look at it").await;

    let Some(Event::ToolOutput(output)) = events.get(1) else { panic!("{events:?}") };
    let Some(Event::Done(answer)) = events.last() else { panic!("{events:?}") };
    assert_eq!((output.status, output.content.as_str()), (ToolStatus::Success, "It divides by zero."));
    assert_eq!(output.usage, alone);
    assert!(alone != Usage::default());
    let base = without.ask("Look at it").await.unwrap().usage;
    assert_eq!(answer.usage.output_tokens, base.output_tokens + alone.output_tokens);
    assert_eq!(answer.report.turns, 2);
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_asked_in_the_name_of_the_run_that_calls_it() {
    let noting = Noting::new(fine);
    let turns = vec![asks("helper", "Help?").delay(Duration::from_secs(20)), ScriptedTurn::text("Done.")];
    let outer = assistant(turns, AgentTool::new("helper", "Helps", noting.clone()));
    let filter: Filter = serde_json::from_value(json!({"field": "team", "equals": "red"})).unwrap();
    let request = Request::new("Go")
        .scopes(["read:code"])
        .filter(filter.clone())
        .priority(Priority::High)
        .deadline(Duration::from_mins(1))
        .parallel_calls(false);

    outer.ask(request).await.unwrap();

    let asked = noting.asked.lock().unwrap().pop().unwrap();
    assert_eq!(asked.question, "Help?");
    assert_eq!((asked.session, asked.depth), (None, 1));
    assert_eq!((asked.filter, asked.priority), (Some(filter), Priority::High));
    assert_eq!(asked.scopes, ["read:code".to_owned()].into());
    assert_eq!(asked.deadline, Some(Duration::from_secs(8)), "a fifth of the time is for the last answer");
}

#[tokio::test]
async fn an_agent_that_asks_itself_comes_to_an_end() {
    let later = Later::default();
    let tools = Toolbox::new().add(AgentTool::new("myself", "Asks again", later.clone())).unwrap();
    let mut turns: Vec<ScriptedTurn> = (0..5).map(|level| asks("myself", &format!("{level}?"))).collect();
    turns.extend(["4", "3", "2", "1", "0"].map(ScriptedTurn::text));
    let llm = ScriptedLlm::new(turns);
    later.0.set(Assistant::builder(llm.clone()).tools(tools).build().unwrap()).unwrap();

    let answer = later.ask("Go").await.unwrap();

    assert_eq!(answer.text, "0");
    assert_eq!(llm.prompts().len(), 10);
    let refused = llm.prompts()[5].messages.last().unwrap().content.clone();
    assert_eq!(refused, "`myself` was not asked: 4 agents already ask each other; answer with what is known");
}

#[tokio::test]
async fn an_agent_that_fails_is_an_output_that_the_model_reads() {
    let broken = Noting::new(|| {
        let error = Error::Foreign { what: "the index".to_owned(), source: "gone".into() };
        stream::iter([Err(error)]).boxed()
    });
    let turns = vec![asks("helper", "Help?"), ScriptedTurn::text("Nobody helps.")];
    let outer = assistant(turns, AgentTool::new("helper", "Helps", broken));

    let output = output(&outer, "Go").await;

    assert_eq!(output.status, ToolStatus::Error);
    assert_eq!(output.content, "`helper` failed: gone");
}

#[tokio::test]
async fn a_question_that_is_none_is_not_asked() {
    let noting = Noting::new(fine);
    let turns = vec![ScriptedTurn::call("helper", json!({"q": 1})), ScriptedTurn::text("Sorry.")];
    let outer = assistant(turns, AgentTool::new("helper", "Helps", noting.clone()));

    let output = output(&outer, "Go").await;

    assert_eq!(output.status, ToolStatus::InvalidArguments);
    assert!(output.content.contains("\"question\": string"), "{}", output.content);
    assert!(noting.asked.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_too_late_is_stopped() {
    let slow = || ScriptedLlm::new(vec![ScriptedTurn::text("late").delay(Duration::from_hours(1))]);
    let limits = Limits::default().deadline(Duration::from_secs(20));
    let by_itself = Assistant::builder(slow()).limits(limits).build().unwrap();
    let patient = Assistant::builder(slow()).build().unwrap();
    let tools = [
        AgentTool::new("helper", "Helps", by_itself),
        AgentTool::new("helper", "Helps", patient).timeout(Duration::from_secs(7)),
    ];
    let mut outputs = Vec::new();

    for tool in tools {
        let turns = vec![asks("helper", "Help?"), ScriptedTurn::text("Nobody helps.")];
        outputs.push(output(&assistant(turns, tool), "Go").await);
    }

    assert!(outputs.iter().all(|output| output.status == ToolStatus::Timeout), "{outputs:?}");
    assert_eq!(outputs[0].content, "`helper` gave no answer within 20s and was stopped");
    assert_eq!(outputs[1].content, "`helper` did not finish within 7s and was cancelled");
}

#[tokio::test]
async fn dropping_the_outer_run_drops_the_inner_one() {
    #[derive(Debug)]
    struct Hanging(Arc<()>);
    #[async_trait]
    impl Agent for Hanging {
        async fn run(&self, _: Request) -> Result<EventStream> {
            let running = Arc::clone(&self.0);
            let hang = async move {
                std::future::pending::<()>().await;
                drop(running);
                Err(Error::Cancelled)
            };
            Ok(stream::once(hang).boxed())
        }
    }
    let count = Arc::new(());
    let outer = assistant(
        vec![asks("helper", "Help?")],
        AgentTool::new("helper", "Helps", Hanging(Arc::clone(&count))),
    );
    let mut stream = outer.run(Request::new("Go")).await.unwrap();
    stream.try_next().await.unwrap().unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(20), stream.next()).await;
    assert!(waiting.is_err());
    let running = Arc::strong_count(&count);

    drop(stream);

    assert_eq!((running, Arc::strong_count(&count)), (3, 2));
}

#[tokio::test]
async fn a_policy_keeps_an_agent_from_being_asked() {
    let noting = Noting::new(fine);
    let policy = ToolPolicy::default().scopes(["ask:helper"]).hidden(false);
    let turns = || vec![asks("helper", "Help?"), ScriptedTurn::text("Nobody helps.")];
    let tool = || AgentTool::new("helper", "Helps", noting.clone()).policy(policy.clone());

    let denied = output(&assistant(turns(), tool()), "Go").await;
    let granted = output(&assistant(turns(), tool()), Request::new("Go").scopes(["ask:*"])).await;

    assert_eq!((denied.status, granted.status), (ToolStatus::Denied, ToolStatus::Success));
    assert_eq!(noting.asked.lock().unwrap().len(), 1);
}
