//! What every [`Agent`] does.

use std::future::Future;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use rushlight::{
    Agent, AgentExt, Answer, Error, Event, EventStream, Request, Result, ScriptedLlm, ScriptedTurn,
    SessionStore, ToolStatus,
};
use serde_json::json;

/// An agent over a scripted model, with the test tools `add` and `boom`, a session store and a cache.
#[derive(Debug)]
pub struct Subject {
    /// The agent.
    pub agent: Arc<dyn Agent>,
    /// Its model.
    pub llm: ScriptedLlm,
    /// Its session store.
    pub sessions: Arc<dyn SessionStore>,
}

/// One test for each case; the argument makes a [`Subject`] from a script.
#[macro_export]
macro_rules! agent_suite {
    ($make:expr, $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                $crate::conformance::agent::$case($make).await;
            }
        )+
    };
    ($make:expr) => {
        $crate::agent_suite!(
            $make,
            a_blank_question_is_refused_before_any_work,
            the_answer_is_the_fold_of_the_stream,
            asking_gives_the_answer_of_the_stream,
            the_text_stream_is_the_text_of_all_turns,
            calls_keep_their_ids_and_order,
            an_error_of_the_model_ends_the_stream_and_changes_nothing,
            a_dropped_run_stops_the_model_and_changes_nothing,
            nothing_happens_before_the_stream_is_read,
            a_session_remembers,
            works_behind_a_shared_pointer,
        );
    };
}

fn text(pieces: &[&str]) -> ScriptedTurn {
    let mut turn = ScriptedTurn::default();
    turn.text = pieces.iter().map(ToString::to_string).collect();
    turn
}

fn two_turns() -> Vec<ScriptedTurn> {
    let mut asks = text(&["Let me ", "see. "]);
    asks = asks
        .and_call("add", json!({"a": 1, "b": 2}))
        .and_call("boom", json!({}))
        .and_call("add", json!({"a": "x"}));
    vec![asks, text(&["It is ", "3", "."])]
}

async fn events(stream: EventStream) -> Vec<Event> {
    stream.try_collect().await.unwrap()
}

