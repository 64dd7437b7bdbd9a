use futures::StreamExt;
use rushlight::{Delta, FinishReason, Llm, LlmExt, Message, RemoteLlmOptions, ToolCall, ToolSpec, Usage};
use rushlight_tests::conformance::llm as suite;
use rushlight_tests::support::model_server::{ModelServer, Reply, call, finish, said, text, usage};
use serde_json::{Value, json};

use super::{deltas, prompt, remote, with};

fn done(finish_reason: FinishReason, usage: Usage) -> Delta {
    Delta::Done { finish_reason, usage }
}

/// What one answer of these events gives.
async fn answer(reply: Reply) -> Vec<Delta> {
    let server = ModelServer::scripted(vec![reply]);
    let deltas = deltas(&remote(&server), prompt()).await;
    deltas.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn it_keeps_what_every_model_promises() {
    let server = ModelServer::new(|_| said(&["Hel", "lo ", "there."]));
    let llm = with(&server, RemoteLlmOptions::default().context_window(500));

    suite::a_generation_ends_with_one_done(&llm).await;
    suite::the_whole_answer_is_the_fold_of_the_stream(&llm).await;
    suite::the_same_prompt_gives_the_same_answer(&llm).await;
    suite::no_text_is_empty(&llm).await;
    suite::a_prompt_beyond_the_window_is_refused(&llm).await;
    suite::sampling_out_of_its_range_is_refused(&llm).await;
    suite::tokens_are_counted(&llm).await;
    suite::a_dropped_generation_leaves_the_model_ready(&llm).await;
    suite::works_behind_a_shared_pointer(&llm).await;
}

#[tokio::test]
async fn text_is_handed_on_as_it_comes() {
    let server = ModelServer::scripted(vec![Reply::open_events(&[text("Hel"), text("lo")]).silent()]);
    let mut stream = remote(&server).generate(prompt()).await.unwrap();

    assert_eq!(stream.next().await.unwrap().unwrap(), Delta::Text("Hel".to_owned()));
    assert_eq!(stream.next().await.unwrap().unwrap(), Delta::Text("lo".to_owned()));
    drop(stream);
    server.wait_until_gone();
}

#[tokio::test]
async fn how_the_bytes_are_cut_makes_no_difference() {
    let role = json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]});
    let nothing = json!({"choices": null});
    let events = [
        role,
        text("Na\u{ef}ve \u{1f56f}"),
        nothing,
        call(0, "a", "add", "{\"a\": \"\u{e9}\"}"),
        finish("tool_calls"),
        usage(9, 4, 2),
    ];
    let framed: Vec<String> =
        events.iter().map(|event| format!(": ping\r\n\r\ndata: {event}\r\n\r\n")).collect();
    let mut stream = framed.concat();
    stream.push_str("data: [DONE]\r\n\r\n");
    let whole = [stream.as_bytes()];
    let single: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    let triple: Vec<&[u8]> = stream.as_bytes().chunks(3).collect();

    let expected = [
        Delta::Text("Na\u{ef}ve \u{1f56f}".to_owned()),
        Delta::ToolCall(ToolCall::new("a", "add", json!({"a": "\u{e9}"}))),
        done(FinishReason::ToolCalls, Usage::new(9, 4, 2)),
    ];
    for pieces in [&whole[..], &single, &triple] {
        assert_eq!(answer(Reply::bytes("text/event-stream", pieces)).await, expected);
    }
}

#[tokio::test]
async fn an_answer_may_come_in_one_piece() {
    let calls = json!([{"id": "a", "type": "function", "function": {"name": "add", "arguments": "{}"}}]);
    let message = json!({"role": "assistant", "content": "Let me see.", "tool_calls": calls});
    let choices = json!([{"index": 0, "message": message, "finish_reason": "tool_calls"}]);
    let whole = json!({"choices": choices, "usage": {"prompt_tokens": 5, "completion_tokens": 2}});

    let expected = [
        Delta::Text("Let me see.".to_owned()),
        Delta::ToolCall(ToolCall::new("a", "add", json!({}))),
        done(FinishReason::ToolCalls, Usage::new(5, 2, 0)),
    ];
    assert_eq!(answer(Reply::json(200, &whole)).await, expected);
}

