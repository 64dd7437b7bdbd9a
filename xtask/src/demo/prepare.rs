use std::path::Path;
use std::time::Instant;

use rushlight::retrieval::KnowledgeBaseOptions;
use rushlight::{Assistant, KnowledgeBase, LocalLlmOptions, MemoryCache, MemorySessions, Sampling, Toolbox};

use super::tool;
use crate::failure::Result;
use crate::{corpus, models};

/// An assistant that knows the documents in `corpus`, with everything that it needs made ready.
pub(super) async fn assistant(model: &str, corpus: &Path) -> Result<Assistant> {
    let model = models::make_available(model)?;
    let documents = documents(corpus).await?;
    let start = Instant::now();
    let llm = models::load(&model, LocalLlmOptions::default()).await?;
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

/// The knowledge base of `corpus`, brought up to date with its files.
async fn documents(corpus: &Path) -> Result<KnowledgeBase> {
    let start = Instant::now();
    let (knowledge, report) = corpus::open(corpus, None, KnowledgeBaseOptions::default()).await?;
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
    Ok(knowledge)
}
