use futures::TryStreamExt;
use rushlight::tools::builtin;
use rushlight::{Agent, AgentExt, Assistant, Event, Message, RemoteLlmOptions, Request, ToolStatus, Toolbox};
use rushlight_tests::support::model_server::{ModelServer, Reply, call, finish, said, text, usage};
use serde_json::Value;

use super::with;

fn assistant(server: &ModelServer) -> Assistant {
    let tools = Toolbox::new().add(builtin::calculate()).unwrap();
    Assistant::builder(with(server, RemoteLlmOptions::default())).tools(tools).build().unwrap()
}

fn calls(arguments: &str) -> Reply {
    let (first, rest) = arguments.split_at(arguments.len() / 2);
    Reply::events(&[
        call(0, "c1", "calculate", first),
        call(0, "", "", rest),
        finish("tool_calls"),
        usage(5, 2, 0),
    ])
}

async fn events(server: &ModelServer) -> Vec<Event> {
    assistant(server).run(Request::new("What is 6 * 7?")).await.unwrap().try_collect().await.unwrap()
}

#[tokio::test]
async fn an_assistant_calls_tools_and_streams_its_answer() {
    let server = ModelServer::scripted(vec![calls(r#"{"expression": "6 * 7"}"#), said(&["It is ", "42."])]);

    let events = events(&server).await;

    let words: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(words, ["It is ", "42."]);
    let Some(Event::Done(answer)) = events.last() else { panic!("expected an end, got {events:?}") };
    assert_eq!((answer.usage.input_tokens, answer.usage.output_tokens), (12, 5));
    let messages = server.asked().pop().unwrap().body["messages"].clone();
    let output = messages.as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&output["role"], &output["content"], &output["tool_call_id"]),
        (&"tool".into(), &"42".into(), &"c1".into())
    );
}

#[tokio::test]
async fn arguments_that_are_no_json_are_explained_and_mended() {
    let broken = r#"{"expression": "6 * "#;
    let server =
        ModelServer::scripted(vec![calls(broken), calls(r#"{"expression": "6 * 7"}"#), said(&["42."])]);

    let outputs: Vec<_> = events(&server)
        .await
        .into_iter()
        .filter_map(|event| match event {
            Event::ToolOutput(output) => Some((output.status, output.content)),
            _ => None,
        })
        .collect();

    assert_eq!(outputs[0].0, ToolStatus::InvalidArguments);
    assert!(
        outputs[0].1.contains("expected a JSON object, got `{\"expression\": \"6 * `"),
        "{}",
        outputs[0].1
    );
    assert_eq!(outputs[1], (ToolStatus::Success, "42".to_owned()));
    let second = &server.asked()[1].body["messages"];
    let roles: Vec<&Value> = second.as_array().unwrap().iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool"]);
    assert_eq!(second[2]["tool_calls"][0]["function"]["arguments"], "{}", "servers read what they are sent");
}

#[tokio::test]
async fn a_busy_server_is_asked_again_within_a_run() {
    let busy = Reply::refusal(429, "slow down").header("retry-after", "0");
    let server =
        ModelServer::scripted(vec![busy.clone(), calls(r#"{"expression": "6 * 7"}"#), busy, said(&["42."])]);

    let answer = assistant(&server).ask("What is 6 * 7?").await.unwrap();

    assert_eq!((answer.text.as_str(), server.asked().len()), ("42.", 4));
}

#[tokio::test]
async fn a_history_that_is_too_long_for_the_server_loses_its_oldest_turn() {
    let long = "maximum context length is 100 tokens, got 120";
    let server = ModelServer::scripted(vec![Reply::refusal(400, long), said(&["Hi."])]);
    let history = ["one", "two"].map(Message::user).to_vec();

    assistant(&server).ask(Request::new("three").history(history)).await.unwrap();

    let lengths: Vec<usize> =
        server.asked().iter().map(|asked| asked.body["messages"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [4, 3]);
}

#[tokio::test]
async fn dropping_the_events_closes_the_connection() {
    let server = ModelServer::scripted(vec![Reply::open_events(&[text("Once")]).silent()]);
    let mut events = assistant(&server).run(Request::new("Tell me a story.")).await.unwrap();
    assert!(matches!(events.try_next().await.unwrap(), Some(Event::Text { .. })));

    drop(events);

    server.wait_until_gone();
}
