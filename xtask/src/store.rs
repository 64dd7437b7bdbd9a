use std::path::PathBuf;

use async_trait::async_trait;
use clap::{Args, Subcommand};
use rushlight::{Embedder, KnowledgeBase};

use crate::failure::{Failure, Result};
use crate::progress::Count;

/// Looks after the store of a knowledge base; needs no model.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Looks at everything in it for damage, and names what it finds.
    Check(Place),
    /// Makes its files as small as they can be.
    Compact(Place),
    /// Says what it holds and which embedder it needs.
    Info(Place),
    /// Writes all that it holds, vectors included, to a file of JSON Lines.
    Export(Exchange),
    /// Stores what such a file holds.
    Import(Exchange),
}

#[derive(Debug, Args)]
struct Exchange {
    /// The store's directory.
    dir: PathBuf,
    /// The file.
    file: PathBuf,
}

#[derive(Debug, Args)]
struct Place {
    /// The store's directory.
    dir: PathBuf,
}

pub(crate) fn run(options: Options) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(format!("cannot start the runtime: {error}")))?;
    runtime.block_on(async {
        match options.action {
            Action::Check(place) => check(place).await,
            Action::Compact(place) => compact(place).await,
            Action::Info(place) => info(place).await,
            Action::Export(exchange) => export(exchange).await,
            Action::Import(exchange) => import(exchange).await,
        }
    })
}

async fn check(Place { dir }: Place) -> Result<()> {
    let check = KnowledgeBase::check(&dir).await?;
    for problem in &check.problems {
        println!("{problem}");
    }
    println!("{} documents, {} chunks", check.documents, check.chunks);
    match check.problems.len() {
        0 => Ok(()),
        count => Err(Failure::new(format!("`{}` has problems: {count} or more", dir.display()))),
    }
}

async fn compact(Place { dir }: Place) -> Result<()> {
    let report = open(dir).await?.compact().await?;
    println!("{} bytes before, {} after", report.bytes_before, report.bytes_after);
    Ok(())
}

async fn info(Place { dir }: Place) -> Result<()> {
    let info = KnowledgeBase::inspect(dir).await?;
    println!("{}, format {}, {} bytes", info.path.display(), info.format, info.bytes);
    println!("{} documents, {} chunks", info.documents, info.chunks);
    println!("vectors of `{}`, {} dimensions", info.embedder, info.dimensions);
    Ok(())
}

async fn export(Exchange { dir, file }: Exchange) -> Result<()> {
    let count = Count::new("exporting");
    Ok(open(dir).await?.export_to(file, |step| count.show(step.done, step.total)).await?)
}

async fn import(Exchange { dir, file }: Exchange) -> Result<()> {
    let count = Count::new("importing");
    let report = open(dir).await?.import_from(file, |step| count.show(step.done, step.total)).await?;
    drop(count);
    println!("{} added, {} updated, {} unchanged", report.added, report.updated, report.unchanged);
    Ok(())
}

/// The store in a directory, for work that embeds nothing.
async fn open(dir: PathBuf) -> Result<KnowledgeBase> {
    let info = KnowledgeBase::inspect(&dir).await?;
    let embedder = Absent { name: info.embedder, dimensions: info.dimensions };
    Ok(KnowledgeBase::open(dir, embedder).await?)
}

/// Stands for the embedder of a store, whose model need not be here.
#[derive(Debug)]
struct Absent {
    name: String,
    dimensions: usize,
}

impl Absent {
    fn refused<T>(&self) -> rushlight::Result<T> {
        Err(rushlight::Error::invalid("embedder", format!("`{}` is not at hand to embed texts", self.name)))
    }
}

#[async_trait]
impl Embedder for Absent {
    async fn embed(&self, _texts: Vec<String>) -> rushlight::Result<Vec<Vec<f32>>> {
        self.refused()
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn max_tokens(&self) -> usize {
        0
    }

    fn count_tokens(&self, _text: &str) -> rushlight::Result<usize> {
        self.refused()
    }

    fn name(&self) -> &str {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use rushlight::{Document, HashedEmbedder};

    use super::*;

    fn action(dir: &std::path::Path, action: fn(Place) -> Action) -> Result<()> {
        run(Options { action: action(Place { dir: dir.to_owned() }) })
    }

    fn filled(dir: &std::path::Path) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let base = KnowledgeBase::open(dir, HashedEmbedder::new(8)).await.expect("a new store");
            let document = Document::new("note", "A note about nothing.");
            base.ingest(vec![document], |_| {}).await.expect("there is room");
        });
    }

    #[test]
    fn a_store_is_looked_after_without_its_embedder() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        filled(dir.path());

        for each in [Action::Info, Action::Check, Action::Compact, Action::Check] {
            action(dir.path(), each).expect("the store is sound");
        }
    }

    #[test]
    fn a_damaged_store_fails_its_check() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        filled(dir.path());
        std::fs::write(dir.path().join("store.sqlite"), "no database").expect("it is written");

        let failure = action(dir.path(), Action::Check).expect_err("the file is damaged");

        assert!(failure.to_string().contains("has problems"), "{failure}");
    }
}
