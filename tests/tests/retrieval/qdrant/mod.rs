//! Vectors in Qdrant: always against a stand-in, and against a server where one is given.

mod stand_in;

use std::time::Duration;

use rushlight::ErrorKind;
use rushlight::retrieval::{Filter, Metric, QdrantOptions, QdrantStore, VectorQuery, VectorRow, VectorStore};
use serde_json::json;

use super::http::Server;

/// An empty store of 3 dimensions on a stand-in of its own.
async fn store(metric: Metric) -> QdrantStore {
    open(&stand_in::new(), QdrantOptions::default().metric(metric)).await
}

async fn open(server: &Server, options: QdrantOptions) -> QdrantStore {
    QdrantStore::open(&server.url, 3, options).await.unwrap()
}

mod by_cosine {
    use super::*;

    rushlight_tests::vector_store_suite!(store(Metric::Cosine).await);
}

mod by_dot_product {
    use super::*;

    rushlight_tests::vector_store_suite!(in_turn: store(Metric::Dot).await);
}

mod by_distance {
    use super::*;

    rushlight_tests::vector_store_suite!(in_turn: store(Metric::L2).await);
}

mod of_a_real_server {
    use super::*;

    /// An empty store in a collection that nobody else has.
    async fn given() -> QdrantStore {
        let url = std::env::var("RUSHLIGHT_QDRANT_URL").expect("RUSHLIGHT_QDRANT_URL names a server");
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let options = QdrantOptions::default().collection(format!("rushlight-test-{now}"));
        QdrantStore::open(&url, 3, options).await.unwrap()
    }

    rushlight_tests::vector_store_suite!(
        in_turn [ignore = "needs a server, named by RUSHLIGHT_QDRANT_URL"]: given().await
    );
}

fn row(id: u64) -> VectorRow {
    VectorRow::new(id, vec![1.0, 0.0, 0.0])
}

#[tokio::test]
async fn a_request_has_what_the_interface_asks_for() {
    let server = stand_in::new();
    let options = QdrantOptions::default().api_key("sesame".to_owned()).collection("docs".to_owned());
    let shown = format!("{options:?}");
    let store = open(&server, options).await;

    store.upsert(vec![row(7).field("lang", "go")]).await.unwrap();
    store.delete(&[7]).await.unwrap();

    let asked = server.asked();
    let lines: Vec<&str> = asked.iter().map(|asked| asked.head.split(" HTTP").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "GET /collections/docs",
            "PUT /collections/docs",
            "PUT /collections/docs/index?wait=true",
            "PUT /collections/docs/index?wait=true",
            "PUT /collections/docs/index?wait=true",
            "PUT /collections/docs/points?wait=true",
            "POST /collections/docs/points/delete?wait=true",
        ]
    );
    assert!(asked.iter().all(|asked| asked.head.to_lowercase().contains("api-key: sesame")));
    assert_eq!(asked[6].body, json!({ "points": [7] }));
    assert!(!format!("{shown}{store:?}").contains("sesame"), "{shown} {store:?}");
}

#[tokio::test]
async fn a_collection_of_other_dimensions_or_another_metric_is_refused() {
    let server = stand_in::new();
    open(&server, QdrantOptions::default()).await;
    let refusal = async |dimensions, options| {
        QdrantStore::open(&server.url, dimensions, options).await.unwrap_err().to_string()
    };

    let longer = refusal(4, QdrantOptions::default()).await;
    let by_distance = refusal(3, QdrantOptions::default().metric(Metric::L2)).await;

    assert_eq!(longer, "invalid `dimensions`: expected 3, which `rushlight` has, got 4");
    assert_eq!(by_distance, "invalid `metric`: expected \"Cosine\", which `rushlight` has, got \"Euclid\"");
}

#[tokio::test]
async fn a_prefix_that_is_too_long_is_refused() {
    let store = open(&stand_in::new(), QdrantOptions::default().prefix_length(2)).await;
    store.upsert(vec![row(1).field("lang", "rust")]).await.unwrap();
    let search = async |prefix: &str| {
        let query = VectorQuery::new(vec![1.0, 0.0, 0.0], 5);
        store.search(&query.filter(Filter::starts_with("lang", prefix))).await
    };

    assert_eq!(search("ru").await.unwrap().len(), 1);
    assert_eq!(search("rus").await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn what_a_server_refuses_is_told_with_its_reason() {
    let reply = json!({ "status": { "error": "no space left" } }).to_string();
    let server = Server::new(move |_| (500, reply.clone()));

    let error = QdrantStore::open(&server.url, 3, QdrantOptions::default()).await.unwrap_err();

    let expected = "Qdrant's collection `rushlight` failed: status 500: no space left";
    assert_eq!((error.kind(), error.chain().as_str()), (ErrorKind::Foreign, expected));
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = QdrantOptions::default().timeout(Duration::from_millis(50));

    let error = QdrantStore::open(&url, 3, options).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let refusal = async |url: &str, dimensions, options| {
        QdrantStore::open(url, dimensions, options).await.unwrap_err().kind()
    };
    let url = "http://127.0.0.1:1";

    assert_eq!(refusal("localhost:6333", 3, QdrantOptions::default()).await, ErrorKind::Invalid);
    assert_eq!(refusal(url, 0, QdrantOptions::default()).await, ErrorKind::Invalid);
    for name in ["", "a/b", "../a", "a?b"] {
        let options = QdrantOptions::default().collection(name.to_owned());
        assert_eq!(refusal(url, 3, options).await, ErrorKind::Invalid);
    }
    assert_eq!(refusal(url, 3, QdrantOptions::default()).await, ErrorKind::Foreign);
}
