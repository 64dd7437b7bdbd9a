use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::known::Known;
use crate::Result;
use crate::retrieval::knowledge::Shared;
use crate::retrieval::load::{Found, load};
use crate::retrieval::store::sqlite::{NewChunk, NewDocument, SeenFile, StoredDocument};
use crate::retrieval::{Chunker, Document};

/// A batch ends when it has this many chunks to embed, or this many documents.
const BATCH_CHUNKS: usize = 128;
const BATCH_DOCUMENTS: usize = 256;

/// Something to ingest.
#[derive(Debug)]
pub(super) enum Item {
    File(Found),
    Document(Document),
}

/// What became of an item.
#[derive(Debug)]
pub(super) enum Outcome {
    /// To store; the vectors of its chunks are still empty.
    Ready {
        document: NewDocument,
        /// What to embed for each chunk.
        texts: Vec<String>,
        /// Another source under which the same file is stored.
        replaces: Option<String>,
        is_new: bool,
    },
    /// Stored already; for a file that had to be read to see that, how it is now.
    Unchanged { source: String, seen: Option<SeenFile> },
    /// Cannot be stored.
    Failed { source: String, reason: String },
}

/// Turns items into what is to be stored, batch by batch. Reads files and counts tokens, so it blocks.
#[derive(Debug)]
pub(super) struct Preparation {
    shared: Arc<Shared>,
    chunker: Chunker,
    recipe: String,
    items: std::vec::IntoIter<Item>,
    known: Known,
}

impl Preparation {
    pub(super) fn new(shared: Arc<Shared>, items: Vec<Item>) -> Result<Self> {
        let known = Known::new(shared.stored_documents()?);
        let (chunker, recipe) = (shared.chunker(), shared.recipe());
        Ok(Self { shared, chunker, recipe, items: items.into_iter(), known })
    }

    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// The next outcomes; none when all items are dealt with.
    pub(super) fn batch(&mut self) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::new();
        let mut chunks = 0;
        while chunks < BATCH_CHUNKS && outcomes.len() < BATCH_DOCUMENTS {
            let Some(item) = self.items.next() else {
                break;
            };
            let outcome = match item {
                Item::File(file) => self.file(file)?,
                Item::Document(document) => self.document(document, None)?,
            };
            if let Outcome::Ready { texts, .. } = &outcome {
                chunks += texts.len();
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    fn file(&mut self, file: Found) -> Result<Outcome> {
        if self.known.is_same(&file, &self.recipe) {
            return Ok(Outcome::Unchanged { source: file.source, seen: None });
        }
        match load(&file.path, &file.source, self.shared.options.max_file_bytes) {
            Ok(document) => self.document(document, Some(file)),
            Err(reason) => Ok(Outcome::Failed { source: file.source, reason }),
        }
    }

    fn document(&mut self, document: Document, file: Option<Found>) -> Result<Outcome> {
        if document.source.trim().is_empty() {
            let reason = "expected a source, got an empty one".to_owned();
            return Ok(Outcome::Failed { source: document.source, reason });
        }
        let hash = hash(&document);
        let stored = self.known.document(&document.source);
        let path = file.as_ref().map(|file| &file.resolved);
        let same = |stored: &StoredDocument| {
            stored.hash == hash && stored.recipe == self.recipe && stored.path.as_ref() == path
        };
        if stored.is_some_and(same) {
            let seen =
                file.map(|file| SeenFile { source: file.source, size: file.size, modified: file.modified });
            return Ok(Outcome::Unchanged { source: document.source, seen });
        }
        let replaces = file.as_ref().and_then(|file| self.known.other_source(file)).cloned();
        let is_new = stored.is_none() && replaces.is_none();
        let chunks = self.chunker.chunk(&document, &*self.shared.embedder)?;
        let texts = chunks.iter().map(|chunk| format!("{}{}", chunk.context, chunk.text)).collect();
        let document = NewDocument {
            source: document.source,
            title: document.title,
            metadata: document.metadata,
            hash,
            recipe: self.recipe.clone(),
            size: file.as_ref().map(|file| file.size),
            modified: file.as_ref().and_then(|file| file.modified),
            path: file.map(|file| file.resolved),
            chunks: chunks
                .into_iter()
                .map(|chunk| NewChunk {
                    start: chunk.start,
                    headings: chunk.headings,
                    text: chunk.text,
                    vector: Vec::new(),
                })
                .collect(),
        };
        self.known.remember(StoredDocument {
            source: document.source.clone(),
            hash: hash.to_vec(),
            recipe: self.recipe.clone(),
            path: document.path.clone(),
            size: document.size,
            modified: document.modified,
        });
        Ok(Outcome::Ready { document, texts, replaces, is_new })
    }
}

/// SHA-256 of all that a document says; each part with its length, so that none runs into the next.
fn hash(document: &Document) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let fields = document.metadata.iter().flat_map(|(name, value)| [name, value]);
    for part in [&document.title, &document.text].into_iter().chain(fields) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}
