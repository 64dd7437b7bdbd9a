use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};

use crate::retrieval::store::sqlite::{NewChunk, NewDocument};

/// What the first line says that the file is.
pub(super) const FORMAT: &str = "rushlight-store";

/// The version of the lines below.
pub(super) const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) embedder: String,
    pub(super) dimensions: usize,
    /// The number of lines that follow.
    pub(super) documents: usize,
}

/// Every other line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DocumentLine {
    source: String,
    title: String,
    metadata: BTreeMap<String, String>,
    /// SHA-256 in Base64.
    hash: String,
    recipe: String,
    path: Option<String>,
    chunks: Vec<ChunkLine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ChunkLine {
    start: usize,
    headings: Vec<String>,
    text: String,
    /// Little-endian f32 in Base64.
    vector: String,
}

impl From<NewDocument> for DocumentLine {
    fn from(document: NewDocument) -> Self {
        let NewDocument { source, title, metadata, hash, recipe, path, chunks, .. } = document;
        let hash = BASE64_STANDARD.encode(hash);
        let chunks = chunks.into_iter().map(ChunkLine::from).collect();
        Self { source, title, metadata, hash, recipe, path, chunks }
    }
}

impl From<NewChunk> for ChunkLine {
    fn from(chunk: NewChunk) -> Self {
        let NewChunk { start, headings, text, vector } = chunk;
        let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { start, headings, text, vector: BASE64_STANDARD.encode(bytes) }
    }
}

impl DocumentLine {
    /// The document, with vectors of `dimensions`, or what is wrong with it.
    pub(super) fn into_document(self, dimensions: usize) -> Result<NewDocument, String> {
        let Self { source, title, metadata, hash, recipe, path, chunks } = self;
        if source.trim().is_empty() {
            return Err("expected a source, got an empty one".to_owned());
        }
        let bytes = BASE64_STANDARD.decode(hash).ok();
        let hash = bytes.and_then(|bytes| bytes.try_into().ok());
        let hash = hash.ok_or("expected a hash of 32 bytes in Base64")?;
        let chunks = (1..).zip(chunks).map(|(number, chunk)| {
            chunk.into_chunk(dimensions).ok_or_else(|| {
                format!("expected {dimensions} finite numbers in Base64 as the vector of chunk {number}")
            })
        });
        let chunks = chunks.collect::<Result<_, _>>()?;
        // When its file was seen last is for the store to find out where it is now.
        let (size, modified) = (None, None);
        Ok(NewDocument { source, title, metadata, hash, recipe, path, size, modified, chunks })
    }
}

impl ChunkLine {
    fn into_chunk(self, dimensions: usize) -> Option<NewChunk> {
        let Self { start, headings, text, vector } = self;
        let bytes = BASE64_STANDARD.decode(vector).ok()?;
        let (values, []) = bytes.as_chunks::<4>() else {
            return None;
        };
        let vector: Vec<f32> = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
        let is_sound = vector.len() == dimensions && vector.iter().all(|value| value.is_finite());
        is_sound.then_some(NewChunk { start, headings, text, vector })
    }
}
