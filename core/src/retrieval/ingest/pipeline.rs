use std::path::PathBuf;
use std::sync::Arc;

use super::prepare::{Item, Outcome, Preparation};
use super::vectors::embed;
use super::{FailedDocument, IngestOptions, IngestProgress, IngestReport};
use crate::Result;
use crate::retrieval::Document;
use crate::retrieval::blocking::blocking;
use crate::retrieval::knowledge::Shared;
use crate::retrieval::load::{Listing, list_dir, list_files};
use crate::retrieval::store::sqlite::Commit;
#[cfg(feature = "web")]
use crate::retrieval::web::{Site, WebOptions};

const WORKER: &str = "ingest";

/// Texts that are given to the embedder at once.
const EMBED_BATCH: usize = 128;

/// One ingest: prepare a batch, embed it, commit it, tell of it; until all is done.
pub(in crate::retrieval) struct Ingest<'a> {
    shared: &'a Arc<Shared>,
    progress: &'a (dyn Fn(IngestProgress) + Send + Sync),
    report: IngestReport,
    done: usize,
    /// Documents of this ingest, as far as is known.
    total: usize,
}

impl<'a> Ingest<'a> {
    pub(in crate::retrieval) fn new(
        shared: &'a Arc<Shared>,
        progress: &'a (dyn Fn(IngestProgress) + Send + Sync),
    ) -> Self {
        Self { shared, progress, report: IngestReport::default(), done: 0, total: 0 }
    }

    pub(in crate::retrieval) async fn dir(
        self,
        dir: PathBuf,
        options: IngestOptions,
    ) -> Result<IngestReport> {
        let listing = blocking(WORKER, move || list_dir(&dir, options.glob.as_deref())).await?;
        self.listing(listing).await
    }

    pub(in crate::retrieval) async fn files(self, files: Vec<PathBuf>) -> Result<IngestReport> {
        let listing = blocking(WORKER, move || Ok(list_files(&files))).await?;
        self.listing(listing).await
    }

    pub(in crate::retrieval) async fn documents(mut self, documents: Vec<Document>) -> Result<IngestReport> {
        self.total = documents.len();
        self.run(documents.into_iter().map(Item::Document).collect(), None).await
    }

    /// The pages of a site. Nothing is asked of it before the ingest that may be at work is done.
    #[cfg(feature = "web")]
    pub(in crate::retrieval) async fn site(self, url: &str, options: WebOptions) -> Result<IngestReport> {
        let site = Site::new(url, options)?;
        self.run(vec![Item::Group(Box::new(site))], None).await
    }

    async fn listing(mut self, listing: Listing) -> Result<IngestReport> {
        self.total = listing.files.len() + listing.failed.len();
        for failed in listing.failed {
            self.fail(failed.source, failed.reason);
        }
        self.run(listing.files.into_iter().map(Item::File).collect(), listing.root).await
    }

    async fn run(mut self, items: Vec<Item>, root: Option<PathBuf>) -> Result<IngestReport> {
        self.shared.check_writable()?;
        let _only_one = self.shared.ingesting.lock().await;
        let shared = Arc::clone(self.shared);
        let mut preparation = blocking(WORKER, move || Preparation::new(shared, items)).await?;
        loop {
            let (returned, outcomes) = blocking(WORKER, move || {
                let outcomes = preparation.batch()?;
                Ok((preparation, outcomes))
            })
            .await?;
            preparation = returned;
            if outcomes.is_empty() {
                break;
            }
            let told = outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Ended { .. }));
            self.total = self.done + told.count() + preparation.left();
            self.batch(outcomes).await?;
        }
        let gone = match root {
            Some(root) => blocking(WORKER, move || Ok(preparation.known().gone(&root))).await?,
            None => Vec::new(),
        };
        self.report.deleted += remove(self.shared, gone).await?;
        let shared = Arc::clone(self.shared);
        blocking(WORKER, move || shared.checkpoint()).await?;
        Ok(self.report)
    }

    async fn batch(&mut self, mut outcomes: Vec<Outcome>) -> Result<()> {
        self.embed(&mut outcomes).await?;
        let mut commit = Commit::default();
        let mut told = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            match outcome {
                Outcome::Ready { document, replaces, is_new, .. } => {
                    told.push((
                        document.source.clone(),
                        Change::Stored { is_new, chunks: document.chunks.len() },
                    ));
                    commit.removed.extend(replaces);
                    commit.stored.push(document);
                }
                Outcome::Unchanged { source, seen } => {
                    told.push((source, Change::Unchanged));
                    commit.seen.extend(seen);
                }
                Outcome::Failed(failed) => told.push((failed.source, Change::Failed(failed.reason))),
                Outcome::Ended { gone, seen } => {
                    self.report.deleted += gone.len();
                    commit.removed.extend(gone);
                    commit.seen.extend(seen);
                }
            }
        }
        let shared = Arc::clone(self.shared);
        blocking(WORKER, move || shared.commit(commit)).await?;
        for (source, change) in told {
            self.tell(source, change);
        }
        Ok(())
    }

    /// Fills in the vectors.
    async fn embed(&self, outcomes: &mut [Outcome]) -> Result<()> {
        let mut texts = Vec::new();
        let mut chunks = Vec::new();
        for outcome in outcomes {
            if let Outcome::Ready { document, texts: own, .. } = outcome {
                texts.append(own);
                chunks.extend(&mut document.chunks);
            }
        }
        let mut chunks = chunks.into_iter();
        while !texts.is_empty() {
            let rest = texts.split_off(texts.len().min(EMBED_BATCH));
            let vectors = embed(&*self.shared.embedder, std::mem::replace(&mut texts, rest)).await?;
            for (vector, chunk) in vectors.into_iter().zip(chunks.by_ref()) {
                chunk.vector = vector;
            }
        }
        Ok(())
    }

    fn tell(&mut self, source: String, change: Change) {
        match change {
            Change::Stored { is_new, chunks } => {
                self.report.chunks += chunks;
                if is_new {
                    self.report.added += 1;
                } else {
                    self.report.updated += 1;
                }
            }
            Change::Unchanged => self.report.unchanged += 1,
            Change::Failed(reason) => return self.fail(source, reason),
        }
        self.advance(source);
    }

    fn fail(&mut self, source: String, reason: String) {
        self.report.failed.push(FailedDocument { source: source.clone(), reason });
        self.advance(source);
    }

    fn advance(&mut self, source: String) {
        self.done += 1;
        let (done, total, chunks) = (self.done, self.total, self.report.chunks);
        (self.progress)(IngestProgress { source, done, total, chunks });
    }
}

/// What is told about a document once its batch is committed.
enum Change {
    Stored { is_new: bool, chunks: usize },
    Unchanged,
    Failed(String),
}

/// Removes documents by source and gives the number of those that were stored.
pub(in crate::retrieval) async fn delete(shared: &Arc<Shared>, sources: Vec<String>) -> Result<usize> {
    shared.check_writable()?;
    let _only_one = shared.ingesting.lock().await;
    remove(shared, sources).await
}

async fn remove(shared: &Arc<Shared>, sources: Vec<String>) -> Result<usize> {
    let shared = Arc::clone(shared);
    let commit = Commit { removed: sources, ..Commit::default() };
    Ok(blocking(WORKER, move || shared.commit(commit)).await?.removed_documents)
}
