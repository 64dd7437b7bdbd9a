use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use half::f16;
use rushlight_models::{GgufWriter, Quantisation};

use crate::failure::{Failure, Result};

/// The sizes of a llama model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    layers: u32,
    hidden: u32,
    feed_forward: u32,
    heads: u32,
    kv_heads: u32,
    vocabulary: u32,
}

impl Shape {
    /// That of Llama 2 with 70 billion weights (arXiv 2307.09288), which has 80 layers.
    pub(super) fn large(layers: u32) -> Self {
        Self { layers, hidden: 8192, feed_forward: 28_672, heads: 64, kv_heads: 8, vocabulary: 32_000 }
    }
}

/// A tensor's name, and its shape with the slowest dimension first.
type Tensor = (String, Vec<usize>);

/// Writes a model with random weights of type `Q4_0`: what it says is senseless, what it costs is not.
pub(super) fn write(path: &Path, shape: Shape) -> Result<()> {
    let part = path.with_extension("part");
    let written =
        File::create(&part).and_then(|file| write_to(BufWriter::with_capacity(1 << 20, file), shape));
    written.and_then(|()| std::fs::rename(&part, path)).map_err(|error| Failure::io("write", path, &error))
}

fn write_to(out: impl Write, shape: Shape) -> io::Result<()> {
    let mut writer = header(shape);
    let tensors = tensors(shape);
    for (name, dimensions) in &tensors {
        writer.tensor(name, dimensions, kind(dimensions)).map_err(io::Error::other)?;
    }
    let mut body = writer.begin(out)?;
    let mut state = 1;
    for (_, dimensions) in &tensors {
        match dimensions[..] {
            [rows, columns] => {
                let scale = scale(columns);
                for _ in 0..rows {
                    body.write(&row(columns, scale, &mut state))?;
                }
            }
            _ => body.write(&1_f32.to_le_bytes().repeat(dimensions.iter().product()))?,
        }
    }
    body.finish().map(drop)
}

fn kind(dimensions: &[usize]) -> Quantisation {
    if dimensions.len() == 1 { Quantisation::F32 } else { Quantisation::Q4_0 }
}

/// What keeps the size of what rows of so many columns are multiplied with.
fn scale(columns: usize) -> f16 {
    // The numbers from -8 to 7 have a standard deviation of 4.6.
    f16::from_f32(1.0 / (4.6 * (columns as f32).sqrt()))
}

/// A row of random blocks of this scale.
fn row(columns: usize, scale: f16, state: &mut u64) -> Vec<u8> {
    let blocks = columns / Quantisation::Q4_0.block();
    let mut row = Vec::with_capacity(blocks * Quantisation::Q4_0.block_bytes());
    for _ in 0..blocks {
        row.extend(scale.to_le_bytes());
        row.extend(random(state).to_le_bytes());
        row.extend(random(state).to_le_bytes());
    }
    row
}

/// xorshift64* (Vigna, arXiv 1402.6246).
fn random(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_F491_4F6C_DD1D)
}

fn tensors(shape: Shape) -> Vec<Tensor> {
    let [hidden, feed_forward, vocabulary, kv_width] =
        [shape.hidden, shape.feed_forward, shape.vocabulary, shape.hidden / shape.heads * shape.kv_heads]
            .map(|size| size as usize);
    let mut tensors = vec![
        ("token_embd.weight".to_owned(), vec![vocabulary, hidden]),
        ("output_norm.weight".to_owned(), vec![hidden]),
        ("output.weight".to_owned(), vec![vocabulary, hidden]),
    ];
    for layer in 0..shape.layers {
        let parts = [
            ("attn_q", vec![hidden, hidden]),
            ("attn_k", vec![kv_width, hidden]),
            ("attn_v", vec![kv_width, hidden]),
            ("attn_output", vec![hidden, hidden]),
            ("ffn_gate", vec![feed_forward, hidden]),
            ("ffn_up", vec![feed_forward, hidden]),
            ("ffn_down", vec![hidden, feed_forward]),
            ("attn_norm", vec![hidden]),
            ("ffn_norm", vec![hidden]),
        ];
        tensors.extend(parts.map(|(part, dimensions)| (format!("blk.{layer}.{part}.weight"), dimensions)));
    }
    tensors
}

fn header(shape: Shape) -> GgufWriter {
    // Every byte and numbers: a vocabulary that is whole and means nothing.
    let bytes = (0..=255).map(|byte| format!("<0x{byte:02X}>"));
    let words = (256..shape.vocabulary).map(|word| format!("word{word}"));
    let tokens: Vec<String> = bytes.chain(words).collect();
    let texts: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let scores = vec![0_f32; tokens.len()];
    let mut writer = GgufWriter::new();
    writer
        .entry("general.architecture", "llama")
        .entry("general.name", "synthetic")
        .entry("llama.embedding_length", shape.hidden)
        .entry("llama.feed_forward_length", shape.feed_forward)
        .entry("llama.block_count", shape.layers)
        .entry("llama.context_length", 4096_u32)
        .entry("llama.attention.head_count", shape.heads)
        .entry("llama.attention.head_count_kv", shape.kv_heads)
        .entry("llama.attention.layer_norm_rms_epsilon", 1e-5_f32)
        .entry("tokenizer.ggml.model", "llama")
        .entry("tokenizer.ggml.tokens", &texts[..])
        .entry("tokenizer.ggml.scores", &scores[..]);
    writer
}

#[cfg(test)]
mod tests {
    use rushlight_models::{Device, LanguageModel, LoadOptions, Step};

    use super::{Shape, write};

    #[test]
    fn what_is_written_is_a_model_that_computes() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("synthetic.gguf");
        let shape = Shape { layers: 2, hidden: 64, feed_forward: 96, heads: 4, kv_heads: 2, vocabulary: 300 };
        let mut options = LoadOptions::default();
        options.device = Device::Cpu;

        write(&path, shape).unwrap();

        let model = LanguageModel::open(&path, &options).unwrap();
        let logits = model.forward(&mut [Step::new(&[7, 299], &mut model.new_cache())]).unwrap()[0].to_vec();
        let size = logits.iter().map(|logit| logit * logit).sum::<f32>() / 300.0;
        assert!((0.1..10.0).contains(&size), "the scale of the weights keeps the size of numbers: {size}");
    }
}
