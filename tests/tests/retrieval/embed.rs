use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rushlight::cache::{Entry, Key};
use rushlight::retrieval::{EncoderOptions, KnowledgeBaseOptions, SearchMode};
use rushlight::{
    Cache, CachedEmbedder, Document, Embedder, Error, ErrorKind, HashedEmbedder, KnowledgeBase,
    LocalEmbedder, MemoryCache, Query, Result, Retriever,
};

use super::{encoders, quiet};

mod cached_embedder {
    use super::*;

    rushlight_tests::embedder_suite!(CachedEmbedder::new(HashedEmbedder::new(256), MemoryCache::default()));
}

/// An embedder that remembers what it was asked.
#[derive(Debug)]
struct Recorder {
    name: &'static str,
    passages: Mutex<Vec<String>>,
    questions: Mutex<Vec<String>>,
}

impl Recorder {
    fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self { name, passages: Mutex::default(), questions: Mutex::default() })
    }

    /// The passages that were computed since the last call.
    fn passages(&self) -> Vec<String> {
        std::mem::take(&mut self.passages.lock().unwrap())
    }

    fn questions(&self) -> Vec<String> {
        std::mem::take(&mut self.questions.lock().unwrap())
    }
}

#[async_trait]
impl Embedder for Recorder {
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.passages.lock().unwrap().extend(texts.clone());
        HashedEmbedder::new(8).embed(texts).await
    }

    async fn embed_queries(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.questions.lock().unwrap().extend(texts.clone());
        HashedEmbedder::new(8).embed(texts).await
    }

    fn dimensions(&self) -> usize {
        8
    }

    fn max_tokens(&self) -> usize {
        100
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(text.split_whitespace().count())
    }

    fn name(&self) -> &'static str {
        self.name
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn documents_are_embedded_as_passages_and_what_is_asked_as_a_question() {
    let recorder = Recorder::new("recorder");
    let options = KnowledgeBaseOptions::default().mode(SearchMode::Dense);
    let embedder = CachedEmbedder::new(Arc::clone(&recorder), MemoryCache::default());
    let base = KnowledgeBase::in_memory_with(Arc::new(embedder), options).await.unwrap();

    base.ingest(vec![Document::new("moon.md", "The moon is rock.")], quiet).await.unwrap();
    base.retrieve(&Query::new("Is it cheese?")).await.unwrap();

    assert_eq!(recorder.passages(), ["The moon is rock."]);
    assert_eq!(recorder.questions(), ["Is it cheese?"]);
}

#[tokio::test]
async fn a_passage_is_computed_once_and_a_question_each_time() {
    let recorder = Recorder::new("recorder");
    let embedder = CachedEmbedder::new(Arc::clone(&recorder), MemoryCache::default());

    let first = embedder.embed(texts(&["a", "b", "a"])).await.unwrap();
    let second = embedder.embed(texts(&["c", "a"])).await.unwrap();
    embedder.embed_queries(texts(&["a"])).await.unwrap();
    embedder.embed_queries(texts(&["a"])).await.unwrap();

    assert_eq!(recorder.passages(), ["a", "b", "c"]);
    assert_eq!(recorder.questions(), ["a", "a"]);
    assert_eq!((&first[0], &first[0]), (&first[2], &second[1]));
    assert_eq!(second, HashedEmbedder::new(8).embed(texts(&["c", "a"])).await.unwrap());
}

#[tokio::test]
async fn embedders_of_other_names_share_a_cache_and_no_vector() {
    let cache = MemoryCache::default();
    let (one, other) = (Recorder::new("one"), Recorder::new("other"));
    for recorder in [&one, &other, &one] {
        let embedder = CachedEmbedder::new(Arc::clone(recorder), cache.clone());
        embedder.embed(texts(&["a"])).await.unwrap();
    }

    assert_eq!((one.passages(), other.passages()), (texts(&["a"]), texts(&["a"])));
}

/// A cache with the same bytes under every key, or none that works.
#[derive(Debug)]
struct Odd(Option<Vec<u8>>);

#[async_trait]
impl Cache for Odd {
    async fn get(&self, _: &Key) -> Result<Option<Entry>> {
        let bytes = self.0.clone().ok_or(Error::Stopped { what: "the cache" })?;
        Ok(Some(Entry::new(bytes)))
    }

    async fn put(&self, _: &Key, _: Entry) -> Result<()> {
        Err(Error::Stopped { what: "the cache" })
    }

    async fn remove(&self, _: &Key) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_cache_that_fails_or_holds_something_else_is_passed_over() {
    let expected = HashedEmbedder::new(8).embed(texts(&["a"])).await.unwrap();
    let not_numbers: Vec<u8> = f32::NAN.to_le_bytes().repeat(8);
    for held in [None, Some(vec![]), Some(vec![0; 33]), Some(vec![0; 28]), Some(not_numbers)] {
        let embedder = CachedEmbedder::new(Recorder::new("recorder"), Odd(held.clone()));

        assert_eq!(embedder.embed(texts(&["a"])).await.unwrap(), expected, "{held:?}");
    }
}

/// An embedder of one vector for any texts.
#[derive(Debug)]
struct OneVector;

#[async_trait]
impl Embedder for OneVector {
    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>> {
        Ok(vec![vec![1.0]])
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn max_tokens(&self) -> usize {
        1
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(text.len())
    }

    fn name(&self) -> &'static str {
        "one"
    }
}

#[tokio::test]
async fn vectors_that_are_missing_are_never_made_up() {
    let embedder = CachedEmbedder::new(OneVector, MemoryCache::default());

    let error = embedder.embed(texts(&["a", "b"])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Foreign);
    assert_eq!(error.chain(), "embedder `one` failed: expected 2 vectors, got 1");
}

#[tokio::test]
async fn an_encoder_puts_its_prompts_before_questions_and_passages() {
    let folder = encoders().join("bert");
    let folder = folder.to_string_lossy();
    let plain = EncoderOptions::default().query_prompt("").passage_prompt("");
    let plain = LocalEmbedder::open_with(&folder, plain).await.unwrap();
    let embedder = LocalEmbedder::open(&folder).await.unwrap();

    let passages = embedder.embed(texts(&["the cat"])).await.unwrap();
    let questions = embedder.embed_queries(texts(&["the cat"])).await.unwrap();

    assert_eq!(passages, plain.embed(texts(&["passage: the cat"])).await.unwrap());
    assert_eq!(questions, plain.embed(texts(&["query: the cat"])).await.unwrap());
    assert_eq!((embedder.name(), plain.name()), ("bert", "bert \"\""));
}
