//! Small random models of every architecture, computed by our own kernels and by candle's: those for the CPU, or those of
//! the device that `RUSHLIGHT_TEST_DEVICE` names.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use crate::checkpoint::decoder;
use crate::device::{Accelerator, Device, find};
use crate::gguf::testing::Sample;
use crate::kv::{KvPool, KvType};
use crate::nn::{Decoder, Segment, Workspace};
use crate::quantisation::Quantisation;
use crate::step::Spares;
use crate::{Gguf, KvCache, Result};

const VOCABULARY: usize = 64;
const HIDDEN: usize = 32;
const FEED_FORWARD: usize = 64;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const DIMENSION: usize = 16;
const LAYERS: usize = 7;

/// What an architecture has beyond what all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Biases,
    HeadNorms,
    PostNorms,
    JoinedMatrices,
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    name: &'static str,
    parts: &'static [Part],
    window: Option<u32>,
    rope_dimensions: Option<u32>,
}

const SHAPES: [Shape; 6] = [
    Shape { name: "llama", parts: &[], window: None, rope_dimensions: None },
    Shape { name: "llama", parts: &[], window: Some(9), rope_dimensions: Some(8) },
    Shape { name: "qwen2", parts: &[Part::Biases], window: None, rope_dimensions: None },
    Shape { name: "qwen3", parts: &[Part::HeadNorms], window: None, rope_dimensions: None },
    Shape {
        name: "gemma3",
        parts: &[Part::HeadNorms, Part::PostNorms],
        window: Some(6),
        rope_dimensions: None,
    },
    Shape { name: "phi3", parts: &[Part::JoinedMatrices], window: Some(70), rope_dimensions: Some(12) },
];

impl Shape {
    fn has(self, part: Part) -> bool {
        self.parts.contains(&part)
    }
}

/// A file in the making, and where its random numbers are.
struct Random {
    file: Sample,
    state: u64,
}

impl Random {
    /// From -1 to 1.
    fn next(&mut self) -> f32 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn tensor(mut self, name: &str, shape: &[usize]) -> Self {
        let (middle, spread) = if name.contains("norm") { (1.0, 0.2) } else { (0.0, 0.3) };
        let count: usize = shape.iter().product();
        let bytes = (0..count).flat_map(|_| (middle + spread * self.next()).to_le_bytes()).collect();
        self.file = self.file.tensor(name, shape, Quantisation::F32, bytes);
        self
    }

    fn layer(mut self, index: usize, shape: Shape) -> Self {
        let (queries, keys) = (HEADS * DIMENSION, KV_HEADS * DIMENSION);
        let name = |part: &str| format!("blk.{index}.{part}");
        let parts: &[(&str, usize)] = if shape.has(Part::JoinedMatrices) {
            &[("attn_qkv", queries + 2 * keys), ("ffn_up", 2 * FEED_FORWARD)]
        } else {
            &[
                ("attn_q", queries),
                ("attn_k", keys),
                ("attn_v", keys),
                ("ffn_gate", FEED_FORWARD),
                ("ffn_up", FEED_FORWARD),
            ]
        };
        for (part, rows) in parts {
            self = self.tensor(&name(&format!("{part}.weight")), &[*rows, HIDDEN]);
            if shape.has(Part::Biases) && part.starts_with("attn") {
                self = self.tensor(&name(&format!("{part}.bias")), &[*rows]);
            }
        }
        self = self.tensor(&name("attn_output.weight"), &[HIDDEN, queries]);
        self = self.tensor(&name("ffn_down.weight"), &[HIDDEN, FEED_FORWARD]);
        let heads = [("attn_q_norm", DIMENSION), ("attn_k_norm", DIMENSION)];
        let post = [("post_attention_norm", HIDDEN), ("post_ffw_norm", HIDDEN)];
        let norms = [("attn_norm", HIDDEN), ("ffn_norm", HIDDEN)]
            .into_iter()
            .chain(heads.into_iter().filter(|_| shape.has(Part::HeadNorms)))
            .chain(post.into_iter().filter(|_| shape.has(Part::PostNorms)));
        for (part, width) in norms {
            self = self.tensor(&name(&format!("{part}.weight")), &[width]);
        }
        self
    }
}

