use std::collections::BTreeMap;

use rushlight::llm::Dialect;
use rushlight::{
    ErrorKind, Llm, LlmExt, Message, Prompt, RemoteLlm, RemoteLlmOptions, Sampling, ToolCall, ToolChoice,
    ToolOutput, ToolSpec, ToolStatus,
};
use rushlight_tests::support::model_server::{Asked, ModelServer, said};
use serde_json::{Value, json};

use super::{prompt, with};

/// What is asked for a prompt.
async fn asked(options: RemoteLlmOptions, prompt: Prompt) -> Asked {
    let server = ModelServer::scripted(vec![said(&["Hi."])]);
    with(&server, options).complete(prompt).await.unwrap();
    server.asked().remove(0)
}

async fn body(prompt: Prompt) -> Value {
    asked(RemoteLlmOptions::default(), prompt).await.body
}

fn add() -> ToolSpec {
    ToolSpec::new("add", "Adds", json!({"type": "object"}))
}

#[tokio::test]
async fn a_request_has_what_the_protocol_asks_for() {
    let options = RemoteLlmOptions::default()
        .api_key("secret".to_owned())
        .headers(BTreeMap::from([("OpenAI-Organization".to_owned(), "org-1".to_owned())]))
        .extra(json!({"reasoning_effort": "low"}).as_object().unwrap().clone());
    let mut prompt = prompt().stop(vec!["END".to_owned()]).max_output_tokens(12);
    prompt.sampling = Sampling::greedy().seed(7);

    let Asked { head, body } = asked(options, prompt).await;

    assert!(head.starts_with("post /v1/chat/completions http/1.1"), "{head}");
    for header in
        ["authorization: bearer secret", "openai-organization: org-1", "content-type: application/json"]
    {
        assert!(head.contains(header), "{head}");
    }
    let expected = json!({
        "model": "m", "messages": [{"role": "user", "content": "Hello?"}], "stream": true,
        "stream_options": {"include_usage": true}, "temperature": 0.0, "top_p": 0.95, "seed": 7, "max_tokens": 12,
        "stop": ["END"], "reasoning_effort": "low",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn the_conversation_is_sent_with_calls_and_outputs() {
    let mended = ToolCall::new("call_1", "add", json!("{\"a\": 1, \"b\": "));
    let call = ToolCall::new("call_2", "add", json!({"a": 1}));
    let messages = vec![
        Message::system("Be brief."),
        Message::user("1 + 2?"),
        Message::assistant("", vec![mended]),
        Message::assistant("Once more.", vec![call.clone()]),
        Message::tool(&ToolOutput::new(&call, ToolStatus::Success, "3")),
    ];

    let body = body(Prompt::new(messages)).await;

    let called = |id: &str, arguments: &str| json!([{"id": id, "type": "function", "function": {"name": "add", "arguments": arguments}}]);
    let expected = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1 + 2?"},
        {"role": "assistant", "content": null, "tool_calls": called("call_1", "{}")},
        {"role": "assistant", "content": "Once more.", "tool_calls": called("call_2", "{\"a\":1}")},
        {"role": "tool", "content": "3", "tool_call_id": "call_2"},
    ]);
    assert_eq!(body["messages"], expected);
}

#[tokio::test]
async fn tools_are_offered_as_the_choice_says() {
    let offered = async |choice: ToolChoice| body(prompt().tools(vec![add()]).tool_choice(choice)).await;
    let named = json!({"type": "function", "function": {"name": "add"}});

    let auto = offered(ToolChoice::Auto).await;
    let function = json!({"name": "add", "description": "Adds", "parameters": {"type": "object"}});
    assert_eq!(auto["tools"], json!([{"type": "function", "function": function}]));
    assert_eq!((&auto["tool_choice"], auto.get("parallel_tool_calls")), (&json!("auto"), None));
    assert_eq!(offered(ToolChoice::Required).await["tool_choice"], "required");
    assert_eq!(offered(ToolChoice::Named("add".to_owned())).await["tool_choice"], named);
    let none = offered(ToolChoice::None).await;
    assert_eq!((none.get("tools"), none.get("tool_choice")), (None, None));
    let single = body(prompt().tools(vec![add()]).parallel_calls(false)).await;
    assert_eq!(single["parallel_tool_calls"], false);
}

#[tokio::test]
async fn a_schema_is_the_format_of_the_response() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});

    let body = body(prompt().schema(schema.clone())).await;

    let expected = json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}});
    assert_eq!(body["response_format"], expected);
}

