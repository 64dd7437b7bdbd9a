use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::known::Known;
use crate::Result;
use crate::retrieval::knowledge::Shared;
use crate::retrieval::load::{Found, Group, JsonLines, load};
use crate::retrieval::store::sqlite::{NewChunk, NewDocument, SeenFile, StoredDocument};
use crate::retrieval::{Chunker, Document, FailedDocument};

/// A batch ends when it has this many chunks to embed, this many documents, or took this long.
const BATCH_CHUNKS: usize = 128;
const BATCH_DOCUMENTS: usize = 256;
const BATCH_TIME: Duration = Duration::from_millis(500);

/// Something to ingest.
#[derive(Debug)]
pub(super) enum Item {
    File(Found),
    Document(Document),
    #[cfg(feature = "web")]
    Group(Box<dyn Group>),
}

/// What became of an item.
#[derive(Debug)]
pub(super) enum Outcome {
    /// To store; the vectors of its chunks are still empty.
    Ready {
        document: NewDocument,
        /// What to embed for each chunk.
        texts: Vec<String>,
        /// Other sources under which the same file is stored.
        replaces: Vec<String>,
        is_new: bool,
    },
    /// Stored already; for a file that had to be read to see that, how it is now.
    Unchanged { source: String, seen: Option<SeenFile> },
    /// Cannot be stored.
    Failed(FailedDocument),
    /// A group gave all that it had.
    Ended {
        /// What is stored from the same place and is no longer there.
        gone: Vec<String>,
        /// How its file is now, for each of its documents.
        seen: Vec<SeenFile>,
    },
}

/// Turns items into what is to be stored, batch by batch. Reads files and counts tokens, so it blocks.
#[derive(Debug)]
pub(super) struct Preparation {
    shared: Arc<Shared>,
    chunker: Chunker,
    recipe: String,
    items: std::vec::IntoIter<Item>,
    group: Option<Open>,
    ready: VecDeque<Outcome>,
    known: Known,
}

/// A group that is being read.
#[derive(Debug)]
struct Open {
    group: Box<dyn Group>,
    /// The sources that it gave.
    given: HashSet<String>,
}

/// Where a document comes from.
#[derive(Debug)]
struct Origin {
    path: String,
    size: Option<i64>,
    modified: Option<i64>,
    /// Other sources under which it is stored.
    replaces: Vec<String>,
}

impl Preparation {
    pub(super) fn new(shared: Arc<Shared>, items: Vec<Item>) -> Result<Self> {
        let known = Known::new(shared.stored_documents()?);
        let (chunker, recipe) = (shared.chunker(), shared.recipe());
        let items = items.into_iter();
        Ok(Self { shared, chunker, recipe, items, group: None, ready: VecDeque::new(), known })
    }

    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// How many documents are still to come, as far as is known.
    pub(super) fn left(&self) -> usize {
        let in_group = self.group.as_ref().map_or(0, |open| open.group.left());
        self.items.len() + in_group + self.ready.len()
    }

