use std::net::TcpListener;
use std::time::Duration;

use rushlight::retrieval::RemoteEmbedderOptions;
use rushlight::{Embedder, ErrorKind, HashedEmbedder, RemoteEmbedder};
use rushlight_tests::conformance::embedder as suite;
use serde_json::{Value, json};

use super::http::{Asked, Server};

/// A server whose vectors are those of hashing, not scaled, in reverse order.
fn hashing(dimensions: usize) -> Server {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    Server::new(move |asked| {
        let texts: Vec<String> = serde_json::from_value(asked.body["input"].clone()).unwrap();
        let vectors = runtime.block_on(HashedEmbedder::new(dimensions).embed(texts)).unwrap();
        let rows = vectors.into_iter().enumerate().rev().map(|(index, vector)| {
            let vector: Vec<f32> = vector.iter().map(|value| value * 7.0).collect();
            json!({"object": "embedding", "index": index, "embedding": vector})
        });
        (200, json!({"object": "list", "data": rows.collect::<Vec<Value>>()}).to_string())
    })
}

async fn open(server: &Server, options: RemoteEmbedderOptions) -> RemoteEmbedder {
    RemoteEmbedder::open(&format!("{}/v1/", server.url), "hashed", options).await.unwrap()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn it_keeps_what_every_embedder_promises() {
    let server = hashing(64);
    let embedder = open(&server, RemoteEmbedderOptions::default().batch(4)).await;

    suite::no_texts_give_no_vectors(&embedder).await;
    suite::every_vector_has_the_promised_length_and_norm(&embedder).await;
    suite::questions_have_vectors_like_passages(&embedder).await;
    suite::vectors_come_in_the_order_of_the_texts(&embedder).await;
    suite::neighbours_in_the_batch_do_not_matter(&embedder).await;
    suite::related_texts_are_nearer_than_others(&embedder).await;
    suite::many_callers_at_once_get_their_own_vectors(&embedder).await;
    suite::works_behind_a_shared_pointer(&embedder).await;
}

#[tokio::test]
async fn a_request_has_what_the_protocol_asks_for() {
    let server = hashing(16);
    let options = RemoteEmbedderOptions::default().api_key("secret".to_owned()).dimensions(16).batch(2);
    let embedder = open(&server, options.query_prompt("query: ".to_owned())).await;
    assert!(server.asked().is_empty(), "the length is known");

    embedder.embed(texts(&["a", "", "c"])).await.unwrap();
    embedder.embed_queries(texts(&["why?"])).await.unwrap();

    let asked = server.asked();
    let inputs: Vec<&Value> = asked.iter().map(|asked| &asked.body["input"]).collect();
    assert_eq!(inputs, [&json!(["a", " "]), &json!(["c"]), &json!(["query: why?"])]);
    for Asked { head, body } in asked {
        assert!(head.starts_with("POST /v1/embeddings HTTP/1.1"), "{head}");
        assert!(head.to_lowercase().contains("authorization: bearer secret"), "{head}");
        assert_eq!((&body["model"], &body["dimensions"]), (&json!("hashed"), &json!(16)));
    }
}

#[tokio::test]
async fn vectors_of_other_passages_have_another_name_and_secrets_are_not_shown() {
    let server = hashing(16);
    let options = RemoteEmbedderOptions::default().api_key("secret".to_owned());
    let shown = format!("{options:?}");
    let plain = open(&server, options.clone()).await;
    let other = open(&server, options.passage_prompt("passage: ".to_owned())).await;

    assert_eq!((plain.name(), other.name()), ("hashed", "hashed \"passage: \""));
    assert!(!format!("{shown}{plain:?}").contains("secret"), "{shown} {plain:?}");
}

#[tokio::test]
async fn a_text_is_cut_off_after_the_tokens_that_count() {
    let server = hashing(16);
    let embedder = open(&server, RemoteEmbedderOptions::default().max_tokens(2)).await;
    server.asked();

    embedder.embed(texts(&["abcdefgh", "abcde\u{e9}"])).await.unwrap();

    assert_eq!(embedder.count_tokens("abcdefgh").unwrap(), 3);
    assert_eq!(server.asked()[0].body["input"], json!(["abcdef", "abcde"]));
}

/// What happens to an embedder whose server gives this.
async fn failure(status: u16, reply: &str) -> String {
    let reply = reply.to_owned();
    let server = Server::new(move |_| (status, reply.clone()));
    let options = RemoteEmbedderOptions::default().dimensions(2);
    let error = open(&server, options).await.embed(texts(&["a", "b"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Foreign);
    error.chain()
}

#[tokio::test]
async fn what_a_server_must_not_say_is_refused_by_name() {
    let refused = failure(401, r#"{"error": {"message": "no such key"}}"#).await;
    assert_eq!(refused, "embedder `hashed` failed: status 401: no such key");
    assert_eq!(failure(404, "no page").await, "embedder `hashed` failed: status 404: no page");
    assert_eq!(failure(302, "").await, "embedder `hashed` failed: status 302: ");
    let too_few = failure(200, r#"{"data": [{"embedding": [1, 2]}]}"#).await;
    assert_eq!(too_few, "embedder `hashed` failed: expected 2 vectors, got 1");
    let short = failure(200, r#"{"data": [{"embedding": [1, 2]}, {"embedding": [1]}]}"#).await;
    assert_eq!(short, "embedder `hashed` failed: expected 2 dimensions, got 1");
    let zeros = failure(200, r#"{"data": [{"embedding": [1, 2]}, {"embedding": [0, 0]}]}"#).await;
    assert!(zeros.ends_with("expected a vector of a finite length above 0, got 0"), "{zeros}");
    assert!(failure(200, "<html>").await.starts_with("embedder `hashed` failed: "));
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = RemoteEmbedderOptions::default().timeout(Duration::from_millis(50));

    let error = RemoteEmbedder::open(&url, "hashed", options).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let open = async |url: &str, options| RemoteEmbedder::open(url, "hashed", options).await.unwrap_err();
    let default = RemoteEmbedderOptions::default;

    let no_url = open("api.example.org/v1", default()).await;
    assert!(no_url.chain().contains("got `api.example.org/v1`"), "{}", no_url.chain());
    for options in [default().batch(0), default().max_tokens(0), default().dimensions(0)] {
        assert_eq!(open("http://127.0.0.1:1", options).await.kind(), ErrorKind::Invalid);
    }
    assert_eq!(open("http://127.0.0.1:1", default()).await.kind(), ErrorKind::Foreign);
}