fn gguf(folder: &Path, shape: Shape) -> Gguf {
    let key = |name: &str| format!("{}.{name}", shape.name);
    let mut file = Sample::default().entry("general.architecture", shape.name);
    let sizes = [
        ("embedding_length", Some(HIDDEN as u32)),
        ("feed_forward_length", Some(FEED_FORWARD as u32)),
        ("block_count", Some(LAYERS as u32)),
        ("context_length", Some(512)),
        ("attention.head_count", Some(HEADS as u32)),
        ("attention.head_count_kv", Some(KV_HEADS as u32)),
        ("attention.key_length", Some(DIMENSION as u32)),
        ("attention.value_length", Some(DIMENSION as u32)),
        ("attention.sliding_window", shape.window),
        ("rope.dimension_count", shape.rope_dimensions),
    ];
    for (name, size) in sizes {
        if let Some(size) = size {
            file = file.entry(&key(name), size);
        }
    }
    file = file.entry(&key("attention.layer_norm_rms_epsilon"), 1e-5_f32);
    let mut random = Random { file, state: 7 };
    random = random.tensor("token_embd.weight", &[VOCABULARY, HIDDEN]);
    random = random.tensor("output_norm.weight", &[HIDDEN]);
    if shape.name == "phi3" {
        // Divisors are positive.
        let factors = (1..=6).flat_map(|factor: u8| f32::from(factor).to_le_bytes()).collect();
        random.file = random.file.tensor("rope_factors_short.weight", &[6], Quantisation::F32, factors);
    }
    for index in 0..LAYERS {
        random = random.layer(index, shape);
    }
    let path = folder.join("small.gguf");
    std::fs::write(&path, random.file.build()).unwrap();
    Gguf::open(&path).unwrap()
}

fn device() -> Device {
    std::env::var("RUSHLIGHT_TEST_DEVICE").map_or(Device::Candle, |name| name.parse().unwrap())
}

fn load(decoder: &Decoder, kv_type: KvType) -> Result<Box<dyn Accelerator>> {
    find(device(), 0)?.expect("a device of candle's").load(decoder, kv_type, None)
}

/// A model on the CPU and on the device.
struct Pair {
    ours: Decoder,
    candle: Box<dyn Accelerator>,
    our_pool: Arc<KvPool>,
    pool: Arc<KvPool>,
    _folder: TempDir,
}

/// One sequence's part of a pass: how many logits, its cache, its tokens.
type Step<'a> = (usize, &'a mut KvCache, &'a [u32]);

impl Pair {
    fn new(shape: Shape) -> Self {
        let folder = TempDir::new().unwrap();
        let gguf = gguf(folder.path(), shape);
        let ours = decoder(&gguf, shape.name).unwrap();
        let candle = load(&ours, KvType::F32).unwrap();
        let our_pool = Arc::new(ours.new_pool(KvType::F32));
        let pool = Arc::new(ours.new_pool(KvType::F32).kept_by(Some(candle.pages())));
        Self { ours, candle, our_pool, pool, _folder: folder }
    }

    fn cache(&self) -> KvCache {
        KvCache::new(&self.pool)
    }

    fn candle(&self, parts: Vec<Step<'_>>) -> Result<Vec<f32>> {
        let mut logits = Spares::default().take();
        self.candle.forward(&mut segments(parts), &mut logits)?;
        Ok(logits.to_vec())
    }

    fn ours(&self, parts: Vec<Step<'_>>) -> Vec<f32> {
        let mut logits = Spares::default().take();
        self.ours.forward(&mut segments(parts), &mut Workspace::default(), &mut logits).unwrap();
        logits.to_vec()
    }
}

