use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use crate::KvCache;

/// Buffers that are kept for the next passes.
const KEPT: usize = 32;

/// The most bytes of a buffer that is kept: longer ones are those of a prompt's every token.
const LONGEST: usize = 16 << 20;

/// The next tokens of one sequence.
#[derive(Debug)]
#[non_exhaustive]
pub struct Step<'a> {
    /// The tokens that follow those in the cache; at least one.
    pub tokens: &'a [u32],
    /// What the sequence has computed so far; the pass appends to it.
    pub cache: &'a mut KvCache,
    /// Whether the last token's logits are computed. They cost a pass over the whole vocabulary, which the
    /// parts of a long prompt but the last don't need.
    pub logits: Logits,
}

/// Which logits a [`Step`] gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Logits {
    /// Those of the last token.
    #[default]
    Last,
    /// Those of every token, one after the other.
    All,
    /// None: the pass only fills the cache.
    None,
}

impl<'a> Step<'a> {
    /// A step that gives the last token's logits.
    pub fn new(tokens: &'a [u32], cache: &'a mut KvCache) -> Self {
        Self { tokens, cache, logits: Logits::Last }
    }

    /// A step that gives the logits of every token, one after the other.
    pub fn every(tokens: &'a [u32], cache: &'a mut KvCache) -> Self {
        Self { tokens, cache, logits: Logits::All }
    }

    /// A step that only fills the cache.
    pub fn fill(tokens: &'a [u32], cache: &'a mut KvCache) -> Self {
        Self { tokens, cache, logits: Logits::None }
    }
}

/// The logits of a [`Step`], `[tokens][vocabulary]`. Dropping them lets the model use their memory again.
///
/// A pass over eight sequences gives some megabytes, which the system would have to clear each time.
#[derive(Debug)]
pub struct StepLogits {
    values: Vec<f32>,
    spares: Spares,
}

impl Deref for StepLogits {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values
    }
}

impl DerefMut for StepLogits {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}

impl PartialEq for StepLogits {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl StepLogits {
    /// Appends rows.
    pub(crate) fn extend(&mut self, rows: &[f32]) {
        self.values.extend_from_slice(rows);
    }

    /// Resizes, without clearing what is there.
    pub(crate) fn resized(&mut self, length: usize) -> &mut [f32] {
        self.values.resize(length, 0.0);
        &mut self.values
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
    }
}

impl Drop for StepLogits {
    fn drop(&mut self) {
        let mut kept = self.spares.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT && self.values.capacity() * size_of::<f32>() <= LONGEST {
            kept.push(std::mem::take(&mut self.values));
        }
    }
}

/// Buffers of logits that nobody reads any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spares(Arc<Mutex<Vec<Vec<f32>>>>);

impl Spares {
    /// A buffer with whatever it had.
    pub(crate) fn take(&self) -> StepLogits {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        StepLogits { values: kept.unwrap_or_default(), spares: self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, LONGEST, Spares};

    #[test]
    fn a_buffer_is_used_again_unless_it_is_too_long() {
        let spares = Spares::default();
        let mut one = spares.take();
        one.resized(1_000).fill(1.0);
        let place = one.as_ptr();
        drop(one);

        let mut again = spares.take();
        assert_eq!((again.as_ptr(), again.len()), (place, 1_000));
        again.clear();
        again.extend(&[2.0; 3]);
        assert_eq!(*again, [2.0; 3]);

        let mut long = spares.take();
        long.resized(LONGEST / 4 + 1);
        drop(long);
        assert_eq!(spares.take().len(), 0);
    }

    #[test]
    fn no_more_are_kept_than_a_batch_has() {
        let spares = Spares::default();

        drop((0..2 * KEPT).map(|_| spares.take()).collect::<Vec<_>>());

        assert_eq!(spares.0.lock().unwrap().len(), KEPT);
    }
}
