use std::sync::Arc;

use async_trait::async_trait;
use rushlight::retrieval::{Filter, HnswOptions, KnowledgeBaseOptions, SearchMode, VectorIndex};
use rushlight::{Document, Embedder, ErrorKind, KnowledgeBase, Query, Result, Retriever};

use super::{embedder, in_memory, quiet};

fn numbered(count: usize) -> Vec<Document> {
    let topics = ["tide", "dough", "hive", "lifetime", "glacier", "violin", "harbour"];
    let text =
        |index: usize| format!("Note {index} on the {} and the {}.", topics[index % 7], topics[index % 5]);
    (0..count).map(|index| Document::new(format!("note {index}"), text(index))).collect()
}

#[tokio::test]
async fn each_stage_leaves_its_score() {
    let base = in_memory(numbered(30)).await;
    let query = Query::new("the tide and the violin").k(3);

    let hybrid = &base.search(&query, SearchMode::Hybrid).await.unwrap()[0];
    let dense = &base.search(&query, SearchMode::Dense).await.unwrap()[0];
    let lexical = &base.search(&query, SearchMode::Lexical).await.unwrap()[0];

    assert!(hybrid.scores.dense.is_some() && hybrid.scores.lexical.is_some());
    assert_eq!(hybrid.scores.fused, Some(hybrid.score));
    assert_eq!(
        (dense.scores.dense, dense.scores.lexical, dense.scores.fused),
        (Some(dense.score), None, None)
    );
    assert_eq!(lexical.scores.lexical, Some(lexical.score));
}

#[tokio::test]
async fn a_filter_leaves_as_many_passages_as_match() {
    for threshold in [10_000, 0] {
        let options = KnowledgeBaseOptions::default().ann_threshold(threshold);
        let base = KnowledgeBase::in_memory_with(embedder(), options).await.unwrap();
        let documents = numbered(200).into_iter().enumerate();
        let marked = documents.map(|(index, document)| document.field("one_in", (index % 50).to_string()));
        base.ingest(marked.collect(), quiet).await.unwrap();
        let query = Query::new("the tide and the violin").k(10).filter(Filter::equals("one_in", "7"));

        for mode in [SearchMode::Hybrid, SearchMode::Dense] {
            let passages = base.search(&query, mode).await.unwrap();

            let mut sources: Vec<&str> = passages.iter().map(|passage| passage.source.as_str()).collect();
            sources.sort_unstable();
            assert_eq!(sources, ["note 107", "note 157", "note 57", "note 7"], "{mode:?} above {threshold}");
        }
    }
}

