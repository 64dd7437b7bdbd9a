use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use rushlight::{Embedder, LocalEmbedder};
use tokio::runtime::Runtime;

use super::Reply;
use crate::evaluate::json_lines;
use crate::failure::{Failure, Result};

/// Our sentence encoder.
#[derive(Debug)]
pub(super) struct Encoder {
    embedder: LocalEmbedder,
}

impl Encoder {
    pub(super) fn open(runtime: &Runtime, model: &Path) -> Result<Self> {
        Ok(Self { embedder: runtime.block_on(LocalEmbedder::open(&model.to_string_lossy()))? })
    }

    pub(super) fn embedder(&self) -> LocalEmbedder {
        self.embedder.clone()
    }

    pub(super) fn embed(&self, runtime: &Runtime, texts: &[String], batch: usize) -> Result<Reply> {
        let batches: Vec<Vec<String>> = texts.chunks(batch.max(1)).map(<[String]>::to_vec).collect();
        let mut vectors = Vec::with_capacity(texts.len());
        let start = Instant::now();
        for batch in batches {
            vectors.extend(runtime.block_on(self.embedder.embed(batch))?);
        }
        Ok(Reply { seconds: start.elapsed().as_secs_f64(), vectors, ..Reply::default() })
    }

    pub(super) fn embed_file(
        &self,
        runtime: &Runtime,
        texts: &Path,
        from: usize,
        count: usize,
        vectors: &Path,
    ) -> Result<Reply> {
        let texts: Vec<String> = json_lines(texts)?;
        let texts: Vec<String> = texts.into_iter().skip(from).take(count).collect();
        let reply = self.embed(runtime, &texts, texts.len())?;
        let failed = |error: std::io::Error| Failure::io("write", vectors, &error);
        let file = OpenOptions::new().create(true).append(true).open(vectors).map_err(failed)?;
        let mut file = BufWriter::new(file);
        for value in reply.vectors.iter().flatten() {
            file.write_all(&value.to_ne_bytes()).map_err(failed)?;
        }
        file.flush().map_err(failed)?;
        Ok(Reply { vectors: Vec::new(), ..reply })
    }
}
