use std::sync::{Arc, Mutex};

use rushlight::retrieval::{Filter, FunctionReranker, SearchMode};
use rushlight::{
    AgentExt, Assistant, Document, KnowledgeBase, KnowledgeRetriever, MemoryCache, Passage, Query, Retriever,
    RetrieverOptions, ScriptedLlm, ScriptedTurn,
};

use super::{in_memory, quiet};

/// Two notes that say the same, and two that do not.
async fn notes() -> KnowledgeBase {
    let note = |name, text, lang| Document::new(name, text).field("lang", lang);
    let documents = vec![
        note("tide", "The tide comes at four.", "en"),
        note("again", "The tide: comes at four!", "en"),
        note("harbour", "Ships leave the harbour with the tide, when the pilot says so.", "en"),
        note("flut", "Tide means Flut.", "de"),
    ];
    in_memory(documents).await
}

fn options() -> RetrieverOptions {
    RetrieverOptions::default()
}

async fn sources(retriever: &KnowledgeRetriever, query: &Query) -> Vec<String> {
    let passages = retriever.retrieve(query).await.unwrap();
    passages.into_iter().map(|passage| passage.source).collect()
}

#[tokio::test]
async fn without_stages_it_finds_what_the_base_finds() {
    let base = notes().await;
    let query = Query::new("When does the tide come?").k(3);

    let plain = base.retriever(options()).unwrap().retrieve(&query).await.unwrap();
    let lexical =
        base.retriever(options().mode(SearchMode::Lexical)).unwrap().retrieve(&query).await.unwrap();

    assert_eq!(plain, base.retrieve(&query).await.unwrap());
    assert_eq!(lexical, base.search(&query, SearchMode::Lexical).await.unwrap());
}

#[tokio::test]
async fn each_stage_leaves_its_score_and_the_last_one_decides() {
    let base = notes().await;
    let query = Query::new("When does the tide come?").k(2);
    let [reranked, diverse] = [options().rerank(true), options().rerank(true).mmr(0.5)];

    let reranked = base.retriever(reranked).unwrap().retrieve(&query).await.unwrap().remove(0);
    let diverse = base.retriever(diverse).unwrap().retrieve(&query).await.unwrap();

    assert_eq!(reranked.scores.reranked, Some(reranked.score));
    assert!(reranked.scores.fused.is_some() && reranked.scores.mmr.is_none());
    for passage in &diverse {
        assert!(passage.scores.fused.is_some() && passage.scores.reranked.is_some());
        assert_eq!(passage.scores.mmr, Some(passage.score));
    }
}

#[tokio::test]
async fn what_says_the_same_is_found_once() {
    let base = notes().await;
    let query = Query::new("When does the tide come?").k(4);

    let all = sources(&base.retriever(options()).unwrap(), &query).await;
    let diverse = sources(&base.retriever(options().mmr(0.7)).unwrap(), &query).await;

    assert_eq!((all.len(), diverse.len()), (4, 3));
    assert!(!(diverse.contains(&"tide".to_owned()) && diverse.contains(&"again".to_owned())), "{diverse:?}");
}

#[tokio::test]
async fn a_reranker_of_ones_own_sees_the_question_and_every_candidate() {
    let base = notes().await;
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let saw = Arc::clone(&seen);
    let longest = FunctionReranker::new("longest", move |query, passage| {
        saw.lock().unwrap().push(query.text.clone());
        passage.text.len() as f32
    });
    let retriever = base.retriever(options().candidates(4)).unwrap().reranker(longest);

    let found = sources(&retriever, &Query::new("tide").k(1)).await;
    let none = sources(&retriever, &Query::new("tide").k(0)).await;

    assert_eq!((found, none), (vec!["harbour".to_owned()], Vec::new()));
    assert_eq!(*seen.lock().unwrap(), ["tide"; 4]);
    assert!(retriever.options().rerank);
}