#[tokio::test]
async fn an_answer_says_why_it_ends() {
    let reason = async |events: &[Value]| match answer(Reply::events(events)).await.pop() {
        Some(Delta::Done { finish_reason, .. }) => finish_reason,
        other => panic!("expected an end, got {other:?}"),
    };

    assert_eq!(reason(&[text("a"), finish("stop")]).await, FinishReason::Stop);
    assert_eq!(reason(&[text("a"), finish("length")]).await, FinishReason::Length);
    assert_eq!(reason(&[text("a"), finish("content_filter")]).await, FinishReason::ContentFilter);
    assert_eq!(reason(&[call(0, "a", "add", "{}"), finish("stop")]).await, FinishReason::ToolCalls);
    assert_eq!(reason(&[text("a"), finish("tool_calls")]).await, FinishReason::Stop);
    assert_eq!(reason(&[text("a")]).await, FinishReason::Stop, "`[DONE]` is an end, too");
    let without_done = answer(Reply::open_events(&[text("a"), finish("length")])).await;
    assert!(matches!(without_done[1], Delta::Done { finish_reason: FinishReason::Length, .. }));
}

#[tokio::test]
async fn what_a_server_does_not_tell_is_counted_by_bytes() {
    let deltas = answer(Reply::events(&[text("12345"), finish("stop")])).await;

    assert_eq!(deltas[1], done(FinishReason::Stop, Usage::new(2, 2, 0)));
}

#[tokio::test]
async fn what_a_model_thinks_is_no_part_of_its_text_and_a_refusal_is() {
    let thought = json!({"choices": [{"delta": {"reasoning_content": "Hm.", "reasoning": "Hm."}}]});
    let refused = json!({"choices": [{"delta": {"refusal": "No."}}]});
    let other = json!({"choices": [{"index": 1, "delta": {"content": "Second choice."}}]});

    let deltas = answer(Reply::events(&[thought, refused, other, finish("stop"), usage(1, 1, 0)])).await;

    assert_eq!(deltas, [Delta::Text("No.".to_owned()), done(FinishReason::Stop, Usage::new(1, 1, 0))]);
}

#[tokio::test]
async fn ids_are_those_of_no_earlier_call() {
    let pieces =
        [call(0, "", "now", "{}"), call(1, "used", "now", "{}"), finish("tool_calls"), usage(1, 1, 0)];
    let server = ModelServer::scripted(vec![Reply::events(&pieces)]);
    let earlier = ToolCall::new("used", "now", json!({}));
    let prompt = rushlight::Prompt::new(vec![Message::user("When?"), Message::assistant("", vec![earlier])]);

    let calls = remote(&server).complete(prompt).await.unwrap().tool_calls;

    assert_eq!(calls.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["call_2", "call_3"]);
}

#[tokio::test]
async fn one_call_is_one_call_also_of_a_server_that_knows_no_such_limit() {
    let pieces = [call(0, "a", "now", "{}"), call(1, "b", "now", "{}"), finish("tool_calls")];
    let server = ModelServer::scripted(vec![Reply::events(&pieces)]);
    let tools = vec![ToolSpec::new("now", "", json!({"type": "object"}))];

    let completion = remote(&server).complete(prompt().tools(tools).parallel_calls(false)).await.unwrap();

    assert_eq!(completion.tool_calls, [ToolCall::new("a", "now", json!({}))]);
}

/// Whether one of many requests uses the connection of the one before: it can as soon as a thread has seen the end of that.
async fn is_used_again(server: &ModelServer) -> bool {
    let llm = remote(server);
    for _ in 0..200 {
        let before = server.connections();
        // A refusal is a reply, too.
        let _ = llm.complete(prompt()).await;
        if before > 0 && server.connections() == before {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn connections_are_used_again_after_whole_replies_only() {
    assert!(is_used_again(&ModelServer::new(|_| said(&["a"]))).await);
    assert!(is_used_again(&ModelServer::new(|_| Reply::refusal(400, "no"))).await);

    let server = ModelServer::scripted(vec![said(&["a"]).silent(), said(&["b"])]);
    let llm = remote(&server);
    drop(llm.generate(prompt()).await.unwrap());
    server.wait_until_gone();
    llm.complete(prompt()).await.unwrap();
    assert_eq!(server.connections(), 2);
}