fn segments(parts: Vec<Step<'_>>) -> Vec<Segment<'_>> {
    parts.into_iter().map(segment).collect()
}

fn segment((logits, cache, tokens): Step<'_>) -> Segment<'_> {
    cache.reserve(tokens.len()).unwrap();
    Segment { tokens, cache, logits }
}

fn tokens(count: usize, seed: usize) -> Vec<u32> {
    (0..count).map(|index| ((index * 37 + index * index * 11 + seed * 5) % VOCABULARY) as u32).collect()
}

#[track_caller]
fn assert_near(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1.0, |largest: f32, value| largest.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (found - expected).abs();
        assert!(difference <= 2e-4 * largest, "{what}: logit {index}: {found} instead of {expected}");
    }
}

#[test]
fn every_architecture_computes_what_our_own_kernels_compute() {
    for shape in SHAPES {
        let pair = Pair::new(shape);
        let all = tokens(150, 0);
        let (mut ours, mut candle) = (KvCache::new(&pair.our_pool), pair.cache());

        for part in [&all[..100], &all[100..101], &all[101..106], &all[106..]] {
            let expected = pair.ours(vec![(part.len(), &mut ours, part)]);
            let found = pair.candle(vec![(part.len(), &mut candle, part)]).unwrap();

            assert_near(&found, &expected, &format!("{shape:?}, after {} tokens", ours.len()));
        }
        assert_eq!(candle.len(), all.len());
    }
}

#[test]
fn sequences_of_one_pass_do_not_disturb_each_other() {
    for shape in SHAPES {
        let pair = Pair::new(shape);
        // Two prompts, a guess and two single tokens, of different lengths, mixed.
        let lengths = [(70, 1), (0, 20), (3, 4), (130, 1), (0, 20)];
        let all: Vec<Vec<u32>> =
            lengths.iter().enumerate().map(|(seed, (known, new))| tokens(known + new, seed)).collect();
        let begin = |index: usize| {
            let (mut cache, known) = (pair.cache(), lengths[index].0);
            if known > 0 {
                pair.candle(vec![(0, &mut cache, &all[index][..known])]).unwrap();
            }
            cache
        };
        let wanted = [1, 0, 4, 1, 2];
        let alone: Vec<f32> = (0..lengths.len())
            .flat_map(|index| {
                let part = &all[index][lengths[index].0..];
                pair.candle(vec![(wanted[index], &mut begin(index), part)]).unwrap()
            })
            .collect();
        let mut caches: Vec<KvCache> = (0..lengths.len()).map(begin).collect();

        let parts = caches
            .iter_mut()
            .enumerate()
            .map(|(index, cache)| (wanted[index], cache, &all[index][lengths[index].0..]));
        let together = pair.candle(parts.collect()).unwrap();

        assert_near(&together, &alone, shape.name);
    }
}

#[test]
fn a_clone_of_a_cache_goes_its_own_way() {
    let pair = Pair::new(SHAPES[0]);
    let (one, two) = (tokens(110, 1), tokens(40, 2));
    let fresh = |all: &[u32]| pair.candle(vec![(1, &mut pair.cache(), all)]).unwrap();
    let mut first = pair.cache();
    pair.candle(vec![(0, &mut first, &one[..100])]).unwrap();

    let mut second = first.clone();
    second.truncate(70);
    let branched = pair.candle(vec![(1, &mut second, &two)]).unwrap();
    let rest = pair.candle(vec![(1, &mut first, &one[100..])]).unwrap();

    let other: Vec<u32> = one[..70].iter().chain(&two).copied().collect();
    assert_near(&branched, &fresh(&other), "the clone");
    assert_near(&rest, &fresh(&one), "the first");
    drop((first, second));
    assert_eq!(pair.pool.used_bytes(), 0);
}

#[test]
fn tokens_that_were_taken_back_leave_no_trace() {
    let pair = Pair::new(SHAPES[4]);
    let (all, wrong) = (tokens(80, 1), tokens(9, 2));
    let expected = pair.candle(vec![(1, &mut pair.cache(), &all)]).unwrap();
    let mut cache = pair.cache();

    pair.candle(vec![(1, &mut cache, &all[..60])]).unwrap();
    pair.candle(vec![(9, &mut cache, &wrong)]).unwrap();
    cache.truncate(60);
    let found = pair.candle(vec![(1, &mut cache, &all[60..])]).unwrap();

    assert_near(&found, &expected, "after a wrong guess");
}

#[test]
fn more_pages_than_there_were_at_first_keep_what_the_others_hold() {
    let pair = Pair::new(SHAPES[0]);
    let prompts: Vec<Vec<u32>> = (0..5).map(|seed| tokens(400, seed)).collect();
    let mut caches: Vec<KvCache> = prompts.iter().map(|_| pair.cache()).collect();

    for (cache, prompt) in caches.iter_mut().zip(&prompts) {
        pair.candle(vec![(0, cache, &prompt[..399])]).unwrap();
    }

    assert!(pair.pool.used_bytes() > 2 * 16 * pair.pool.page_bytes(), "the store has grown twice");
    for (cache, prompt) in caches.iter_mut().zip(&prompts) {
        let found = pair.candle(vec![(1, cache, &prompt[399..])]).unwrap();
        let expected = pair.candle(vec![(1, &mut pair.cache(), prompt)]).unwrap();
        assert_near(&found, &expected, "a long prompt");
    }
}

#[test]
fn what_is_not_finite_is_an_error_that_names_the_layer() {
    let folder = TempDir::new().unwrap();
    let mut pair = Pair::new(SHAPES[0]);
    let gguf = gguf(folder.path(), SHAPES[0]);
    let mut broken = decoder(&gguf, "llama").unwrap();
    broken.blocks[3].attention_post_norm = Some(vec![f32::NAN; HIDDEN]);
    broken.name = "broken".to_owned();
    pair.candle = load(&broken, KvType::F32).unwrap();
    pair.pool = Arc::new(broken.new_pool(KvType::F32).kept_by(Some(pair.candle.pages())));
    let mut cache = pair.cache();

    let error = pair.candle(vec![(1, &mut cache, &[1, 2, 3])]).unwrap_err().to_string();

    assert_eq!(error, "model `broken` computed NaN in `blk.3`");
    assert_eq!(cache.len(), 0);
}

#[test]
fn keys_and_values_of_8_bits_are_refused() {
    let folder = TempDir::new().unwrap();
    let read = decoder(&gguf(folder.path(), SHAPES[0]), "llama").unwrap();

    let error = load(&read, KvType::Q8).unwrap_err().to_string();

    let device = device();
    assert_eq!(error, format!("invalid kv_type: expected `f16` or `f32` on the device `{device}`, got `q8`"));
}
