use std::ops::Range;

use rayon::prelude::*;
use rushlight_kernels::attention;

use crate::kv::Heads;

/// Multiplications below which a second thread costs more than it saves.
const SMALL: usize = 1 << 17;
/// Query vectors that one task computes: the kernel reads the keys once for eight.
const QUERIES: usize = 32;

/// Grouped-query attention: several query heads share one head of keys and values.
#[derive(Debug, Clone)]
pub(crate) struct Attention {
    /// Query heads for each key/value head.
    pub(crate) group: usize,
    pub(crate) dimension: usize,
    pub(crate) scale: f32,
}

/// The rows of one sequence in a batch, whose keys and values are the last ones in `heads`.
#[derive(Debug)]
pub(crate) struct Queries<'a> {
    pub(crate) heads: &'a Heads,
    pub(crate) rows: Range<usize>,
    /// Whether a row sees only the tokens up to its own.
    pub(crate) causal: bool,
}

/// A part of the result: some rows of one sequence and some of its key/value heads.
struct Task<'a> {
    heads: &'a Heads,
    /// The row in the batch, and the tokens that it sees.
    rows: Vec<(usize, usize)>,
    kv_heads: Range<usize>,
    out: &'a mut [f32],
}

impl Attention {
    /// Attends for every sequence; `queries` and `out` are `[rows][query heads × dimension]`.
    pub(crate) fn forward(&self, sequences: &[Queries<'_>], queries: &[f32], out: &mut [f32]) {
        let work: usize =
            sequences.iter().map(|sequence| sequence.rows.len() * sequence.heads.tokens()).sum::<usize>()
                * self.group
                * self.dimension;
        let tasks = self.split(sequences, out);
        if work < SMALL {
            for task in tasks {
                self.run(task, queries);
            }
        } else {
            tasks.into_par_iter().with_max_len(1).for_each(|task| self.run(task, queries));
        }
    }

    fn split<'a>(&self, sequences: &[Queries<'a>], mut out: &'a mut [f32]) -> Vec<Task<'a>> {
        let mut tasks = Vec::new();
        for sequence in sequences {
            let Queries { heads, causal, .. } = *sequence;
            let kv_heads = heads.count();
            let part = self.group * self.dimension;
            let before = heads.tokens() - sequence.rows.len();
            let visible = |index: usize| if causal { before + index + 1 } else { heads.tokens() };
            let together = (QUERIES / self.group).max(1);
            let mut index = 0;
            while index < sequence.rows.len() {
                let count = together.min(sequence.rows.len() - index);
                let rows: Vec<(usize, usize)> = (index..index + count)
                    .map(|index| (sequence.rows.start + index, visible(index)))
                    .collect();
                // A single row is split by heads, for several only whole rows lie together.
                let step = if count == 1 { 1 } else { kv_heads };
                for first in (0..kv_heads).step_by(step) {
                    let (piece, rest) = out.split_at_mut(count * step * part);
                    out = rest;
                    tasks.push(Task { heads, rows: rows.clone(), kv_heads: first..first + step, out: piece });
                }
                index += count;
            }
        }
        tasks
    }

    fn run(&self, task: Task<'_>, queries: &[f32]) {
        let Task { heads, rows, kv_heads, out } = task;
        let (dimension, stride) = (self.dimension, heads.stride());
        let width = heads.count() * self.group * dimension;
        let out_width = kv_heads.len() * self.group * dimension;
        let count = rows.len() * self.group;
        let visible: Vec<usize> =
            rows.iter().flat_map(|&(_, visible)| std::iter::repeat_n(visible, self.group)).collect();
        let mut gathered = vec![0.0; count * stride];
        let mut attended = vec![0.0; count * stride];
        for kv_head in kv_heads.clone() {
            let first = kv_head * self.group * dimension;
            let heads_of_rows = rows.iter().flat_map(|&(row, _)| {
                queries[row * width + first..][..self.group * dimension].chunks_exact(dimension)
            });
            for (gathered, query) in gathered.chunks_exact_mut(stride).zip(heads_of_rows) {
                gathered[..dimension].copy_from_slice(query);
            }
            let (keys, values) = (heads.keys(kv_head), heads.values(kv_head));
            attention(&gathered, &visible, keys, values, stride, self.scale, &mut attended);
            let first = (kv_head - kv_heads.start) * self.group * dimension;
            let heads_of_rows = out
                .chunks_exact_mut(out_width)
                .flat_map(|row| row[first..][..self.group * dimension].chunks_exact_mut(dimension));
            for (out, attended) in heads_of_rows.zip(attended.chunks_exact(stride)) {
                out.copy_from_slice(&attended[..dimension]);
            }
        }
    }
}
