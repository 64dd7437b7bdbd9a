use super::postings::{Posting, Postings, Reader};
use crate::retrieval::store::{Nearest, Ranked};

/// How soon more occurrences of a word in a text stop to count, and how much long texts are held back:
/// the values of Anserini's baselines.
const K1: f32 = 0.9;
const B: f32 = 0.4;

/// Scores are added up as whole numbers of this part, so that a sum does not depend on the order of its terms.
const UNIT: f32 = 1.0 / (1 << 24) as f32;

/// Texts whose scores are added up at a time: as many as stay in the fastest cache.
const WINDOW: usize = 4_096;

/// The inverse document frequency of a term that `holding` of `all` texts hold, by Lucene's formula.
pub(super) fn weight(all: usize, holding: usize) -> f32 {
    let (all, holding) = (all as f32, holding as f32);
    (1.0 + (all - holding + 0.5) / (holding + 0.5)).ln()
}

/// How much the length of a text holds its scores back.
pub(super) fn norm(length: u32, average: f32) -> f32 {
    K1 * (1.0 - B + B * length as f32 / average)
}

/// A term of a query.
#[derive(Debug)]
pub(super) struct Term<'a> {
    reader: Reader<'a>,
    /// What it adds to a text's score, before the text's own part, in units.
    weight: f32,
    /// No text gets more from it.
    most: u64,
}

impl<'a> Term<'a> {
    /// A term with these postings, of which no text has a smaller norm than `least_norm`.
    pub(super) fn new(postings: &'a Postings, weight: f32, least_norm: f32) -> Self {
        let mut term = Self { reader: postings.read(), weight: weight * (K1 + 1.0) / UNIT, most: 0 };
        // One part in a million more than computed: each of the few roundings loses less.
        term.most = (term.part(postings.max_frequency, least_norm) as f32 * (1.0 + 1e-6)) as u64 + 1;
        term
    }

    /// What a text gets from it.
    #[inline]
    fn part(&self, frequency: u32, norm: f32) -> u64 {
        let frequency = frequency as f32;
        (self.weight * (frequency / (frequency + norm))) as u64
    }

    fn add(&mut self, start: u32, sums: &mut [u64], norms: &[f32]) {
        let Self { weight, .. } = *self;
        self.reader.until(start + sums.len() as u32, |Posting { slot, frequency }| {
            let frequency = frequency as f32;
            let part = weight * (frequency / (frequency + norms[slot as usize]));
            sums[(slot - start) as usize] += part as u64;
        });
    }
}

/// The `k` best texts: highest sum of what they get from `terms` first, ties by ascending id. `id` gives the id of
/// the text at a slot, unless it is not to be found.
///
/// Texts that hold only terms of little weight are passed over once they cannot come among the best ("maxscore":
/// Turtle and Flood, "Query evaluation: strategies and optimizations", 1995), which changes no result.
pub(super) fn best(
    mut terms: Vec<Term<'_>>,
    norms: &[f32],
    k: usize,
    id: impl Fn(u32) -> Option<u64>,
) -> Vec<Ranked> {
    let mut nearest = Nearest::new(k);
    if k == 0 {
        return nearest.into_sorted();
    }
    terms.sort_unstable_by_key(|term| term.most);
    let mut sums = vec![0; WINDOW.min(norms.len())];
    // The first `weak` terms give no text enough, all together, which is `bound`.
    let (mut weak, mut bound) = (0, 0);
    loop {
        let needed = least_sum(&nearest);
        while weak < terms.len() && bound + terms[weak].most < needed {
            bound += terms[weak].most;
            weak += 1;
        }
        let (weak, strong) = terms.split_at_mut(weak);
        let Some(start) = strong.iter().map(|term| term.reader.slot()).min().filter(|slot| *slot < u32::MAX)
        else {
            return nearest.into_sorted();
        };
        let sums = &mut sums[..WINDOW.min(norms.len() - start as usize)];
        for term in strong {
            term.add(start, sums, norms);
        }
        collect(start, sums, bound, weak, norms, &mut nearest, &id);
        sums.fill(0);
    }
}

/// Offers the texts whose sums, and what `weak` terms add, may come among the best.
fn collect(
    start: u32,
    sums: &[u64],
    bound: u64,
    weak: &mut [Term<'_>],
    norms: &[f32],
    nearest: &mut Nearest,
    id: &impl Fn(u32) -> Option<u64>,
) {
    let mut needed = least_sum(nearest).saturating_sub(bound).max(1);
    for (eight, first) in sums.chunks(8).zip((start..).step_by(8)) {
        if eight.iter().all(|sum| *sum < needed) {
            continue;
        }
        for (sum, slot) in eight.iter().zip(first..) {
            if *sum < needed {
                continue;
            }
            let Some(id) = id(slot) else {
                continue;
            };
            if let Some(sum) = complete(*sum, slot, bound, weak, norms, needed + bound) {
                nearest.offer(id, sum as f32 * UNIT);
                needed = least_sum(nearest).saturating_sub(bound).max(1);
            }
        }
    }
}

/// The sum with what `weak` terms add, unless it stays below `needed`.
fn complete(
    mut sum: u64,
    slot: u32,
    mut bound: u64,
    weak: &mut [Term<'_>],
    norms: &[f32],
    needed: u64,
) -> Option<u64> {
    for term in weak.iter_mut().rev() {
        if sum + bound < needed {
            return None;
        }
        bound -= term.most;
        if let Some(frequency) = term.reader.frequency(slot) {
            sum += term.part(frequency, norms[slot as usize]);
        }
    }
    Some(sum)
}

/// The sum that a text needs to be kept. A little less than that of the last, as a score is rounded.
fn least_sum(nearest: &Nearest) -> u64 {
    (nearest.least() * ((1.0 - f32::EPSILON) / UNIT)) as u64
}
