use std::ops::Range;

use rushlight_models::{Error, KvCache, LanguageModel, PrefixTree};

/// The chunks of one prompt on their way into its cache (EPIC, arXiv 2410.15332).
///
/// A chunk is computed by itself after the first token of the prompt, on which models spend the attention that they need
/// for nothing else (arXiv 2309.17453): so the tree knows it as the beginning of a sequence. In the prompt, its first
/// tokens are computed again, because they have seen least of it; the others are spliced in.
#[derive(Debug)]
pub(super) struct Chunks {
    /// First tokens of each chunk that are computed in the prompt.
    recompute: usize,
    /// In the prompt, in ascending order: those of which anything is spliced.
    places: Vec<Range<usize>>,
    next: usize,
    current: Option<Chunk>,
}

/// The chunk that is computed or spliced next.
#[derive(Debug)]
struct Chunk {
    place: Range<usize>,
    /// The first token of the prompt, then those of the chunk.
    tokens: Vec<u32>,
    cache: KvCache,
    /// Up to where the prompt is computed before the rest of the chunk is spliced in.
    stop: usize,
    /// Whether it was computed for an earlier prompt.
    is_known: bool,
}

/// What is computed for the next chunk.
#[derive(Debug)]
pub(super) enum Next {
    /// These tokens, into the chunk's own cache.
    Chunk(Vec<u32>),
    /// The prompt up to here. Then so many tokens are spliced in.
    Prompt { stop: usize, spliced: usize },
}

/// What was spliced into a prompt.
#[derive(Debug)]
pub(super) struct Spliced {
    /// From here on its cache is not what computing the prompt gives.
    pub(super) from: usize,
    /// Tokens that were computed for an earlier prompt.
    pub(super) known: usize,
}

impl Chunks {
    /// The chunks at these places of a prompt of `length` tokens.
    pub(super) fn new(recompute: usize, mut places: Vec<Range<usize>>, length: usize) -> Self {
        // The last token's logits are always wanted.
        places.retain(|place| place.start > 0 && place.start + recompute < place.end && place.end < length);
        Self { recompute, places, next: 0, current: None }
    }

    /// How much of the prompt may come from earlier ones: something is always computed before the first splice, so that
    /// an answer depends on nothing that was asked before.
    pub(super) fn known_limit(&self) -> usize {
        self.places.first().map_or(usize::MAX, |place| place.start + self.recompute - 1)
    }

    /// Begins again, for a prompt whose cache was taken away.
    pub(super) fn restart(&mut self) {
        (self.next, self.current) = (0, None);
    }

    /// What comes next, in parts of at most `rows` tokens, when `done` tokens of the prompt are computed; nothing when all
    /// chunks are in their places.
    pub(super) fn next(
        &mut self,
        prompt: &[u32],
        done: usize,
        rows: usize,
        tree: &mut PrefixTree,
    ) -> Option<Next> {
        if self.current.is_none() {
            let place = self.places.get(self.next)?.clone();
            self.next += 1;
            // Chunks may stand side by side.
            let stop = (place.start + self.recompute).max(done + 1);
            let tokens = [&prompt[..1], &prompt[place.clone()]].concat();
            let cache = tree.find(&tokens);
            let is_known = cache.len() == tokens.len();
            self.current = Some(Chunk { place, tokens, cache, stop, is_known });
        }
        let chunk = self.current.as_ref()?;
        let rest = &chunk.tokens[chunk.cache.len()..];
        Some(if rest.is_empty() {
            Next::Prompt { stop: chunk.stop, spliced: chunk.place.end - chunk.stop }
        } else {
            Next::Chunk(rest[..rest.len().min(rows)].to_vec())
        })
    }

    /// Where the tokens of a [`Next::Chunk`] go.
    pub(super) fn cache(&mut self) -> Option<&mut KvCache> {
        self.current.as_mut().map(|chunk| &mut chunk.cache)
    }

    /// Takes note of a pass: remembers a chunk that is computed now, and splices one in whose place is reached.
    pub(super) fn settle(
        &mut self,
        model: &LanguageModel,
        cache: &mut KvCache,
        tree: &mut PrefixTree,
    ) -> Result<Option<Spliced>, Error> {
        let Some(chunk) = &self.current else {
            return Ok(None);
        };
        let Chunk { place, tokens, stop, .. } = chunk;
        if chunk.cache.len() < tokens.len() {
            return Ok(None);
        }
        if cache.len() < *stop {
            tree.insert(tokens, &chunk.cache);
            return Ok(None);
        }
        model.splice(cache, &chunk.cache, stop - place.start + 1..tokens.len())?;
        let known = if chunk.is_known { place.end - stop } else { 0 };
        let spliced = Spliced { from: *stop, known };
        self.current = None;
        Ok(Some(spliced))
    }
}