#[tokio::test]
async fn scores_that_are_no_numbers_fail_the_retrieval() {
    let wrong = FunctionReranker::new("wrong", |_, _| f32::NAN);
    let retriever = notes().await.retriever(options()).unwrap().reranker(wrong);

    let error = retriever.retrieve(&Query::new("tide")).await.unwrap_err();

    assert_eq!(error.to_string(), "invalid scores of `wrong`: expected finite numbers, got NaN");
}

#[tokio::test]
async fn the_filters_of_the_options_and_of_the_query_both_hold() {
    let base = notes().await;
    let english = base.retriever(options().filter(Filter::equals("lang", "en"))).unwrap();
    let query = Query::new("tide").k(4);
    let from = |source: &str| query.clone().filter(Filter::starts_with(Filter::SOURCE, source));

    assert_eq!(sources(&english, &query).await.len(), 3);
    assert_eq!(sources(&english, &from("har")).await, ["harbour"]);
    assert!(sources(&english, &from("flut")).await.is_empty());
}

#[tokio::test]
async fn no_more_than_the_options_say_are_found() {
    let base = notes().await;

    for stages in [options(), options().rerank(true), options().mmr(1.0)] {
        let retriever = base.retriever(stages.k(2)).unwrap();

        assert_eq!(sources(&retriever, &Query::new("tide").k(4)).await.len(), 2);
        assert_eq!(sources(&retriever, &Query::new("tide").k(1)).await.len(), 1);
    }
}

#[tokio::test]
async fn a_share_that_is_none_is_refused() {
    let base = notes().await;

    for wrong in [-0.1, 1.1, f32::NAN] {
        let error = base.retriever(options().mmr(wrong)).unwrap_err();

        assert_eq!(error.to_string(), format!("invalid `mmr`: expected a number from 0 to 1, got {wrong}"));
    }
}

#[tokio::test]
async fn the_version_is_that_of_documents_options_and_reranker() {
    let base = notes().await;
    let version = |options| base.retriever(options).unwrap().version();
    let named = |name: &str| {
        let reranker = FunctionReranker::new(name, |_: &Query, _: &Passage| 0.0);
        base.retriever(options()).unwrap().reranker(reranker).version()
    };

    let mut versions = vec![
        version(options()),
        version(options().k(3)),
        version(options().mode(SearchMode::Dense)),
        version(options().filter(Filter::exists("lang"))),
        version(options().rerank(true)),
        version(options().mmr(0.5)),
        version(options().mmr(0.6)),
        version(options().candidates(51)),
        named("one"),
        named("other"),
    ];
    assert_eq!((version(options()), named("one")), (versions[0], versions[8]));
    base.ingest(vec![Document::new("ebb", "The ebb comes at ten.")], quiet).await.unwrap();
    versions.push(version(options()));

    for (index, version) in versions.iter().enumerate() {
        assert!(!versions[index + 1..].contains(version), "{versions:?}");
    }
}

#[tokio::test]
async fn answers_of_other_options_are_not_taken_from_a_cache() {
    let base = notes().await;
    let cache = MemoryCache::default();
    let assistant = |options, turn: &str| {
        let llm = ScriptedLlm::new(vec![ScriptedTurn::text(turn)]);
        let retriever = base.retriever(options).unwrap();
        Assistant::builder(llm).retriever(retriever).cache(cache.clone()).build().unwrap()
    };

    let plain = assistant(options(), "At four [1].").ask("When does the tide come?").await.unwrap();
    let other =
        assistant(options().mmr(0.5), "Ask the pilot [1].").ask("When does the tide come?").await.unwrap();
    let again = assistant(options(), "never said").ask("When does the tide come?").await.unwrap();

    assert_eq!((plain.cached, other.cached, again.cached), (false, false, true));
    assert_eq!((&*other.text, &*again.text), ("Ask the pilot [1].", "At four [1]."));
    assert_eq!(other.citations.len(), 1);
}
