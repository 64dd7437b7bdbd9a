use std::path::Path;
use std::time::Instant;

use rushlight::{Document, KnowledgeBase, LocalEmbedder, Query, Retriever};
use tokio::runtime::Runtime;

use super::Reply;
use crate::evaluate::json_lines;
use crate::failure::{Failure, Result};

/// Documents in a knowledge base with its default options, in a folder.
#[derive(Debug)]
pub(super) struct Documents {
    base: KnowledgeBase,
}

impl Documents {
    pub(super) fn ingest(
        runtime: &Runtime,
        embedder: LocalEmbedder,
        documents: &Path,
        folder: &Path,
    ) -> Result<(Self, Reply)> {
        let documents: Vec<Document> = json_lines(documents)?;
        let base = runtime.block_on(KnowledgeBase::open(folder, embedder))?;
        let start = Instant::now();
        let report = runtime.block_on(base.ingest(documents, |_| ()))?;
        runtime.block_on(base.rebuild())?;
        let seconds = start.elapsed().as_secs_f64();
        match report.failed.first() {
            None => Ok((Self { base }, Reply { seconds, passages: report.chunks, ..Reply::default() })),
            Some(failed) => Err(Failure::new(format!("`{}` failed: {}", failed.source, failed.reason))),
        }
    }

    pub(super) fn retrieve(&self, runtime: &Runtime, queries: &[String], k: usize) -> Result<Reply> {
        let mut reply = Reply::default();
        for query in queries {
            let query = Query::new(query).k(k);
            let start = Instant::now();
            runtime.block_on(self.base.retrieve(&query))?;
            reply.times.push(start.elapsed().as_secs_f64());
        }
        Ok(reply)
    }
}
