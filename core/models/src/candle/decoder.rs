use std::sync::Arc;

use candle_core::{DType, Device as CandleDevice, Result as CandleResult, Tensor};

use super::arena::Arena;
use super::weights::{Product, optional_vector, vector};
use crate::device::{Device, failed};
use crate::kv::KvType;
use crate::nn::{Block, Decoder};
use crate::{Error, Result};

/// A decoder whose weights are on a device.
#[derive(Debug)]
pub(crate) struct CandleDecoder {
    /// Its sizes, rotations and embeddings; the matrices of its layers are left in the file.
    pub(super) decoder: Decoder,
    pub(super) device: Device,
    pub(super) place: CandleDevice,
    pub(super) blocks: Vec<CandleBlock>,
    pub(super) norm: Tensor,
    pub(super) head: Product,
    pub(super) arena: Arc<Arena>,
}

/// The weights of one layer, as in `Block`.
#[derive(Debug)]
pub(super) struct CandleBlock {
    pub(super) attention_norm: Tensor,
    pub(super) query: Product,
    pub(super) key: Product,
    pub(super) value: Product,
    pub(super) query_norm: Option<Tensor>,
    pub(super) key_norm: Option<Tensor>,
    pub(super) attention_output: Product,
    pub(super) attention_post_norm: Option<Tensor>,
    pub(super) feed_forward_norm: Tensor,
    pub(super) gate: Product,
    pub(super) up: Product,
    pub(super) down: Product,
    pub(super) feed_forward_post_norm: Option<Tensor>,
}

impl CandleDecoder {
    /// Copies the weights to the device and takes memory for keys and values there.
    pub(super) fn load(
        device: Device,
        place: CandleDevice,
        decoder: &Decoder,
        kv_type: KvType,
        kv_limit: Option<usize>,
    ) -> Result<Self> {
        let kind = match kv_type {
            KvType::F32 => DType::F32,
            KvType::F16 => DType::F16,
            KvType::Q8 => {
                let message = format!("expected `f16` or `f32` on the device `{device}`, got `q8`");
                return Err(Error::invalid("kv_type", message));
            }
        };
        let pages = kv_limit.map(|limit| limit / decoder.new_pool(kv_type).page_bytes());
        Self::copy(device, place, decoder, kind, pages).map_err(|error| failed(device, error))
    }

    fn copy(
        device: Device,
        place: CandleDevice,
        decoder: &Decoder,
        kind: DType,
        pages: Option<usize>,
    ) -> CandleResult<Self> {
        let copied = |block| CandleBlock::copy(block, &place);
        let blocks = decoder.blocks.iter().map(copied).collect::<CandleResult<_>>()?;
        let (layers, width) = (decoder.config.layers, decoder.config.kv_width());
        let loaded = Self {
            blocks,
            norm: vector(&decoder.norm, &place)?,
            head: Product::of_matrix(decoder.head(), &place)?,
            arena: Arc::new(Arena::new(device, &place, layers, width, kind, pages)?),
            decoder: decoder.clone(),
            device,
            place,
        };
        loaded.place.synchronize()?;
        Ok(loaded)
    }
}

impl CandleBlock {
    fn copy(block: &Block, place: &CandleDevice) -> CandleResult<Self> {
        let product = |linear| Product::of_linear(linear, place);
        let optional = |values: &Option<Vec<f32>>| optional_vector(values.as_deref(), place);
        Ok(Self {
            attention_norm: vector(&block.attention_norm, place)?,
            query: product(&block.query)?,
            key: product(&block.key)?,
            value: product(&block.value)?,
            query_norm: optional(&block.query_norm)?,
            key_norm: optional(&block.key_norm)?,
            attention_output: product(&block.attention_output)?,
            attention_post_norm: optional(&block.attention_post_norm)?,
            feed_forward_norm: vector(&block.feed_forward_norm, place)?,
            gate: product(&block.gate)?,
            up: product(&block.up)?,
            down: product(&block.down)?,
            feed_forward_post_norm: optional(&block.feed_forward_post_norm)?,
        })
    }
}