    /// The next outcomes; none when all items are dealt with.
    pub(super) fn batch(&mut self) -> Result<Vec<Outcome>> {
        let (mut outcomes, mut chunks) = (Vec::new(), 0);
        let begin = Instant::now();
        while chunks < BATCH_CHUNKS && outcomes.len() < BATCH_DOCUMENTS && begin.elapsed() < BATCH_TIME {
            let Some(outcome) = self.next()? else {
                break;
            };
            if let Outcome::Ready { texts, .. } = &outcome {
                chunks += texts.len();
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    fn next(&mut self) -> Result<Option<Outcome>> {
        loop {
            if let Some(outcome) = self.ready.pop_front() {
                return Ok(Some(outcome));
            }
            if let Some(open) = &mut self.group {
                match open.group.next() {
                    Some(Ok(document)) => return self.member(document).map(Some),
                    Some(Err(failed)) => return Ok(Some(Outcome::Failed(failed))),
                    None => self.end_group(),
                }
                continue;
            }
            match self.items.next() {
                None => return Ok(None),
                Some(Item::Document(document)) => return self.document(document, None).map(Some),
                Some(Item::File(file)) if JsonLines::is_name(&file.path) => self.lines(file),
                Some(Item::File(file)) => return self.file(file).map(Some),
                #[cfg(feature = "web")]
                Some(Item::Group(group)) => self.group = Some(Open { group, given: HashSet::new() }),
            }
        }
    }

    fn file(&mut self, file: Found) -> Result<Outcome> {
        if self.known.document(&file.source).is_some() && self.known.is_same(&file, &self.recipe) {
            return Ok(Outcome::Unchanged { source: file.source, seen: None });
        }
        match load(&file.path, &file.source, self.shared.options.max_file_bytes) {
            Ok(document) => {
                let sources = self.known.sources(&file.resolved);
                let replaces = sources.filter(|source| **source != file.source).cloned().collect();
                let origin =
                    Origin { path: file.resolved, size: Some(file.size), modified: file.modified, replaces };
                self.document(document, Some(origin))
            }
            Err(reason) => Ok(Outcome::Failed(FailedDocument { source: file.source, reason })),
        }
    }

    /// Opens a file of many documents, unless it is stored as it is.
    fn lines(&mut self, file: Found) {
        if self.known.is_same(&file, &self.recipe) {
            let sources = self.known.sources(&file.resolved).cloned();
            self.ready.extend(sources.map(|source| Outcome::Unchanged { source, seen: None }));
            return;
        }
        let source = file.source.clone();
        match JsonLines::open(file, self.shared.options.max_file_bytes) {
            Ok(lines) => self.group = Some(Open { group: Box::new(lines), given: HashSet::new() }),
            Err(reason) => self.ready.push_back(Outcome::Failed(FailedDocument { source, reason })),
        }
    }

    fn member(&mut self, document: Document) -> Result<Outcome> {
        let origin = self.group.as_mut().map(|open| {
            open.given.insert(document.source.clone());
            // Whether all of the file is stored is known at its end, and only then it need not be read again.
            let path = open.group.path().to_owned();
            Origin { path, size: None, modified: None, replaces: Vec::new() }
        });
        self.document(document, origin)
    }

    fn end_group(&mut self) {
        let Some(Open { group, given }) = self.group.take().filter(|open| open.group.is_complete()) else {
            return;
        };
        let gone = self.known.sources(group.path()).filter(|source| !given.contains(*source));
        let gone = gone.cloned().collect();
        let seen = group.file().map_or_else(Vec::new, |file| {
            let seen = |source| SeenFile { source, size: file.size, modified: file.modified };
            given.into_iter().map(seen).collect()
        });
        self.ready.push_back(Outcome::Ended { gone, seen });
    }

    fn document(&mut self, document: Document, origin: Option<Origin>) -> Result<Outcome> {
        if document.source.trim().is_empty() {
            let reason = "expected a source, got an empty one".to_owned();
            return Ok(Outcome::Failed(FailedDocument { source: document.source, reason }));
        }
        let hash = hash(&document);
        let stored = self.known.document(&document.source);
        let path = origin.as_ref().map(|origin| &origin.path);
        let same = |stored: &StoredDocument| {
            stored.hash == hash && stored.recipe == self.recipe && stored.path.as_ref() == path
        };
        if stored.is_some_and(same) {
            let source = document.source.clone();
            let seen = origin.and_then(|origin| {
                Some(SeenFile { source: document.source, size: origin.size?, modified: origin.modified })
            });
            return Ok(Outcome::Unchanged { source, seen });
        }
        let (path, size, modified, replaces) = match origin {
            Some(origin) => (Some(origin.path), origin.size, origin.modified, origin.replaces),
            None => (None, None, None, Vec::new()),
        };
        let is_new = stored.is_none() && replaces.is_empty();
        let chunks = self.chunker.chunk(&document, &*self.shared.embedder)?;
        let texts = chunks.iter().map(|chunk| format!("{}{}", chunk.context, chunk.text)).collect();
        let document = NewDocument {
            source: document.source,
            title: document.title,
            metadata: document.metadata,
            hash,
            recipe: self.recipe.clone(),
            size,
            modified,
            path,
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
            size,
            modified,
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
