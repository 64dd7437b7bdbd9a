//! What does BM25 cost as the corpus grows? Beside reading every paragraph, which is the simple way.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rushlight::retrieval::LexicalIndex;
use walkdir::WalkDir;

const QUERY: &str = "how do I drain a node and keep its daemon sets";

/// Paragraphs of the corpus that the demo reads, repeated until there are enough.
fn paragraphs(count: usize) -> Vec<String> {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/corpus");
    let files = WalkDir::new(corpus).sort_by_file_name().into_iter().filter_map(Result::ok);
    let texts: Vec<String> = files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect();
    let paragraphs = texts.iter().flat_map(|text| text.split("\n\n")).filter(|text| text.len() > 80);
    paragraphs.cycle().take(count).map(str::to_owned).collect()
}

fn search(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lexical");
    for size in [1_000, 10_000] {
        let paragraphs = paragraphs(size);
        let mut index = LexicalIndex::new();
        for (id, text) in paragraphs.iter().enumerate() {
            index.add(id as u64, text);
        }
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("bm25", size), |bencher| {
            bencher.iter(|| index.search(black_box(QUERY), 10));
        });
        group.bench_function(BenchmarkId::new("reading everything", size), |bencher| {
            let words: Vec<&str> = QUERY.split(' ').collect();
            let hits = |text: &String| words.iter().filter(|word| text.contains(*word)).count();
            bencher.iter(|| black_box(&paragraphs).iter().map(hits).max());
        });
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::new("indexing", size), |bencher| {
            bencher.iter(|| {
                let mut index = LexicalIndex::new();
                for (id, text) in paragraphs.iter().enumerate() {
                    index.add(id as u64, text);
                }
                index
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = search
}
criterion_main!(benches);
