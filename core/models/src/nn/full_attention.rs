use std::ops::Range;

use rushlight_kernels::{KvPage, LANES, PAGE, RelativeBias, attend_with_bias, for_each};

/// Attention in which every token of a sequence sees all of its sequence.
#[derive(Debug, Clone)]
pub(crate) struct FullAttention {
    pub(crate) heads: usize,
    pub(crate) dimension: usize,
    pub(crate) scale: f32,
    pub(crate) distances: Option<Distances>,
}

/// What is added to a score for the distance from the query to the token.
#[derive(Debug, Clone)]
pub(crate) struct Distances {
    /// `[heads][positions + positions.next_multiple_of(PAGE)]`: from `1 - positions` upwards.
    values: Vec<f32>,
    positions: usize,
}

impl Distances {
    /// The values that `value` has for each head and each distance, the token's position minus the query's, of
    /// sequences of up to `positions` tokens.
    pub(crate) fn new(heads: usize, positions: usize, value: impl Fn(usize, isize) -> f32) -> Self {
        let width = positions + positions.next_multiple_of(PAGE);
        let mut values = Vec::with_capacity(heads * width);
        for head in 0..heads {
            values.extend((0..width).map(|index| value(head, index as isize + 1 - positions as isize)));
        }
        Self { values, positions }
    }

    fn of_head(&self, head: usize) -> RelativeBias<'_> {
        let width = self.positions + self.positions.next_multiple_of(PAGE);
        RelativeBias { values: &self.values[head * width..][..width], origin: self.positions - 1 }
    }
}

/// One head of one sequence.
#[derive(Debug)]
struct Task<'a> {
    head: usize,
    /// Queries, keys and values of all heads: `[tokens][3][heads][dimension]`.
    projected: &'a [f32],
    /// Where the result of each token goes.
    out: Vec<&'a mut [f32]>,
}

impl FullAttention {
    /// Attends in each sequence; they have these numbers of tokens, one after the other. `projected` is `[tokens][3][heads ×
    /// dimension]`, queries, keys and values; `out` is `[tokens][heads × dimension]`.
    pub(crate) fn forward(&self, lengths: &[usize], projected: &[f32], out: &mut [f32]) {
        let width = self.heads * self.dimension;
        let (mut projected, mut out) = (projected, out);
        let mut tasks = Vec::with_capacity(lengths.len() * self.heads);
        for length in lengths {
            let (own, rest) = projected.split_at(length * 3 * width);
            let (own_out, rest_out) = out.split_at_mut(length * width);
            (projected, out) = (rest, rest_out);
            let first = tasks.len();
            tasks.extend((0..self.heads).map(|head| Task {
                head,
                projected: own,
                out: Vec::with_capacity(*length),
            }));
            for row in own_out.chunks_exact_mut(width) {
                for (task, piece) in tasks[first..].iter_mut().zip(row.chunks_exact_mut(self.dimension)) {
                    task.out.push(piece);
                }
            }
        }
        for_each(tasks, |task| self.run(task));
    }

    fn run(&self, task: Task<'_>) {
        let Task { head, projected, out } = task;
        let (dimension, stride, tokens) = (self.dimension, self.dimension.next_multiple_of(LANES), out.len());
        let room = tokens.next_multiple_of(PAGE) * stride;
        let mut queries = vec![0.0; tokens * stride];
        let (mut keys, mut values) = (vec![0.0; room], vec![0.0; room]);
        let (first, width) = (head * dimension, self.heads * dimension);
        for (token, row) in projected.chunks_exact(3 * width).enumerate() {
            let part = |index: usize| &row[index * width + first..][..dimension];
            queries[token * stride..][..dimension].copy_from_slice(part(0));
            let tile = &mut keys[token / LANES * LANES * stride + token % LANES..];
            for (place, key) in tile.iter_mut().step_by(LANES).zip(part(1)) {
                *place = *key;
            }
            values[token * stride..][..dimension].copy_from_slice(part(2));
        }
        let pages = keys.chunks_exact(PAGE * stride).zip(values.chunks_exact(PAGE * stride));
        let pages: Vec<KvPage<'_>> = pages.map(|(keys, values)| KvPage::F32 { keys, values }).collect();
        let visible: Vec<Range<usize>> = vec![0..tokens; tokens];
        let bias = self.distances.as_ref().map(|distances| distances.of_head(head));
        let attended = attend_with_bias(&queries, &visible, &pages, 0, stride, self.scale, bias);
        for (out, values) in out.into_iter().zip(attended.rows()) {
            for (out, value) in out.iter_mut().zip(values) {
                *out = value;
            }
        }
    }
}
