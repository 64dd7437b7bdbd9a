use std::path::{Path, PathBuf};

use rushlight::retrieval::{IngestReport, KnowledgeBaseOptions};
use rushlight::{KnowledgeBase, LocalEmbedder};
use rushlight_models::hub::Hub;
use sha2::{Digest, Sha256};

use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::progress::Count;

const EMBEDDER: &str = "all-MiniLM-L6-v2";

/// The knowledge base of the documents in `folder`, brought up to date with its files.
///
/// Each folder has a store in the rushlight home, called after `name`, so that the second run finds it unchanged.
pub(crate) async fn open(
    folder: &Path,
    name: Option<&str>,
    options: KnowledgeBaseOptions,
) -> Result<(KnowledgeBase, IngestReport)> {
    let embedder = make_available(EMBEDDER)?;
    let embedder = LocalEmbedder::open(&embedder.path.to_string_lossy()).await?;
    let folder = folder.canonicalize().map_err(|error| Failure::io("read", folder, &error))?;
    let knowledge = KnowledgeBase::open_with(store(&folder, name)?, embedder, options).await?;
    let count = Count::new("reading documents");
    let report = knowledge.ingest_dir(&folder, |progress| count.show(progress.done, progress.total)).await?;
    drop(count);
    for failed in &report.failed {
        eprintln!("left out: {}: {}", failed.source, failed.reason);
    }
    if knowledge.is_empty() {
        return Err(Failure::new(format!("no text or Markdown documents in `{}`", folder.display())));
    }
    Ok((knowledge, report))
}

/// Where the store of `folder` lies; without a name it is called as the folder.
fn store(folder: &Path, name: Option<&str>) -> Result<PathBuf> {
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let tag: Vec<String> = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let own = folder.file_name().unwrap_or_default().to_string_lossy();
    Ok(Hub::new()?.home().join("stores").join(format!("{}-{}", name.unwrap_or(&own), tag.concat())))
}
