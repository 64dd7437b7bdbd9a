use std::collections::HashSet;
use std::time::{Duration, Instant};

use rushlight::retrieval::{LexicalReranker, SearchMode};
use rushlight::{
    Document, HashedEmbedder, KnowledgeBase, LocalEmbedder, Passage, Query, Reranked, Retriever,
};

use super::options::Set;
use super::published::Published;
use super::ranking::{ndcg, recall};
use super::{Collection, Figure, Options};
use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::progress::Count;

/// The sets of the benchmark, for whoever names no cases.
const SETS: [&str; 5] = ["scifact", "cranfield", "cosqa", "hotpotqa_small", "musique_small"];
const MODEL: &str = "all-MiniLM-L6-v2";

/// Results that count for the order, and for what is found at all.
const ORDER: usize = 10;
const FOUND: usize = 100;
/// Passages that are asked for, for each document that counts: several may be of one document.
const PASSAGES: usize = 5;

/// A way of searching.
#[derive(Debug, Clone, Copy)]
struct Method {
    name: &'static str,
    mode: SearchMode,
    reranks: bool,
}

/// The cases of every set.
const METHODS: [Method; 4] = [
    Method { name: "bm25", mode: SearchMode::Lexical, reranks: false },
    Method { name: "dense", mode: SearchMode::Dense, reranks: false },
    Method { name: "hybrid", mode: SearchMode::Hybrid, reranks: false },
    Method { name: "hybrid+rerank", mode: SearchMode::Hybrid, reranks: true },
];

/// nDCG@10 and recall@100 of each set by words, by vectors, by both, and with a second look, beside what others have
/// published; a document counts by its best passage.
pub(super) fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(format!("cannot start the async workers: {error}")))?;
    let mut sets = options.sets("queries.jsonl")?;
    let named = |set: &Set| SETS.contains(&set.name.as_str());
    if !options.names_cases() && sets.iter().any(named) {
        sets.retain(named);
    }
    let mut seen = 0;
    for set in sets {
        let mut methods = METHODS.to_vec();
        methods.retain(|method| options.wants(&format!("{}/{}", set.name, method.name)));
        if !methods.is_empty() {
            seen += methods.len();
            runtime.block_on(measure(options, &set, &methods))?;
        }
    }
    if seen == 0 { Err(Failure::new("no case has this name")) } else { Ok(()) }
}

async fn measure(options: &Options, set: &Set, methods: &[Method]) -> Result<()> {
    let mut collection = Collection::read(&set.path)?;
    // Published are scores of whole sets, and those of vectors of one model.
    let mut published = Published::default();
    if options.quick {
        collection.shrink();
    } else {
        published = Published::beside(&set.path)?;
    }
    let model = options.model.as_deref().unwrap_or(MODEL);
    let only_words = methods.iter().all(|method| method.mode == SearchMode::Lexical);
    let base = if only_words {
        KnowledgeBase::in_memory(HashedEmbedder::new(1)).await?
    } else {
        let model = make_available(model)?;
        KnowledgeBase::in_memory(LocalEmbedder::open(&model.path.to_string_lossy()).await?).await?
    };
    ingest(&base, set, &collection).await?;
    for method in methods {
        let (mut order, mut found) = (0.0, 0.0);
        let mut times = Vec::new();
        for question in &collection.questions {
            let gains = &collection.gains[&question.id];
            let start = Instant::now();
            let passages = method.search(&base, &question.text, ORDER).await?;
            times.push(start.elapsed());
            order += ndcg(&documents(&passages), gains, ORDER);
            let passages = method.search(&base, &question.text, FOUND).await?;
            found += recall(&documents(&passages), gains, FOUND);
        }
        times.sort_unstable();
        let case = format!("{}/{}", set.name, method.name);
        let (median, late) = (times[times.len() / 2], times[times.len() * 95 / 100]);
        eprintln!("{case}: {} questions, p50 {median:.2?}, p95 {late:.2?}", times.len());
        for (figure, metric, sum) in [("ndcg@10", "nDCG@10", order), ("recall@100", "R@100", found)] {
            let figure = Figure::new(figure, &case, sum / collection.questions.len() as f64);
            let theirs = published.score(&set.name, &collection.split, method.name, metric);
            match theirs.filter(|_| method.mode == SearchMode::Lexical || model == MODEL) {
                Some(theirs) => figure.against(theirs.peer, theirs.value).print(),
                None => figure.print(),
            }
        }
    }
    Ok(())
}

impl Method {
    /// Passages of so many documents and more.
    async fn search(self, base: &KnowledgeBase, question: &str, documents: usize) -> Result<Vec<Passage>> {
        let query = Query::new(question).k(PASSAGES * documents);
        if self.reranks {
            // What the base does by itself is a hybrid search.
            return Ok(Reranked::new(base.clone(), LexicalReranker::new()).retrieve(&query).await?);
        }
        Ok(base.search(&query, self.mode).await?)
    }
}

/// The documents of passages, each at its best one.
fn documents(passages: &[Passage]) -> Vec<&str> {
    let mut seen = HashSet::new();
    let sources = passages.iter().map(|passage| passage.source.as_str());
    sources.filter(|document| seen.insert(*document)).collect()
}

async fn ingest(base: &KnowledgeBase, set: &Set, collection: &Collection) -> Result<()> {
    let documents = collection.documents.iter();
    let documents =
        documents.map(|entry| Document::new(&entry.id, &entry.text).title(&entry.title)).collect();
    let count = Count::new(&set.name);
    let start = Instant::now();
    let report = base.ingest(documents, |progress| count.show(progress.done, progress.total)).await?;
    drop(count);
    let rate = |count: usize, time: Duration| count as f64 / time.as_secs_f64();
    let took = start.elapsed();
    let (documents, chunks) = (report.added, report.chunks);
    eprintln!(
        "{}: {documents} documents, {chunks} chunks in {took:.1?} ({:.0} documents a second)",
        set.name,
        rate(documents, took)
    );
    Ok(())
}
