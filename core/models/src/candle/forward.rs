use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};
use candle_nn::ops::rms_norm;
use candle_nn::rotary_emb::{rope, rope_i};
use rushlight_kernels::find_non_finite;

use super::attention::Sight;
use super::decoder::{CandleBlock, CandleDecoder};
use super::pass::Pass;
use crate::device::{Accelerator, failed};
use crate::kv::PagesElsewhere;
use crate::nn::{Activation, Angles, Pairing, Reach, Rope, Segment};
use crate::step::StepLogits;
use crate::{Error, Result};

/// What the layers of a pass have in common.
#[derive(Debug)]
struct Shared {
    /// Where the rows' keys and values go, once for each of their numbers: `[rows, width]`.
    slots: Tensor,
    /// Of each rotation the cosines and sines, `[rows, 1, pairs]`.
    angles: Vec<(Tensor, Tensor)>,
    /// One for each window.
    sights: Vec<Sight>,
    /// The rows whose logits are wanted; none for all.
    wanted: Option<Tensor>,
}

/// Where a computation first gave NaN or infinity.
type Fault = Option<(String, f32)>;

impl Accelerator for CandleDecoder {
    fn pages(&self) -> Arc<dyn PagesElsewhere> {
        Arc::clone(&self.arena) as Arc<dyn PagesElsewhere>
    }

    fn forward(&self, segments: &mut [Segment<'_>], logits: &mut StepLogits) -> Result<()> {
        let _turn = self.arena.turn();
        let pass = Pass::new(segments);
        let computed = self.compute(&pass, &mut |_, _| Ok(()));
        let computed = computed.map_err(|error| failed(self.device, error))?;
        if let Some(value) = find_non_finite(&computed) {
            return Err(self.blame(&pass, value));
        }
        logits.clear();
        logits.extend(&pass.in_order(&computed, self.decoder.vocabulary()));
        for segment in segments {
            segment.cache.advance(segment.tokens.len());
        }
        Ok(())
    }
}

impl CandleDecoder {
    /// The logits of the wanted rows, in the order of the pass. `watch` sees the rows after every layer.
    fn compute(
        &self,
        pass: &Pass<'_>,
        watch: &mut dyn FnMut(usize, &Tensor) -> CandleResult<()>,
    ) -> CandleResult<Vec<f32>> {
        let wanted = pass.wanted();
        let shared = self.share(pass, &wanted)?;
        let mut hidden = self.embed(pass)?;
        let last = self.blocks.len() - 1;
        for (index, block) in self.blocks.iter().enumerate() {
            let mut attended = self.attend(pass, index, &shared, &hidden)?;
            if index == last {
                // Nobody reads the other rows of the last layer.
                if wanted.is_empty() {
                    self.place.synchronize()?;
                    return Ok(Vec::new());
                }
                if let Some(rows) = &shared.wanted {
                    hidden = hidden.index_select(rows, 0)?;
                    attended = attended.index_select(rows, 0)?;
                }
            }
            hidden = self.feed_forward(block, &hidden, &attended)?;
            watch(index, &hidden)?;
        }
        let normed = self.norm(&hidden, &self.norm)?;
        self.head.forward(&normed)?.flatten_all()?.to_vec1()
    }

    fn share(&self, pass: &Pass<'_>, wanted: &[u32]) -> CandleResult<Shared> {
        let (config, place) = (&self.decoder.config, &self.place);
        let slots = pass.slots();
        let rows = slots.len();
        let slots = Tensor::from_vec(slots, (rows, 1), place)?.broadcast_as((rows, config.kv_width()))?;
        let angles = |rope: &Rope| {
            let mut angles = Angles::default();
            rope.angles(pass.positions(), &mut angles);
            let shape = (rows, 1, angles.cosines.len() / rows);
            let cosines = Tensor::from_vec(angles.cosines, shape, place)?;
            Ok((cosines, Tensor::from_vec(angles.sines, shape, place)?))
        };
        let mut sights: Vec<Sight> = Vec::new();
        for block in &self.decoder.blocks {
            if sights.iter().all(|sight| sight.window != block.reach.window) {
                sights.push(Sight::new(pass, block.reach.window, place)?);
            }
        }
        Ok(Shared {
            slots: slots.contiguous()?,
            angles: self.decoder.ropes.iter().map(angles).collect::<CandleResult<_>>()?,
            sights,
            wanted: (wanted.len() < rows).then(|| Tensor::new(wanted, place)).transpose()?,
        })
    }

