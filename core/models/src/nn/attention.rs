use std::ops::Range;

use rushlight_kernels::{Attended, PAGE, attend, for_each};

use crate::KvCache;

/// Multiplications below which a second thread costs more than it saves.
const SMALL: usize = 1 << 14;

/// Query vectors that one task computes: a page is unpacked once for all of them.
const QUERIES: usize = 64;

/// Pages whose part of the result is computed by itself and merged with the others' in their order. So long contexts
/// are work for several threads, even for a single token, and the result depends on neither.
const SPAN: usize = 8;

/// Grouped-query attention: several query heads share one head of keys and values.
#[derive(Debug, Clone)]
pub(crate) struct Attention {
    /// Query heads for each key/value head.
    pub(crate) group: usize,
    pub(crate) dimension: usize,
    pub(crate) scale: f32,
}

/// The rows of one sequence in a batch; the keys and values of these tokens are written, but do not count yet.
#[derive(Debug)]
pub(crate) struct Queries<'a> {
    pub(crate) cache: &'a KvCache,
    pub(crate) layer: usize,
    /// Where the rows are in the batch.
    pub(crate) rows: Range<usize>,
    /// Whether a row sees only the tokens up to its own.
    pub(crate) causal: bool,
    /// How many tokens a row sees at most, its own included.
    pub(crate) window: Option<usize>,
}

/// Some rows of one sequence, one key/value head and some of the pages.
#[derive(Debug)]
struct Task<'a> {
    sequence: &'a Queries<'a>,
    rows: Range<usize>,
    kv_head: usize,
    pages: Range<usize>,
}

impl Queries<'_> {
    /// The tokens that a row of the batch sees.
    fn visible(&self, row: usize) -> Range<usize> {
        let tokens = self.cache.len() + self.rows.len();
        let end = if self.causal { tokens - (self.rows.end - row) + 1 } else { tokens };
        self.window.map_or(0, |window| end.saturating_sub(window))..end
    }

    /// The pages that some rows see.
    fn pages(&self, rows: &Range<usize>) -> Range<usize> {
        let start = self.visible(rows.start).start;
        // A span starts at the same page whatever the rows.
        start / (SPAN * PAGE) * SPAN..self.visible(rows.end - 1).end.div_ceil(PAGE)
    }
}

impl Attention {
    /// Attends for every sequence; `queries` and `out` are `[rows][query heads × dimension]`.
    pub(crate) fn forward(&self, sequences: &[Queries<'_>], queries: &[f32], out: &mut [f32]) {
        let tasks = self.tasks(sequences);
        let mut attended: Vec<Option<Attended>> = vec![None; tasks.len()];
        let places = tasks.iter().zip(&mut attended);
        let attend = |(task, place): (&Task<'_>, &mut Option<_>)| *place = Some(self.run(task, queries));
        if self.work(sequences) < SMALL {
            places.for_each(attend);
        } else {
            for_each(places.collect(), attend);
        }
        let mut parts = tasks.iter().zip(attended.into_iter().flatten()).peekable();
        while let Some((task, mut whole)) = parts.next() {
            while let Some((_, part)) = parts.next_if(|(next, _)| next.continues(task)) {
                whole.merge(&part);
            }
            self.write(task, &whole, out);
        }
    }

    fn work(&self, sequences: &[Queries<'_>]) -> usize {
        let tokens = |sequence: &Queries<'_>| {
            sequence.rows.len() * sequence.visible(sequence.rows.end - 1).len() * sequence.cache.heads()
        };
        sequences.iter().map(tokens).sum::<usize>() * self.group * self.dimension
    }

    fn tasks<'a>(&self, sequences: &'a [Queries<'a>]) -> Vec<Task<'a>> {
        let mut tasks = Vec::new();
        let together = (QUERIES / self.group).max(1);
        for sequence in sequences {
            for first in sequence.rows.clone().step_by(together) {
                let rows = first..sequence.rows.end.min(first + together);
                let pages = sequence.pages(&rows);
                // Many rows are enough work for all threads without splitting the pages.
                let step = if sequence.rows.len() > 2 * together { pages.len() } else { SPAN };
                for kv_head in 0..sequence.cache.heads() {
                    for first in pages.clone().step_by(step) {
                        let pages = first..pages.end.min(first + step);
                        tasks.push(Task { sequence, rows: rows.clone(), kv_head, pages });
                    }
                }
            }
        }
        tasks
    }

    fn run(&self, task: &Task<'_>, queries: &[f32]) -> Attended {
        let Queries { cache, layer, .. } = *task.sequence;
        let (dimension, stride) = (self.dimension, cache.stride());
        let first = task.kv_head * self.group * dimension;
        let width = cache.heads() * self.group * dimension;
        let heads = task
            .rows
            .clone()
            .flat_map(|row| queries[row * width + first..][..self.group * dimension].chunks_exact(dimension));
        let mut gathered = vec![0.0; task.rows.len() * self.group * stride];
        for (gathered, query) in gathered.chunks_exact_mut(stride).zip(heads) {
            gathered[..dimension].copy_from_slice(query);
        }
        let visible: Vec<Range<usize>> = task
            .rows
            .clone()
            .flat_map(|row| std::iter::repeat_n(task.sequence.visible(row), self.group))
            .collect();
        let pages = cache.pages(layer, task.kv_head, task.pages.clone());
        let mut attended = Attended::nothing(visible.len(), stride);
        for (span, first) in pages.chunks(SPAN).zip((task.pages.start * PAGE..).step_by(SPAN * PAGE)) {
            attended.merge(&attend(&gathered, &visible, span, first, stride, self.scale));
        }
        attended
    }

    fn write(&self, task: &Task<'_>, attended: &Attended, out: &mut [f32]) {
        let dimension = self.dimension;
        let width = task.sequence.cache.heads() * self.group * dimension;
        let mut results = attended.rows();
        for row in task.rows.clone() {
            let first = row * width + task.kv_head * self.group * dimension;
            for out in out[first..][..self.group * dimension].chunks_exact_mut(dimension) {
                for (out, value) in out.iter_mut().zip(results.next().into_iter().flatten()) {
                    *out = value;
                }
            }
        }
    }
}

impl Task<'_> {
    /// Whether it is about the pages after those of `other`.
    fn continues(&self, other: &Self) -> bool {
        std::ptr::eq(self.sequence, other.sequence)
            && (&self.rows, self.kv_head) == (&other.rows, other.kv_head)
    }
}
