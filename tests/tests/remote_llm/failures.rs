use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use futures::StreamExt;
use rushlight::{Delta, Error, ErrorKind, Llm, LlmExt, RemoteLlm, RemoteLlmOptions};
use rushlight_tests::support::model_server::{ModelServer, Reply, call, said, text};
use serde_json::json;

use super::{deltas, failure, prompt, remote, with};

async fn refused(reply: Reply) -> Error {
    failure(&remote(&ModelServer::scripted(vec![reply]))).await
}

#[tokio::test]
async fn a_refusal_says_what_to_do_next() {
    let kinds = [
        (400, ErrorKind::Invalid, false),
        (401, ErrorKind::Invalid, false),
        (403, ErrorKind::Invalid, false),
        (404, ErrorKind::Unknown, false),
        (408, ErrorKind::Timeout, true),
        (413, ErrorKind::ContextTooLong, false),
        (422, ErrorKind::Invalid, false),
        (429, ErrorKind::Model, true),
        (500, ErrorKind::Model, true),
        (501, ErrorKind::Model, false),
        (503, ErrorKind::Model, true),
        (504, ErrorKind::Timeout, true),
        (302, ErrorKind::Model, false),
    ];
    for (status, kind, is_retryable) in kinds {
        let error = refused(Reply::refusal(status, "because")).await;
        assert_eq!((error.kind(), error.is_retryable()), (kind, is_retryable), "{status}: {}", error.chain());
    }
    let spent = json!({"error": {"message": "pay first", "code": "insufficient_quota"}});
    assert!(!refused(Reply::json(429, &spent)).await.is_retryable());
}

#[tokio::test]
async fn a_refusal_is_quoted_without_secrets_and_cut_off() {
    let message = format!("no such key: secret-key, nor hunter22 {}", "x".repeat(5000));
    let server = ModelServer::new(move |_| Reply::refusal(401, &message));
    let headers = BTreeMap::from([("x-key".to_owned(), "hunter22".to_owned())]);
    let options = RemoteLlmOptions::default().api_key("secret-key".to_owned()).headers(headers);

    let error = failure(&with(&server, options)).await;

    let text = format!("{} {error:?}", error.chain());
    assert!(text.starts_with("invalid `api_key` for `m at http://"), "{text}");
    assert!(text.contains("status 401: no such key: …, nor … xxx"), "{text}");
    assert!(!text.contains("secret-key") && !text.contains("hunter22") && text.len() < 2000, "{text}");
}

#[tokio::test]
async fn a_prompt_that_is_too_long_for_the_server_is_too_long() {
    let vllm = "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (4904 in the messages, 4096 in the completion).";
    let llama = json!({"error": {"code": 400, "message": "request exceeds the available context size", "type": "exceed_context_size_error", "n_prompt_tokens": 5000, "n_ctx": 4096}});
    let silent = json!({"error": {"message": "too much", "code": "context_length_exceeded"}});
    let lengths = async |reply| match refused(reply).await {
        Error::ContextTooLong { limit, got } => (limit, got),
        other => panic!("expected a prompt that is too long, got {other}"),
    };

    assert_eq!(lengths(Reply::refusal(400, vllm)).await, (8192, 9000));
    assert_eq!(lengths(Reply::json(400, &llama)).await, (4096, 5000));
    assert_eq!(lengths(Reply::json(400, &silent)).await, (32_768, 32_769));
}

#[tokio::test]
async fn a_server_says_when_to_come_back() {
    let after = async |value: &str| {
        refused(Reply::refusal(429, "slow down").header("retry-after", value)).await.retry_after()
    };

    assert_eq!(after("7").await, Some(Duration::from_secs(7)));
    assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT").await, Some(Duration::ZERO));
    let far = after("Fri, 01 Jan 2100 00:00:00 GMT").await.unwrap();
    assert!(far > Duration::from_hours(24 * 365), "{far:?}");
    assert_eq!(after("soon").await, Some(Duration::from_secs(1)));
    let chain = refused(Reply::refusal(429, "slow down")).await.chain();
    assert!(chain.ends_with("failed: status 429: slow down"), "{chain}");
}

#[tokio::test]
async fn a_request_is_sent_again_as_often_as_may_be_and_as_the_server_says() {
    let busy = || Reply::refusal(429, "slow down").header("retry-after", "0");
    let server = ModelServer::scripted(vec![
        busy(),
        Reply::refusal(503, "loading").header("retry-after", "0"),
        said(&["Hi."]),
    ]);
    let llm = with(&server, RemoteLlmOptions::default());
    assert_eq!(llm.complete(prompt()).await.unwrap().text, "Hi.");
    let bodies: Vec<_> = server.asked().into_iter().map(|asked| asked.body).collect();
    assert!(bodies.len() == 3 && bodies[0] == bodies[1] && bodies[1] == bodies[2]);

    let server = ModelServer::new(move |_| busy());
    assert!(failure(&with(&server, RemoteLlmOptions::default().retries(1))).await.is_retryable());
    assert_eq!(server.asked().len(), 2);

    let server = ModelServer::new(|_| Reply::refusal(429, "tomorrow").header("retry-after", "86400"));
    let error = failure(&with(&server, RemoteLlmOptions::default())).await;
    assert_eq!((error.retry_after(), server.asked().len()), (Some(Duration::from_hours(24)), 1));

    let server = ModelServer::new(|_| Reply::refusal(400, "never"));
    failure(&with(&server, RemoteLlmOptions::default())).await;
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn nobody_there_may_pass() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);

    let error = failure(&RemoteLlm::new(&url, "m", RemoteLlmOptions::default().retries(0)).unwrap()).await;

    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Model, true));
    assert!(error.chain().to_lowercase().contains("connection refused"), "{}", error.chain());
}