#[tokio::test]
async fn every_dialect_has_its_words_and_refuses_what_it_has_no_word_for() {
    let options = |dialect| RemoteLlmOptions::default().dialect(dialect);
    let sampled = |sampling: Sampling| prompt().sampling(sampling).max_output_tokens(5);
    let plain = Sampling::default().temperature(1.0).top_p(1.0);

    let common = asked(options(Dialect::Common), sampled(plain.clone())).await.body;
    assert_eq!(common["max_tokens"], 5);
    assert_eq!(
        (&common["temperature"], &common["top_p"], common.get("top_k")),
        (&json!(1.0), &json!(1.0), None)
    );
    let open_ai = asked(options(Dialect::OpenAi), sampled(plain)).await.body;
    assert_eq!((&open_ai["max_completion_tokens"], open_ai.get("max_tokens")), (&json!(5), None));
    assert_eq!((open_ai.get("temperature"), open_ai.get("top_p")), (None, None));
    let extended =
        asked(options(Dialect::Extended), sampled(Sampling::default().top_k(7).min_p(0.25))).await.body;
    assert_eq!(
        (&extended["top_k"], &extended["min_p"], &extended["max_tokens"]),
        (&json!(7), &json!(0.25), &json!(5))
    );
    assert_eq!((&extended["repetition_penalty"], &extended["repeat_penalty"]), (&json!(1.0), &json!(1.0)));

    let nobody = RemoteLlm::new("http://127.0.0.1:1", "m", RemoteLlmOptions::default()).unwrap();
    let unheard = [
        (
            Sampling::default().top_k(7),
            "invalid top_k: expected the default 40, since the server's dialect has no word for it (`extended` has one), got 7",
        ),
        (Sampling::default().min_p(0.5), "invalid min_p: expected the default 0.05"),
        (Sampling::default().repetition_penalty(1.5), "invalid repetition_penalty: expected the default 1"),
    ];
    for (sampling, words) in unheard {
        let error = nobody.complete(sampled(sampling)).await.unwrap_err();
        assert!(error.chain().starts_with(words), "{}", error.chain());
    }
}

#[tokio::test]
async fn an_answer_may_be_as_long_as_the_window_leaves() {
    let options = RemoteLlmOptions::default().context_window(1000);
    let limit = async |prompt| asked(options.clone(), prompt).await.body["max_tokens"].clone();

    assert_eq!(body(prompt()).await["max_tokens"], 4096);
    assert_eq!(limit(prompt()).await, 998);
    assert_eq!(limit(prompt().max_output_tokens(10)).await, 10);
    assert_eq!(limit(Prompt::new(vec![Message::user("a".repeat(4000))])).await, 1);
}

#[test]
fn what_cannot_be_asked_is_refused_without_its_secrets() {
    let refused = |url: &str, options| {
        let error = RemoteLlm::new(url, "m", options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        error.chain()
    };
    let (url, default) = ("http://127.0.0.1:1/v1", RemoteLlmOptions::default);
    let header =
        |name: &str, value: &str| default().headers(BTreeMap::from([(name.to_owned(), value.to_owned())]));

    assert!(refused("example.org", default()).contains("got `example.org`"));
    let password = refused("http://me:hunter22@example.org/v1", default());
    assert!(password.contains("URL") && !password.contains("hunter22"), "{password}");
    let key = refused(url, default().api_key("secret\n".to_owned()));
    assert_eq!(key, "invalid `api_key`: expected visible characters of ASCII, got others");
    let value = refused(url, header("x-key", "secret\u{7}"));
    assert!(value.contains("value of the header `x-key`") && !value.contains("secret"), "{value}");
    assert!(refused(url, header("x key", "a")).contains("got `x key`"));
    assert!(refused(url, default().context_window(0)).contains("context_window"));
    assert!(refused(url, default().timeout(std::time::Duration::ZERO)).contains("timeout"));
    let own = json!({"stream": false}).as_object().unwrap().clone();
    assert!(refused(url, default().extra(own)).contains("got `stream`"));
}

#[test]
fn secrets_are_not_shown_or_written() {
    let headers = BTreeMap::from([("x-key".to_owned(), "hunter22".to_owned())]);
    let options = RemoteLlmOptions::default().api_key("secret".to_owned()).headers(headers);
    let llm = RemoteLlm::new("http://127.0.0.1:1/v1/", "m", options.clone()).unwrap();

    let shown = format!("{options:?} {llm:?}");
    assert!(!shown.contains("secret") && !shown.contains("hunter22") && shown.contains("x-key"), "{shown}");
    assert!(!serde_json::to_string(&options).unwrap().contains("secret"));
    assert_eq!(llm.name(), "m at http://127.0.0.1:1/v1");
    let extra = json!({"seed_of": 1}).as_object().unwrap().clone();
    let other =
        RemoteLlm::new("http://127.0.0.1:1/v1", "m", RemoteLlmOptions::default().extra(extra)).unwrap();
    assert_ne!(other.name(), llm.name());
}
