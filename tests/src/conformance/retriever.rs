//! What every [`Retriever`] does.

use std::collections::HashSet;
use std::sync::Arc;

use rushlight::{Document, Query, Retriever};

/// One test for each case; the argument makes a retriever over
/// [`documents`](crate::conformance::retriever::documents).
#[macro_export]
macro_rules! retriever_suite {
    ($make:expr) => {
        $crate::conformance!(
            retriever,
            $make,
            the_passage_that_answers_comes_first,
            scores_never_rise,
            never_more_passages_than_asked_for,
            each_passage_comes_once,
            an_empty_question_finds_nothing,
            a_passage_says_where_it_is_from,
            the_same_question_gives_the_same_passages,
            the_version_stays_while_nothing_changes,
            works_behind_a_shared_pointer,
        );
    };
}

/// What the retriever under test is to be filled with.
pub fn documents() -> Vec<Document> {
    let document = |source: &str, title: &str, text: &str| {
        Document::new(source, text).title(title).field("language", "en")
    };
    vec![
        document("tides.md", "Tides", "# Tides\n\nThe moon pulls the oceans. High tide comes twice a day."),
        document(
            "bread.md",
            "Bread",
            "# Bread\n\nKnead the dough, let it rise, then bake it at 230 degrees.",
        ),
        document("bees.md", "Bees", "# Bees\n\nHoney bees dance to tell the hive where flowers are."),
        document(
            "rust.md",
            "Rust",
            "# Rust\n\nThe borrow checker rejects references that outlive their value.",
        ),
    ]
}

/// The best passage is first.
pub async fn the_passage_that_answers_comes_first(retriever: &impl Retriever) {
    for (question, source) in [
        ("How often does high tide come?", "tides.md"),
        ("How do honey bees tell the hive about flowers?", "bees.md"),
        ("What does the borrow checker reject?", "rust.md"),
    ] {
        let passages = retriever.retrieve(&Query::new(question)).await.unwrap();

        assert_eq!(passages[0].source, source, "for `{question}`");
    }
}

/// Higher is better.
pub async fn scores_never_rise(retriever: &impl Retriever) {
    let passages = retriever.retrieve(&Query::new("How long must dough rise?")).await.unwrap();

    assert!(!passages.is_empty());
    assert!(passages.windows(2).all(|pair| pair[0].score >= pair[1].score));
}

/// At most `k`.
pub async fn never_more_passages_than_asked_for(retriever: &impl Retriever) {
    for k in [0, 1, 2, 1_000] {
        let passages = retriever.retrieve(&Query::new("the moon and the bees").k(k)).await.unwrap();

        assert!(passages.len() <= k);
        assert_eq!(passages.is_empty(), k == 0);
    }
}

/// No passage twice.
pub async fn each_passage_comes_once(retriever: &impl Retriever) {
    let passages = retriever.retrieve(&Query::new("the dough the moon the hive").k(100)).await.unwrap();
    let ids: HashSet<&str> = passages.iter().map(|passage| passage.id.as_str()).collect();

    assert_eq!(ids.len(), passages.len());
}

/// Nothing was asked.
pub async fn an_empty_question_finds_nothing(retriever: &impl Retriever) {
    assert!(retriever.retrieve(&Query::new("")).await.unwrap().is_empty());
    assert!(retriever.retrieve(&Query::new(" \n\t")).await.unwrap().is_empty());
}

/// Source, title, position and fields are those of the document, and the text is a slice of it.
pub async fn a_passage_says_where_it_is_from(retriever: &impl Retriever) {
    let passages =
        retriever.retrieve(&Query::new("At how many degrees do I bake dough?").k(1)).await.unwrap();
    let passage = &passages[0];
    let document = documents().into_iter().find(|document| document.source == passage.source).unwrap();

    assert_eq!(passage.title, document.title);
    assert_eq!(passage.metadata, document.metadata);
    assert_eq!(document.text[passage.start..passage.start + passage.text.len()], passage.text);
    assert!(passage.id.starts_with("bread.md"));
}

/// Retrieving changes nothing.
pub async fn the_same_question_gives_the_same_passages(retriever: &impl Retriever) {
    let query = Query::new("the oceans and the flowers").k(10);
    let first = retriever.retrieve(&query).await.unwrap();

    assert_eq!(retriever.retrieve(&query).await.unwrap(), first);
}

/// The version is that of what is stored.
pub async fn the_version_stays_while_nothing_changes(retriever: &impl Retriever) {
    let version = retriever.version();
    retriever.retrieve(&Query::new("bread")).await.unwrap();

    assert_eq!(retriever.version(), version);
}

/// An `Arc` of a retriever is that retriever.
pub async fn works_behind_a_shared_pointer(retriever: &(impl Retriever + Clone)) {
    let shared: Arc<dyn Retriever> = Arc::new(retriever.clone());
    let query = Query::new("honey");

    assert_eq!(shared.retrieve(&query).await.unwrap(), retriever.retrieve(&query).await.unwrap());
    assert_eq!(shared.version(), retriever.version());
}
