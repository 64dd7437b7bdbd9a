use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops::softmax_last_dim;

use super::arena::Layer;
use super::pass::{Group, Pass, Sequence};
use crate::nn::Config;

/// What the rows of a pass see in layers of one window.
#[derive(Debug)]
pub(super) struct Sight {
    pub(super) window: Option<usize>,
    /// One for each group of the pass.
    views: Vec<View>,
}

/// What the sequences of a group see.
#[derive(Debug)]
struct View {
    /// Where the tokens are in the arena, `[sequences × length]`; shorter sequences repeat their first.
    slots: Tensor,
    length: usize,
    /// What is added to the scores, `[sequences, 1, 1, rows, length]`: nothing, or minus infinity for what a row must
    /// not see. None if all see everything.
    mask: Option<Tensor>,
}

impl Sight {
    pub(super) fn new(pass: &Pass<'_>, window: Option<usize>, device: &Device) -> Result<Self> {
        let view = |group: &Group| View::new(&pass.sequences[group.sequences.clone()], window, device);
        Ok(Self { window, views: pass.groups.iter().map(view).collect::<Result<_>>()? })
    }

    /// Attends for all rows; `queries` and the result are `[rows, query heads × dimension]`.
    pub(super) fn attend(
        &self,
        pass: &Pass<'_>,
        config: &Config,
        scale: f32,
        queries: &Tensor,
        layer: &Layer,
    ) -> Result<Tensor> {
        let queries = queries.affine(f64::from(scale), 0.0)?;
        let attended = pass.groups.iter().zip(&self.views).map(|(group, view)| {
            let queries = queries.narrow(0, group.start, group.sequences.len() * group.rows)?;
            view.attend(group, config, &queries, layer)
        });
        match &attended.collect::<Result<Vec<Tensor>>>()?[..] {
            [one] => Ok(one.clone()),
            several => Tensor::cat(several, 0),
        }
    }
}

impl View {
    fn new(sequences: &[Sequence<'_>], window: Option<usize>, device: &Device) -> Result<Self> {
        let starts: Vec<usize> = sequences.iter().map(|sequence| sequence.first_visible(window)).collect();
        let lengths = sequences.iter().zip(&starts).map(|(sequence, start)| sequence.end() - start);
        let length = lengths.clone().max().unwrap_or(0);
        let is_ragged = lengths.clone().any(|own| own != length);
        let rows = sequences.first().map_or(0, |sequence| sequence.tokens.len());
        let mut slots = Vec::with_capacity(sequences.len() * length);
        for ((sequence, &start), own) in sequences.iter().zip(&starts).zip(lengths) {
            slots.extend((start..start + own).map(|token| sequence.slot(token)));
            // Of its own, because what another one has computed may not be finite, which no mask hides.
            slots.extend(std::iter::repeat_n(sequence.slot(start), length - own));
        }
        let mask = if rows > 1 || is_ragged {
            let mask = mask(sequences, &starts, length, window);
            Some(Tensor::from_vec(mask, (sequences.len(), 1, 1, rows, length), device)?)
        } else {
            None
        };
        let count = slots.len();
        Ok(Self { slots: Tensor::from_vec(slots, count, device)?, length, mask })
    }

    fn attend(&self, group: &Group, config: &Config, queries: &Tensor, layer: &Layer) -> Result<Tensor> {
        let Config { heads, kv_heads, head_dimension, .. } = *config;
        let (count, rows, length) = (group.sequences.len(), group.rows, self.length);
        let together = heads / kv_heads;
        // Query heads that share keys and values are further rows of the same product.
        let queries = queries
            .reshape((count, rows, kv_heads, together, head_dimension))?
            .permute((0, 2, 3, 1, 4))?
            .contiguous()?
            .reshape((count, kv_heads, together * rows, head_dimension))?;
        let gathered = |store: &Tensor| -> Result<Tensor> {
            let tokens = store.index_select(&self.slots, 0)?;
            let heads = tokens.reshape((count, length, kv_heads, head_dimension))?.transpose(1, 2)?;
            heads.to_dtype(DType::F32)?.contiguous()
        };
        let mut scores = queries.matmul(&gathered(&layer.keys)?.t()?)?;
        if let Some(mask) = &self.mask {
            let shape = scores.shape().clone();
            scores = scores
                .reshape((count, kv_heads, together, rows, length))?
                .broadcast_add(mask)?
                .reshape(shape)?;
        }
        softmax_last_dim(&scores)?
            .matmul(&gathered(&layer.values)?)?
            .reshape((count, kv_heads, together, rows, head_dimension))?
            .permute((0, 3, 1, 2, 4))?
            .contiguous()?
            .reshape((count * rows, heads * head_dimension))
    }
}

/// `[sequences][rows][length]`
fn mask(sequences: &[Sequence<'_>], starts: &[usize], length: usize, window: Option<usize>) -> Vec<f32> {
    let mut mask = Vec::new();
    for (sequence, start) in sequences.iter().zip(starts) {
        for position in sequence.first..sequence.end() {
            let visible = window.map_or(0, |window| (position + 1).saturating_sub(window))..=position;
            let value = |token: usize| if visible.contains(&token) { 0.0 } else { f32::NEG_INFINITY };
            mask.extend((*start..start + length).map(value));
        }
    }
    mask
}
