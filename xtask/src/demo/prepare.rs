use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;

use rushlight::llm::{LoadProgress, LoadStage};
use rushlight::{
    Assistant, KnowledgeBase, LocalEmbedder, LocalLlm, LocalLlmOptions, MemoryCache, MemorySessions,
    Sampling, Toolbox,
};
use rushlight_models::hub::Hub;
use sha2::{Digest, Sha256};

use super::tool;
use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::progress::Count;

const EMBEDDER: &str = "all-MiniLM-L6-v2";

/// An assistant that knows the documents in `corpus`, with everything that it needs made ready.
pub(super) async fn assistant(model: &str, corpus: &Path) -> Result<Assistant> {
    let embedder = make_available(EMBEDDER)?;
    let model = make_available(model)?;
    let embedder = LocalEmbedder::open(&embedder.path.to_string_lossy()).await?;
    let documents = documents(embedder, corpus).await?;
    let start = Instant::now();
    let llm = load(&model.path.to_string_lossy()).await?;
    println!("model: {} loaded in {:.1} s", model.name, start.elapsed().as_secs_f64());
    println!("  {}", llm.info());
    Ok(Assistant::builder(llm)
        .instructions("You answer questions about running Kubernetes, briefly.")
        .retriever(documents)
        .tools(Toolbox::new().add(tool::disk_space())?)
        .cache(MemoryCache::default())
        .sessions(MemorySessions::default())
        .sampling(Sampling::greedy())
        .build()?)
}

/// The model of this file, with a bar while its weights are packed for the first time.
async fn load(path: &str) -> Result<LocalLlm> {
    let packing = OnceLock::new();
    let progress = move |progress: &LoadProgress<'_>| {
        if progress.stage == LoadStage::Packing {
            let count: &Count = packing.get_or_init(|| Count::bytes("packing weights, this once"));
            count.show(progress.done as usize, progress.total as usize);
        }
    };
    Ok(LocalLlm::open_with_progress(path, LocalLlmOptions::default(), progress).await?)
}

/// The knowledge base of `corpus`, brought up to date with its files.
async fn documents(embedder: LocalEmbedder, corpus: &Path) -> Result<KnowledgeBase> {
    let corpus = corpus.canonicalize().map_err(|error| Failure::io("read", corpus, &error))?;
    let start = Instant::now();
    let knowledge = KnowledgeBase::open(store(&corpus)?, embedder).await?;
    let count = Count::new("reading documents");
    let report = knowledge.ingest_dir(&corpus, |progress| count.show(progress.done, progress.total)).await?;
    drop(count);
    for failed in &report.failed {
        eprintln!("left out: {}: {}", failed.source, failed.reason);
    }
    println!(
        "documents: {} with {} passages ({} new, {} changed, {} removed, {} unchanged) in {:.1} s",
        knowledge.documents(),
        knowledge.len(),
        report.added,
        report.updated,
        report.deleted,
        report.unchanged,
        start.elapsed().as_secs_f64(),
    );
    if knowledge.is_empty() {
        return Err(Failure::new(format!("no text or Markdown documents in `{}`", corpus.display())));
    }
    Ok(knowledge)
}

/// Each corpus has its own store in the rushlight home, so that the second run finds it unchanged.
fn store(corpus: &Path) -> Result<PathBuf> {
    let digest = Sha256::digest(corpus.as_os_str().as_encoded_bytes());
    let tag: Vec<String> = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let name = corpus.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Hub::new()?.home().join("stores").join(format!("{name}-{}", tag.concat())))
}