#[tokio::test]
async fn a_filter_follows_replacements_and_what_another_handle_writes() {
    let dir = tempfile::tempdir().unwrap();
    let base = KnowledgeBase::open(dir.path(), embedder()).await.unwrap();
    let reader =
        KnowledgeBase::open_read_only(dir.path(), embedder(), KnowledgeBaseOptions::default()).await.unwrap();
    let note = |lang: &str| Document::new("note", "The tide comes at four.").field("lang", lang);
    let german = Query::new("tide").filter(Filter::equals("lang", "de"));
    let by_source = Query::new("tide").filter(Filter::starts_with(Filter::SOURCE, "no"));

    base.ingest(vec![note("de")], quiet).await.unwrap();
    for handle in [&base, &reader] {
        assert_eq!(handle.retrieve(&german).await.unwrap().len(), 1);
    }

    base.ingest(vec![note("en")], quiet).await.unwrap();
    for handle in [&base, &reader] {
        assert!(handle.retrieve(&german).await.unwrap().is_empty());
        assert_eq!(handle.retrieve(&by_source).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_mode_of_the_options_is_what_retrieve_does() {
    for mode in [SearchMode::Hybrid, SearchMode::Dense, SearchMode::Lexical] {
        let options = KnowledgeBaseOptions::default().mode(mode);
        let base = KnowledgeBase::in_memory_with(embedder(), options).await.unwrap();
        base.ingest(numbered(20), quiet).await.unwrap();
        let query = Query::new("glacier and hive");

        assert_eq!(base.retrieve(&query).await.unwrap(), base.search(&query, mode).await.unwrap());
    }
}

#[tokio::test]
async fn few_chunks_are_searched_exactly_and_more_than_the_threshold_in_a_graph() {
    let options = KnowledgeBaseOptions::default().ann_threshold(40);
    let base = KnowledgeBase::in_memory_with(embedder(), options).await.unwrap();
    base.ingest(numbered(40), quiet).await.unwrap();
    assert_eq!(base.info().vectors, VectorIndex::Exact);
    let query = Query::new("the harbour");
    let exact = base.search(&query, SearchMode::Dense).await.unwrap();

    base.ingest(vec![Document::new("other", "Something else.")], quiet).await.unwrap();
    base.rebuild().await.unwrap();

    assert_eq!(base.info().vectors, VectorIndex::Hnsw { covered: 41 });
    assert_eq!(base.search(&query, SearchMode::Dense).await.unwrap(), exact);
}

#[tokio::test]
async fn the_order_of_results_is_the_same_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    for threshold in [10, 10_000] {
        let dir = dir.path().join(threshold.to_string());
        let options = KnowledgeBaseOptions::default().ann_threshold(threshold);
        let base = KnowledgeBase::open_with(&dir, embedder(), options.clone()).await.unwrap();
        base.ingest(numbered(200), quiet).await.unwrap();
        base.ingest(numbered(250).split_off(150), quiet).await.unwrap();
        base.delete(&["note 7".to_owned()]).await.unwrap();
        base.rebuild().await.unwrap();
        let query = Query::new("dough or lifetime").k(50);
        let before = base.retrieve(&query).await.unwrap();
        let version = base.version();
        drop(base);

        let base = KnowledgeBase::open_with(&dir, embedder(), options).await.unwrap();
        base.rebuild().await.unwrap();

        assert_eq!(base.retrieve(&query).await.unwrap(), before);
        assert_eq!(base.version(), version);
    }
}

#[tokio::test]
async fn identifiers_are_found_by_name_and_by_part() {
    let base = in_memory(vec![
        Document::new("a", "Set `max_open_files` to raise the limit."),
        Document::new("b", "Call parseHeader before the body is read."),
        Document::new("c", "Nothing to see."),
    ])
    .await;

    for (question, source) in
        [("max_open_files", "a"), ("open file", "a"), ("parseHeader", "b"), ("header", "b")]
    {
        let passages = base.search(&Query::new(question), SearchMode::Lexical).await.unwrap();
        assert_eq!(passages[0].source, source, "for `{question}`");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_sees_a_replaced_document_as_it_was_or_as_it_is() {
    let version = |word: &str| vec![Document::new("a", format!("{word} marker. ").repeat(40))];
    let options = KnowledgeBaseOptions::default().chunk_tokens(16);
    let base = KnowledgeBase::in_memory_with(embedder(), options).await.unwrap();
    base.ingest(version("old"), quiet).await.unwrap();
    let chunks = base.len();

    let writer = tokio::spawn({
        let base = base.clone();
        async move {
            for round in 0..40 {
                base.ingest(version(if round % 2 == 0 { "new" } else { "old" }), quiet).await.unwrap();
            }
        }
    });
    while !writer.is_finished() {
        let passages = base.search(&Query::new("marker").k(1_000), SearchMode::Lexical).await.unwrap();
        let old = passages.iter().filter(|passage| passage.text.contains("old")).count();
        assert_eq!(passages.len(), chunks);
        assert!(old == 0 || old == chunks, "{old} of {chunks} passages are the old ones");
    }
    writer.await.unwrap();
}

/// An embedder that gives what it is told to.
#[derive(Debug)]
struct Broken(Vec<Vec<f32>>);

#[async_trait]
impl Embedder for Broken {
    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>> {
        Ok(self.0.clone())
    }
    fn dimensions(&self) -> usize {
        2
    }
    fn max_tokens(&self) -> usize {
        100
    }
    fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(text.len())
    }
    fn name(&self) -> &'static str {
        "broken"
    }
}

#[tokio::test]
async fn what_an_embedder_must_not_give_is_refused_by_name() {
    for (vectors, message) in [
        (vec![], "expected 1 vectors, got 0"),
        (vec![vec![1.0]], "expected 2 dimensions, got 1"),
        (vec![vec![f32::NAN, 0.0]], "expected finite values, got NaN"),
    ] {
        let embedder: Arc<dyn Embedder> = Arc::new(Broken(vectors));
        let base = KnowledgeBase::in_memory(embedder).await.unwrap();

        let error = base.ingest(vec![Document::new("a", "text")], quiet).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Foreign);
        assert_eq!(error.chain(), format!("embedder `broken` failed: {message}"));
        assert!(base.is_empty());
    }
}

#[tokio::test]
async fn options_out_of_range_are_refused() {
    let no_tokens = KnowledgeBaseOptions::default().chunk_tokens(0);
    let no_neighbours = KnowledgeBaseOptions::default().hnsw(HnswOptions::default().m(0));
    for options in [no_tokens, no_neighbours] {
        let error = KnowledgeBase::in_memory_with(embedder(), options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}
