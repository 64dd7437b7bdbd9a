use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use rushlight::retrieval::SearchMode;
use rushlight::{Document, HashedEmbedder, KnowledgeBase, LocalEmbedder, Query};

use super::options::Set;
use super::{Collection, Figure, Options};
use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::progress::Count;

/// Results that count.
const CUTOFF: usize = 10;

/// Passages that are asked for, since several may be of one document.
const PASSAGES: usize = 5 * CUTOFF;

/// The cases of every set.
const METHODS: [(&str, SearchMode); 3] =
    [("bm25", SearchMode::Lexical), ("dense", SearchMode::Dense), ("hybrid", SearchMode::Hybrid)];

/// nDCG@10 of each set by words, by vectors and by both; a document counts by its best passage.
pub(super) fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(format!("cannot start the async workers: {error}")))?;
    let mut seen = 0;
    for set in options.sets("queries.jsonl")? {
        let wanted = |(method, _): &(&str, SearchMode)| options.wants(&format!("{}/{method}", set.name));
        let methods: Vec<_> = METHODS.into_iter().filter(wanted).collect();
        if !methods.is_empty() {
            seen += methods.len();
            runtime.block_on(measure(options, &set, &methods))?;
        }
    }
    if seen == 0 { Err(Failure::new("no case has this name")) } else { Ok(()) }
}

async fn measure(options: &Options, set: &Set, methods: &[(&str, SearchMode)]) -> Result<()> {
    let mut collection = Collection::read(&set.path)?;
    if options.quick {
        collection.shrink();
    }
    let only_words = methods.iter().all(|(_, mode)| *mode == SearchMode::Lexical);
    let base = if only_words {
        KnowledgeBase::in_memory(HashedEmbedder::new(1)).await?
    } else {
        let model = make_available(options.model.as_deref().unwrap_or("all-MiniLM-L6-v2"))?;
        KnowledgeBase::in_memory(LocalEmbedder::open(&model.path.to_string_lossy()).await?).await?
    };
    ingest(&base, set, &collection).await?;
    for (method, mode) in methods {
        let mut sum = 0.0;
        let mut times = Vec::new();
        for question in &collection.questions {
            let start = Instant::now();
            let passages = base.search(&Query::new(&question.text).k(PASSAGES), *mode).await?;
            times.push(start.elapsed());
            let mut seen = HashSet::new();
            let mut documents: Vec<&str> = passages.iter().map(|passage| passage.source.as_str()).collect();
            documents.retain(|document| seen.insert(*document));
            sum += ndcg(&documents, &collection.gains[&question.id]);
        }
        times.sort_unstable();
        let case = format!("{}/{method}", set.name);
        let (median, late) = (times[times.len() / 2], times[times.len() * 95 / 100]);
        eprintln!("{case}: {} questions, p50 {median:.2?}, p95 {late:.2?}", times.len());
        Figure::new("ndcg@10", &case, sum / collection.questions.len() as f64).print();
    }
    Ok(())
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

/// Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002) with linear gains, at the cutoff.
fn ndcg(ranked: &[&str], gains: &BTreeMap<String, f64>) -> f64 {
    let discounted = |gains: &mut dyn Iterator<Item = f64>| {
        gains.take(CUTOFF).zip(2_u32..).map(|(gain, rank)| gain / f64::from(rank).log2()).sum::<f64>()
    };
    let mut best: Vec<f64> = gains.values().copied().collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let found = discounted(&mut ranked.iter().map(|id| gains.get(*id).copied().unwrap_or_default()));
    found / discounted(&mut best.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_order_has_ndcg_one_and_a_later_rank_counts_less() {
        let gains = BTreeMap::from([("a".to_owned(), 2.0), ("b".to_owned(), 1.0)]);

        assert!((ndcg(&["a", "b", "c"], &gains) - 1.0).abs() < 1e-12);
        let expected = (1.0 / 3_f64.log2() + 2.0 / 4_f64.log2()) / (2.0 + 1.0 / 3_f64.log2());
        assert!((ndcg(&["c", "b", "a"], &gains) - expected).abs() < 1e-12);
        assert!(ndcg(&["c"], &gains).abs() < 1e-12);
    }
}
