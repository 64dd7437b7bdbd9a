use std::ops::Range;

use rushlight_kernels::{find_non_finite, gelu_mul, rms_norm, silu_mul};

use super::attention::Queries;
use super::decoder::{Block, Decoder};
use super::rope::Angles;
use super::rows::{add, for_each_row};
use super::{Activation, Linear};
use crate::step::StepLogits;
use crate::{Error, KvCache, Result};

/// The rows of one sequence in a batch.
#[derive(Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) tokens: &'a [u32],
    pub(crate) cache: &'a mut KvCache,
    /// How many of the last rows' logits are wanted.
    pub(crate) logits: usize,
}

/// The buffers of a forward pass, kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    hidden: Vec<f32>,
    normed: Vec<f32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    attended: Vec<f32>,
    projected: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    /// Of each rotation.
    angles: Vec<Angles>,
}

impl Decoder {
    /// Appends the segments' tokens to their caches, which have room for them, and replaces `logits` by those of the rows
    /// that are wanted, in order and one after the other. After an error the caches hold what they held.
    pub(crate) fn forward(
        &self,
        segments: &mut [Segment<'_>],
        workspace: &mut Workspace,
        logits: &mut StepLogits,
    ) -> Result<()> {
        let ranges = ranges(segments);
        let rows = ranges.last().map_or(0, |range| range.end);
        self.embed(segments, rows, workspace);
        let positions =
            segments.iter().flat_map(|segment| (segment.cache.len()..).take(segment.tokens.len()));
        workspace.angles.resize_with(self.ropes.len(), Angles::default);
        for (rope, angles) in self.ropes.iter().zip(&mut workspace.angles) {
            rope.angles(positions.clone(), angles);
        }
        let wanted: Vec<usize> = segments
            .iter()
            .zip(&ranges)
            .flat_map(|(segment, range)| range.end - segment.logits..range.end)
            .collect();

        for (index, block) in self.blocks.iter().enumerate() {
            self.attend(index, block, segments, &ranges, workspace)?;
            let last = index + 1 == self.blocks.len();
            if last {
                // Nobody reads the other rows of the last layer.
                keep_rows(&mut workspace.hidden, self.config.hidden, &wanted);
                keep_rows(&mut workspace.attended, self.config.query_width(), &wanted);
            }
            self.feed_forward(block, workspace)?;
            self.check_finite(&workspace.hidden, || format!("blk.{index}"))?;
        }

        let logits = logits.resized(wanted.len() * self.vocabulary());
        if !wanted.is_empty() {
            self.norm(&self.norm, &workspace.hidden, &mut workspace.normed);
            self.head().multiply(&workspace.normed, logits)?;
        }
        self.check_finite(logits, || self.head().describe())?;
        for segment in segments {
            segment.cache.advance(segment.tokens.len());
        }
        Ok(())
    }

    fn embed(&self, segments: &[Segment<'_>], rows: usize, workspace: &mut Workspace) {
        let hidden = self.config.hidden;
        workspace.hidden.resize(rows * hidden, 0.0);
        let tokens = segments.iter().flat_map(|segment| segment.tokens);
        for (row, token) in workspace.hidden.chunks_exact_mut(hidden).zip(tokens) {
            self.embedding.row(*token as usize, row);
            if let Some(scale) = self.embedding_scale {
                for value in row {
                    *value *= scale;
                }
            }
        }
    }

    /// Appends keys and values and fills `attended`.
    fn attend(
        &self,
        index: usize,
        block: &Block,
        segments: &mut [Segment<'_>],
        ranges: &[Range<usize>],
        workspace: &mut Workspace,
    ) -> Result<()> {
        let Workspace { hidden, normed, queries, keys, values, attended, angles, .. } = workspace;
        let (head, width, kv_width) =
            (self.config.head_dimension, self.config.query_width(), self.config.kv_width());
        let rows = self.norm(&block.attention_norm, hidden, normed);
        let parts = [(&block.query, &mut *queries), (&block.key, &mut *keys), (&block.value, &mut *values)];
        Linear::forward_each(normed, rows, parts)?;
        self.norm_heads(block.query_norm.as_deref(), width, queries);
        self.norm_heads(block.key_norm.as_deref(), kv_width, keys);
        let (rope, angles) = (&self.ropes[block.reach.rope], &angles[block.reach.rope]);
        rope.rotate(angles, head, width, queries);
        rope.rotate(angles, head, kv_width, keys);
        for (segment, range) in segments.iter_mut().zip(ranges) {
            let part = range.start * kv_width..range.end * kv_width;
            segment.cache.write(index, &keys[part.clone()], &values[part]);
        }
        let sequences: Vec<Queries<'_>> = segments
            .iter()
            .zip(ranges)
            .map(|(segment, range)| Queries {
                cache: &*segment.cache,
                layer: index,
                rows: range.clone(),
                causal: true,
                window: block.reach.window,
            })
            .collect();
        attended.resize(rows * width, 0.0);
        self.attention.forward(&sequences, queries, attended);
        Ok(())
    }

    /// Adds the attention's output and the feed-forward network's to `hidden`.
    fn feed_forward(&self, block: &Block, workspace: &mut Workspace) -> Result<()> {
        let Workspace { hidden, normed, attended, projected, gate, up, .. } = workspace;
        let rows = hidden.len() / self.config.hidden;
        if rows == 0 {
            return Ok(());
        }
        block.attention_output.forward(attended, rows, projected)?;
        self.add(block.attention_post_norm.as_deref(), hidden, projected, normed);
        self.norm(&block.feed_forward_norm, hidden, normed);
        Linear::forward_each(normed, rows, [(&block.gate, &mut *gate), (&block.up, &mut *up)])?;
        let width = self.config.feed_forward;
        let multiply = match self.activation {
            Activation::Silu => silu_mul,
            Activation::Gelu => gelu_mul,
        };
        for_each_row(gate, width, |index, gate| multiply(gate, &up[index * width..(index + 1) * width]));
        block.down.forward(gate, rows, projected)?;
        self.add(block.feed_forward_post_norm.as_deref(), hidden, projected, normed);
        Ok(())
    }

    fn check_finite(&self, values: &[f32], layer: impl FnOnce() -> String) -> Result<()> {
        match find_non_finite(values) {
            None => Ok(()),
            Some(value) => Err(Error::NonFinite { model: self.name.clone(), layer: layer(), value }),
        }
    }

    /// Adds rows to `hidden`, normalised if there is a weight for it.
    fn add(&self, weight: Option<&[f32]>, hidden: &mut [f32], rows: &[f32], normed: &mut Vec<f32>) {
        match weight {
            None => add(hidden, rows),
            Some(weight) => {
                self.norm(weight, rows, normed);
                add(hidden, normed);
            }
        }
    }

    /// Normalises each head of rows that are `width` wide, if there is a weight for it.
    fn norm_heads(&self, weight: Option<&[f32]>, width: usize, rows: &mut [f32]) {
        let Some(weight) = weight else {
            return;
        };
        for_each_row(rows, width, |_, row| {
            let before = row.to_vec();
            let heads = before.chunks_exact(weight.len()).zip(row.chunks_exact_mut(weight.len()));
            for (before, head) in heads {
                rms_norm(before, weight, self.config.norm_epsilon, head);
            }
        });
    }

    /// Writes the normalised rows to `normed` and gives their number.
    fn norm(&self, weight: &[f32], hidden: &[f32], normed: &mut Vec<f32>) -> usize {
        let (width, epsilon) = (self.config.hidden, self.config.norm_epsilon);
        normed.resize(hidden.len(), 0.0);
        for_each_row(normed, width, |index, row| {
            rms_norm(&hidden[index * width..(index + 1) * width], weight, epsilon, row);
        });
        hidden.len() / width
    }
}

/// The rows of each segment in the batch.
fn ranges(segments: &[Segment<'_>]) -> Vec<Range<usize>> {
    let mut end = 0;
    let range = |segment: &Segment<'_>| {
        let start = end;
        end += segment.tokens.len();
        start..end
    };
    segments.iter().map(range).collect()
}

/// Keeps only these rows, which are in ascending order.
fn keep_rows(rows: &mut Vec<f32>, width: usize, kept: &[usize]) {
    for (to, from) in kept.iter().enumerate() {
        rows.copy_within(from * width..(from + 1) * width, to * width);
    }
    rows.truncate(kept.len() * width);
}