    /// The embeddings, which are read out of the file: one row for each token.
    fn embed(&self, pass: &Pass<'_>) -> CandleResult<Tensor> {
        let (width, scale) = (self.decoder.config.hidden, self.decoder.embedding_scale);
        let tokens: Vec<u32> = pass.tokens().collect();
        let mut rows = vec![0.0; tokens.len() * width];
        for (row, token) in rows.chunks_exact_mut(width).zip(&tokens) {
            self.decoder.embedding.row(*token as usize, row);
            if let Some(scale) = scale {
                for value in row {
                    *value *= scale;
                }
            }
        }
        Tensor::from_vec(rows, (tokens.len(), width), &self.place)
    }

    /// Appends keys and values and gives what the rows see.
    fn attend(
        &self,
        pass: &Pass<'_>,
        index: usize,
        shared: &Shared,
        hidden: &Tensor,
    ) -> CandleResult<Tensor> {
        let (config, block) = (&self.decoder.config, &self.blocks[index]);
        let reach = self.decoder.blocks[index].reach;
        let normed = self.norm(hidden, &block.attention_norm)?;
        let queries = block.query.forward(&normed)?;
        let queries = self.rotate(&queries, config.heads, block.query_norm.as_ref(), reach, shared)?;
        let keys = block.key.forward(&normed)?;
        let keys = self.rotate(&keys, config.kv_heads, block.key_norm.as_ref(), reach, shared)?;
        let values = block.value.forward(&normed)?;
        let layer = self.arena.layer(index);
        for (store, rows) in [(&layer.keys, keys), (&layer.values, values)] {
            store.scatter_set(&shared.slots, &rows.to_dtype(store.dtype())?, 0)?;
        }
        let sight = shared.sights.iter().find(|sight| sight.window == reach.window);
        let sight = sight.expect("there is one for the window of each layer");
        sight.attend(pass, config, self.decoder.attention.scale, &queries, &layer)
    }

    /// Normalises and rotates the heads of rows, `[rows, heads × dimension]`.
    fn rotate(
        &self,
        rows: &Tensor,
        heads: usize,
        norm: Option<&Tensor>,
        reach: Reach,
        shared: &Shared,
    ) -> CandleResult<Tensor> {
        let dimension = self.decoder.config.head_dimension;
        let (count, width) = rows.dims2()?;
        let mut rows = rows.reshape((count, heads, 1, dimension))?;
        if let Some(weight) = norm {
            rows = self.norm(&rows, weight)?;
        }
        let (cosines, sines) = &shared.angles[reach.rope];
        let turn = match self.decoder.ropes[reach.rope].pairing {
            Pairing::Neighbours => rope_i,
            Pairing::Halves => rope,
        };
        let turned = 2 * cosines.dim(2)?;
        let rows = if turned == dimension {
            turn(&rows, cosines, sines)?
        } else {
            let first = turn(&rows.narrow(3, 0, turned)?.contiguous()?, cosines, sines)?;
            Tensor::cat(&[first, rows.narrow(3, turned, dimension - turned)?], 3)?
        };
        rows.reshape((count, width))
    }

    /// Adds the attention's output and the feed-forward network's to `hidden`.
    fn feed_forward(&self, block: &CandleBlock, hidden: &Tensor, attended: &Tensor) -> CandleResult<Tensor> {
        let output = block.attention_output.forward(attended)?;
        let hidden = self.add(hidden, output, block.attention_post_norm.as_ref())?;
        let normed = self.norm(&hidden, &block.feed_forward_norm)?;
        let gate = block.gate.forward(&normed)?;
        let gate = match self.decoder.activation {
            Activation::Silu => gate.silu()?,
            Activation::Gelu => gate.gelu()?,
        };
        let output = block.down.forward(&gate.mul(&block.up.forward(&normed)?)?)?;
        self.add(&hidden, output, block.feed_forward_post_norm.as_ref())
    }

    fn add(&self, hidden: &Tensor, rows: Tensor, norm: Option<&Tensor>) -> CandleResult<Tensor> {
        let rows = match norm {
            None => rows,
            Some(weight) => self.norm(&rows, weight)?,
        };
        hidden.add(&rows)
    }

    fn norm(&self, rows: &Tensor, weight: &Tensor) -> CandleResult<Tensor> {
        rms_norm(rows, weight, self.decoder.config.norm_epsilon)
    }

    /// Computes a pass again to find the layer where `value` began.
    fn blame(&self, pass: &Pass<'_>, value: f32) -> Error {
        let mut fault: Fault = None;
        let found = self.compute(pass, &mut |index, hidden| {
            let value = if fault.is_none() {
                find_non_finite(&hidden.flatten_all()?.to_vec1::<f32>()?)
            } else {
                None
            };
            if let Some(value) = value {
                fault = Some((format!("blk.{index}"), value));
            }
            Ok(())
        });
        if let Err(error) = found {
            return failed(self.device, error);
        }
        let (layer, value) = fault.unwrap_or_else(|| (self.decoder.head().describe(), value));
        Error::NonFinite { model: self.decoder.name.clone(), layer, value }
    }
}