/// The text that a reader of the events has at the end: that of the last turn.
fn fold(events: &[Event]) -> String {
    let last_turn =
        events.iter().rposition(|event| matches!(event, Event::ToolOutput(_))).map_or(0, |index| index + 1);
    let texts = events[last_turn..].iter().filter_map(|event| match event {
        Event::Text { text } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn done(events: &[Event]) -> &Answer {
    let ends = events.iter().filter(|event| matches!(event, Event::Done(_))).count();
    assert_eq!(ends, 1);
    match events.last() {
        Some(Event::Done(answer)) => answer,
        other => panic!("expected the end, got {other:?}"),
    }
}

/// `run` refuses an invalid request before any work.
pub async fn a_blank_question_is_refused_before_any_work<W: Future<Output = Subject>>(
    make: impl Fn(Vec<ScriptedTurn>) -> W,
) {
    let subject = make(vec![text(&["no"])]).await;

    for question in ["", " \n\t"] {
        let Err(error) = subject.agent.run(Request::new(question)).await else { panic!("expected an error") };
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }
    assert!(subject.llm.prompts().is_empty());
}

/// The stream ends with one `Done` whose answer is the fold of the events before it.
pub async fn the_answer_is_the_fold_of_the_stream<W: Future<Output = Subject>>(
    make: impl Fn(Vec<ScriptedTurn>) -> W,
) {
    let subject = make(two_turns()).await;

    let events = events(subject.agent.run(Request::new("how many?")).await.unwrap()).await;

    let answer = done(&events);
    assert_eq!(answer.text, fold(&events));
    assert_eq!(answer.text, "It is 3.");
    assert_eq!((answer.report.turns, answer.report.tool_calls), (2, 3));
    assert!(answer.report.first_token.unwrap() <= answer.report.total);
    assert!(answer.report.tools + answer.report.retrieval + answer.report.decoding <= answer.report.total);
}

/// `ask` gives the answer that the stream ends with.
pub async fn asking_gives_the_answer_of_the_stream<W: Future<Output = Subject>>(
    make: impl Fn(Vec<ScriptedTurn>) -> W,
) {
    let streamed = events(make(two_turns()).await.agent.run(Request::new("how many?")).await.unwrap()).await;
    let streamed = done(&streamed);

    let mut asked = make(two_turns()).await.agent.ask("how many?").await.unwrap();

    asked.report = streamed.report;
    assert_eq!(&asked, streamed);
}

/// `stream_text` gives all text and only text, with a blank line between turns that say something.
pub async fn the_text_stream_is_the_text_of_all_turns<W: Future<Output = Subject>>(
    make: impl Fn(Vec<ScriptedTurn>) -> W,
) {
    let silent = || ScriptedTurn::call("add", json!({"a": 1, "b": 2}));
    let scripts = [
        (vec![text(&["one ", "", "two"])], vec!["one ", "two"]),
        (two_turns(), vec!["Let me ", "see. ", "\n\nIt is ", "3", "."]),
        (vec![silent(), text(&["It is 3."])], vec!["It is 3."]),
        (vec![two_turns().remove(0), silent(), text(&["3"])], vec!["Let me ", "see. ", "\n\n3"]),
    ];
    for (script, expected) in scripts {
        let subject = make(script).await;

        let texts = subject.agent.stream_text("how many?").await.unwrap();

        assert_eq!(texts.try_collect::<Vec<String>>().await.unwrap(), expected);
    }
}

/// Every call is announced once and answered once, in order, by its id.
pub async fn calls_keep_their_ids_and_order<W: Future<Output = Subject>>(
    make: impl Fn(Vec<ScriptedTurn>) -> W,
) {
    let subject = make(two_turns()).await;

    let events = events(subject.agent.run(Request::new("how many?")).await.unwrap()).await;

    let calls: Vec<&str> = events
        .iter()
        .filter_map(|event| if let Event::ToolCall(call) = event { Some(call.id.as_str()) } else { None })
        .collect();
    let outputs: Vec<(&str, ToolStatus)> = events
        .iter()
        .filter_map(|event| {
            if let Event::ToolOutput(output) = event {
                Some((output.call_id.as_str(), output.status))
            } else {
                None
            }
        })
        .collect();
    assert_eq!(calls, ["call_1", "call_2", "call_3"]);
    let expected = [ToolStatus::Success, ToolStatus::Error, ToolStatus::InvalidArguments];
    assert_eq!(outputs, calls.into_iter().zip(expected).collect::<Vec<_>>());
    let prompt = &subject.llm.prompts()[1];
    let answered: Vec<_> =
        prompt.messages.iter().filter_map(|message| message.tool_call_id.as_deref()).collect();
    assert_eq!(answered, ["call_1", "call_2", "call_3"]);
}

/// An error is the last item, and the session stays as it was.
pub async fn an_error_of_the_model_ends_the_stream_and_changes_nothing<W: Future<Output = Subject>>(
    make: impl Fn(Vec<ScriptedTurn>) -> W,
) {
    let mut broken = text(&["half an ans"]);
    broken.error = Some("the model broke".to_owned());
    let subject = make(vec![broken, text(&["a whole one"])]).await;
    let request = Request::new("why?").session("s");

    let items: Vec<Result<Event>> = subject.agent.run(request.clone()).await.unwrap().collect().await;

    assert!(matches!(items.as_slice(), [Ok(Event::Text { .. }), Err(Error::Foreign { .. })]), "{items:?}");
    assert!(subject.sessions.load("s").await.unwrap().is_empty());
    assert_eq!(subject.agent.ask(request).await.unwrap().text, "a whole one", "and nothing was cached");
}

/// Dropping the stream stops the generation and leaves session and cache as they were.
pub async fn a_dropped_run_stops_the_model_and_changes_nothing<W: Future<Output = Subject>>(
    make: impl Fn(Vec<ScriptedTurn>) -> W,
) {
    let subject = make(vec![text(&["one ", "two ", "three "]), text(&["whole"])]).await;
    let request = Request::new("count").session("s");
    let mut stream = subject.agent.run(request.clone()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    let taken = subject.llm.deltas();

    drop(stream);
    tokio::task::yield_now().await;

    assert_eq!(subject.llm.deltas(), taken);
    assert!(subject.sessions.load("s").await.unwrap().is_empty());
    let answer = subject.agent.ask(request).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.cached), ("whole", false));
}

/// A stream that nobody reads does no work.
pub async fn nothing_happens_before_the_stream_is_read<W: Future<Output = Subject>>(
    make: impl Fn(Vec<ScriptedTurn>) -> W,
) {
    let subject = make(vec![text(&["one"])]).await;

    let _stream = subject.agent.run(Request::new("count")).await.unwrap();
    tokio::task::yield_now().await;

    assert!(subject.llm.prompts().is_empty());
}

/// The next question of a session is asked with what was said before, and of another session without.
pub async fn a_session_remembers<W: Future<Output = Subject>>(make: impl Fn(Vec<ScriptedTurn>) -> W) {
    let subject = make(vec![text(&["Hello Ann."]), text(&["Ann."]), text(&["I do not know."])]).await;

    subject.agent.ask(Request::new("I am Ann.").session("s")).await.unwrap();
    subject.agent.ask(Request::new("Who am I?").session("s")).await.unwrap();
    subject.agent.ask(Request::new("Who am I?").session("t")).await.unwrap();

    let prompts = subject.llm.prompts();
    let said = |index: usize| prompts[index].messages.iter().any(|message| message.content == "Hello Ann.");
    assert!(said(1));
    assert!(!said(2));
    let kept: Vec<String> =
        subject.sessions.load("s").await.unwrap().into_iter().map(|message| message.content).collect();
    assert_eq!(kept, ["I am Ann.", "Hello Ann.", "Who am I?", "Ann."]);
}

/// An `Arc` of an agent is an agent.
pub async fn works_behind_a_shared_pointer<W: Future<Output = Subject>>(
    make: impl Fn(Vec<ScriptedTurn>) -> W,
) {
    let subject = make(vec![text(&["one"])]).await;
    let twice: Arc<dyn Agent> = Arc::new(subject.agent);

    assert_eq!(twice.ask("count").await.unwrap().text, "one");
}
