use async_trait::async_trait;
use unicode_segmentation::UnicodeSegmentation;

use crate::Result;
use crate::retrieval::Embedder;
use crate::retrieval::blocking::blocking;

/// Vectors by feature hashing of words and their character trigrams: no model, deterministic, the same on
/// every platform.
///
/// Texts that share words are near; meaning is not understood. Made for tests, demonstrations and as a
/// stand-in where no model may be loaded. The whole text counts, however long.
#[derive(Debug, Clone)]
pub struct HashedEmbedder {
    dimensions: usize,
    name: String,
}

impl HashedEmbedder {
    /// An embedder of vectors of this length, at least 1.
    pub fn new(dimensions: usize) -> Self {
        let dimensions = dimensions.max(1);
        Self { dimensions, name: format!("hashed-{dimensions}") }
    }

    fn vector(&self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0_f32; self.dimensions];
        for word in text.unicode_words() {
            let word = word.to_lowercase();
            self.add(&mut vector, word.as_bytes(), 1.0);
            let marked: Vec<char> =
                std::iter::once('<').chain(word.chars()).chain(std::iter::once('>')).collect();
            for trigram in marked.windows(3) {
                self.add(&mut vector, trigram.iter().collect::<String>().as_bytes(), 0.25);
            }
        }
        if vector.iter().all(|value| *value == 0.0) {
            vector[0] = 1.0;
        }
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        for value in &mut vector {
            *value /= length;
        }
        vector
    }

    fn add(&self, vector: &mut [f32], feature: &[u8], weight: f32) {
        let hash = fnv1a(feature);
        let sign = if hash >> 63 == 0 { weight } else { -weight };
        vector[(hash % self.dimensions as u64) as usize] += sign;
    }
}

#[async_trait]
impl Embedder for HashedEmbedder {
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let embedder = self.clone();
        blocking("embedder", move || Ok(texts.iter().map(|text| embedder.vector(text)).collect())).await
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn max_tokens(&self) -> usize {
        usize::MAX
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(text.unicode_words().count())
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_the_same_on_every_platform() {
        let vector = HashedEmbedder::new(8).vector("Grüße, World");

        let bits: Vec<String> = vector.iter().map(|value| format!("{value:.6}")).collect();
        insta::assert_snapshot!(bits.join(" "), @"0.727607 0.242536 0.121268 0.606339 0.121268 -0.121268 0.000000 0.000000");
    }

    #[test]
    fn case_and_punctuation_do_not_matter() {
        let embedder = HashedEmbedder::new(32);

        assert_eq!(embedder.vector("Hello, world!"), embedder.vector("hello WORLD"));
        assert_ne!(embedder.vector("hello"), embedder.vector("help"));
    }
}