/// The error at the end of an answer that began with a text.
async fn broken(reply: Reply) -> Error {
    let server = ModelServer::scripted(vec![reply]);
    let mut found = deltas(&remote(&server), prompt()).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0].as_ref().unwrap(), &Delta::Text("Once".to_owned()));
    found.pop().unwrap().unwrap_err()
}

fn begun(rest: &[u8]) -> Reply {
    let once = format!("data: {}\n\n", text("Once"));
    Reply::bytes("text/event-stream", &[once.as_bytes(), rest])
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_and_may_pass() {
    let ended = broken(begun(b"")).await;
    assert!(
        ended.chain().ends_with("its answer broke off: it ends without a finish reason"),
        "{}",
        ended.chain()
    );
    let half = broken(begun(b"data: {\"choices\": [").broken()).await;
    let cut = broken(begun(b"").broken()).await;
    for error in [ended, half, cut] {
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Model, true), "{}", error.chain());
    }
    let calls = Reply::open_events(&[text("Once"), call(0, "a", "add", "{\"a\"")]);
    assert!(broken(calls).await.is_retryable(), "half a call is none");
}

#[tokio::test]
async fn what_is_no_piece_of_an_answer_is_an_error_by_name() {
    let message = async |rest: &[u8]| {
        let error = broken(begun(rest)).await;
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Model, false), "{}", error.chain());
        error.chain()
    };

    let no_json = message(b"data: {\"choices\": [}\n\ndata: [DONE]\n\n").await;
    assert!(no_json.contains("expected a piece of a chat completion, got `{\"choices\": [}`"), "{no_json}");
    assert!(message(b"data: 7\n\n").await.contains("got `7`"));
    assert!(message(b"data: {\"choices\": 7}\n\n").await.contains("expected a piece"));
    assert!(message(b"data: \xff\xfe\n\n").await.contains("expected events in UTF-8"));
    let told = message(b"data: {\"error\": {\"message\": \"out of memory\"}}\n\n").await;
    assert!(told.ends_with("it broke its answer off: out of memory"), "{told}");
    let reason = message(b"data: {\"choices\": [{\"delta\": {}, \"finish_reason\": \"abort\"}]}\n\n").await;
    assert!(reason.ends_with("got `abort`"), "{reason}");
    let long = [b"data: ".to_vec(), vec![b'x'; 17 << 20]].concat();
    assert!(message(&long).await.contains("expected events of at most 16777216 bytes"));
}

#[tokio::test]
async fn an_error_within_an_answer_is_what_its_code_says() {
    let coded = begun(b"error: {\"code\": 503, \"message\": \"slot unavailable\"}\n\n");
    let error = broken(coded).await;

    assert!(error.is_retryable() && error.chain().contains("status 503"), "{}", error.chain());
}

#[tokio::test]
async fn an_endless_answer_ends() {
    let event = format!("data: {}\n\n", text(&"x".repeat(1 << 20)));
    let pieces = vec![event.as_bytes(); 70];
    let server = ModelServer::scripted(vec![Reply::bytes("text/event-stream", &pieces)]);

    let error = failure(&remote(&server)).await;

    assert!(error.chain().contains("expected an answer of at most 67108864 bytes"), "{}", error.chain());
}

#[tokio::test]
async fn a_page_is_no_answer() {
    let error = refused(Reply::bytes("text/html", &[b"<h1>Welcome</h1>"])).await;
    assert!(
        error.chain().contains("expected `text/event-stream` or JSON, got `text/html`: <h1>"),
        "{}",
        error.chain()
    );
    let empty = refused(Reply::json(200, &json!({"object": "list"}))).await;
    assert!(empty.chain().contains("expected a chat completion, got a reply without any choice"));
    let nothing = refused(Reply::events(&[])).await;
    assert_eq!(nothing.kind(), ErrorKind::Model, "{}", nothing.chain());
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up() {
    let options = || RemoteLlmOptions::default().retries(0);
    let idle = options().idle_timeout(Duration::from_millis(50));
    let overall = options().timeout(Duration::from_millis(50));

    for options in [idle, overall] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let error = failure(&RemoteLlm::new(&url, "m", options.clone()).unwrap()).await;
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true), "{}", error.chain());

        let server = ModelServer::scripted(vec![Reply::open_events(&[text("Once")]).silent()]);
        let mut stream = with(&server, options).generate(prompt()).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), Delta::Text("Once".to_owned()));
        let error = stream.next().await.unwrap().unwrap_err();
        assert_eq!(error.chain(), "the model server did not finish within 50ms");
        assert!(stream.next().await.is_none());
        server.wait_until_gone();
    }
}

#[tokio::test]
async fn dropping_the_future_closes_the_connection() {
    let server = ModelServer::scripted(vec![Reply::open_events(&[]).silent()]);
    let llm = remote(&server);
    let waiting = tokio::spawn(async move { llm.complete(prompt()).await });
    while server.asked().is_empty() {
        tokio::task::yield_now().await;
    }

    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());

    server.wait_until_gone();
}
