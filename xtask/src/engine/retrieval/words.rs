use std::path::Path;
use std::time::Instant;

use rushlight::retrieval::LexicalIndex;

use super::Reply;
use crate::engine::ours::resident_bytes;
use crate::evaluate::json_lines;
use crate::failure::Result;

/// Our index of words.
#[derive(Debug)]
pub(super) struct Words {
    index: LexicalIndex,
}

impl Words {
    pub(super) fn build(texts: &Path) -> Result<(Self, Reply)> {
        let before = resident_bytes();
        let texts: Vec<String> = json_lines(texts)?;
        let mut index = LexicalIndex::new();
        let start = Instant::now();
        for (id, text) in (0..).zip(&texts) {
            index.add(id, text);
        }
        let seconds = start.elapsed().as_secs_f64();
        drop(texts);
        let bytes = resident_bytes() as f64 - before as f64;
        Ok((Self { index }, Reply { seconds, bytes, ..Reply::default() }))
    }

    pub(super) fn search(&self, queries: &[String], k: usize) -> Reply {
        let mut reply = Reply::default();
        for query in queries {
            let start = Instant::now();
            let found = self.index.search(query, k);
            reply.times.push(start.elapsed().as_secs_f64());
            reply.passages += found.len();
        }
        reply
    }
}
