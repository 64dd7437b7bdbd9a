use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use rushlight::retrieval::SearchMode;
use rushlight::{Document, HashedEmbedder, KnowledgeBase, LocalEmbedder, Query};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::options::Set;
use super::{Figure, Options};
use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::progress::Count;
use crate::workspace;

/// Results that count.
const CUTOFF: usize = 10;

/// Passages that are asked for, since several may be of one document.
const PASSAGES: usize = 5 * CUTOFF;

/// With `--quick`: this many questions, over their relevant documents and this many others.
const QUICK_QUESTIONS: usize = 50;
const QUICK_OTHERS: usize = 500;

/// The cases of every set.
const METHODS: [(&str, SearchMode); 3] =
    [("bm25", SearchMode::Lexical), ("dense", SearchMode::Dense), ("hybrid", SearchMode::Hybrid)];

/// A line of `corpus.jsonl` or `queries.jsonl`.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) title: String,
    pub(super) text: String,
    /// The answer to a question, where the set has one.
    #[serde(default)]
    pub(super) answer: Option<String>,
    /// Or several.
    #[serde(default)]
    pub(super) answers: Vec<String>,
}

/// A set in the layout of the BEIR benchmark: documents, questions, and how relevant documents are to questions.
#[derive(Debug)]
pub(super) struct Collection {
    pub(super) documents: Vec<Entry>,
    pub(super) questions: Vec<Entry>,
    pub(super) gains: BTreeMap<String, BTreeMap<String, f64>>,
}

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

impl Collection {
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let judged = ["test.tsv", "dev.tsv", "train.tsv"];
        let judged = judged.iter().map(|name| folder.join("qrels").join(name)).find(|path| path.is_file());
        let judged =
            judged.ok_or_else(|| Failure::new(format!("`{}` has no judgements", folder.display())))?;
        let gains = gains(&judged)?;
        let mut questions: Vec<Entry> = entries(folder, "queries.jsonl")?;
        questions.retain(|question| gains.contains_key(&question.id));
        Ok(Self { documents: entries(folder, "corpus.jsonl")?, questions, gains })
    }

    /// Keeps some questions, their relevant documents, and some others.
    fn shrink(&mut self) {
        self.questions.truncate(QUICK_QUESTIONS);
        let judged = self.questions.iter().flat_map(|question| self.gains[&question.id].keys());
        let relevant: HashSet<&String> = judged.collect();
        let mut others = 0;
        self.documents.retain(|document| {
            let is_relevant = relevant.contains(&document.id);
            others += usize::from(!is_relevant);
            is_relevant || others <= QUICK_OTHERS
        });
    }
}

/// How relevant documents are to each question that has a relevant one.
fn gains(path: &Path) -> Result<BTreeMap<String, BTreeMap<String, f64>>> {
    let mut gains: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for (number, line) in workspace::read(path)?.lines().enumerate().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let gain = fields.get(2).and_then(|gain| gain.trim().parse::<f64>().ok());
        let ([question, document, ..], Some(gain)) = (fields.as_slice(), gain) else {
            let message = format!("line {} of `{}` is no judgement", number + 1, path.display());
            return Err(Failure::new(message));
        };
        if gain > 0.0 {
            gains.entry((*question).to_owned()).or_default().insert((*document).to_owned(), gain);
        }
    }
    Ok(gains)
}

/// The values of a file with one JSON value a line, which may be gzipped.
fn entries<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Vec<T>> {
    let plain = folder.join(name);
    let packed = folder.join(format!("{name}.gz"));
    if fs::exists(&plain).unwrap_or(false) {
        return super::json_lines(&plain);
    }
    let mut text = String::new();
    File::open(&packed)
        .and_then(|file| GzDecoder::new(BufReader::new(file)).read_to_string(&mut text))
        .map_err(|error| Failure::io("read", &packed, &error))?;
    let values = text.lines().map(serde_json::from_str);
    values
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new(format!("`{}` is not as expected: {error}", packed.display())))
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
