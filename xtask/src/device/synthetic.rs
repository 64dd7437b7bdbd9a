use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::failure::{Failure, Result};

/// Where tensors begin is a multiple of this.
const ALIGNMENT: u64 = 32;
/// GGUF's numbers of value types.
const U32: u32 = 4;
const F32: u32 = 6;
const STRING: u32 = 8;
const ARRAY: u32 = 9;
/// ggml's numbers of tensor types.
const TENSOR_F32: u32 = 0;
const TENSOR_Q4_0: u32 = 2;

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

struct Tensor {
    name: String,
    /// The fastest dimension first.
    dimensions: Vec<u64>,
}

impl Tensor {
    fn matrix(name: String, rows: u32, columns: u32) -> Self {
        Self { name, dimensions: vec![columns.into(), rows.into()] }
    }

    fn norm(name: String, width: u32) -> Self {
        Self { name, dimensions: vec![width.into()] }
    }

    fn kind(&self) -> u32 {
        if self.dimensions.len() == 1 { TENSOR_F32 } else { TENSOR_Q4_0 }
    }

    fn bytes(&self) -> u64 {
        let elements: u64 = self.dimensions.iter().product();
        if self.kind() == TENSOR_F32 { elements * 4 } else { elements / 32 * 18 }
    }
}

/// Writes a model with random weights of type `Q4_0`: what it says is senseless, what it costs is not.
pub(super) fn write(path: &Path, shape: Shape) -> Result<()> {
    let part = path.with_extension("part");
    let written = File::create(&part).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        write_to(&mut out, shape)?;
        out.flush()
    });
    written.and_then(|()| std::fs::rename(&part, path)).map_err(|error| Failure::io("write", path, &error))
}

fn write_to(out: &mut impl Write, shape: Shape) -> io::Result<()> {
    let tensors = tensors(shape);
    let mut header = Vec::from(*b"GGUF");
    let entries = entries(shape);
    header.extend(3_u32.to_le_bytes());
    header.extend((tensors.len() as u64).to_le_bytes());
    header.extend((entries.len() as u64).to_le_bytes());
    header.extend(entries.concat());
    let mut offset = 0;
    for tensor in &tensors {
        header.extend(text(&tensor.name));
        header.extend((tensor.dimensions.len() as u32).to_le_bytes());
        header.extend(tensor.dimensions.iter().flat_map(|dimension| dimension.to_le_bytes()));
        header.extend(tensor.kind().to_le_bytes());
        header.extend(u64::to_le_bytes(offset));
        offset += tensor.bytes().next_multiple_of(ALIGNMENT);
    }
    header.resize(header.len().next_multiple_of(ALIGNMENT as usize), 0);
    out.write_all(&header)?;
    let mut state = 1;
    for tensor in &tensors {
        if tensor.kind() == TENSOR_F32 {
            out.write_all(&1_f32.to_le_bytes().repeat(shape.hidden as usize))?;
        } else {
            write_blocks(out, tensor.dimensions[0], tensor.bytes() / 18, &mut state)?;
        }
        let padding = tensor.bytes().next_multiple_of(ALIGNMENT) - tensor.bytes();
        out.write_all(&vec![0; padding as usize])?;
    }
    Ok(())
}

/// Random blocks whose scale keeps the size of what rows of so many columns are multiplied with.
fn write_blocks(out: &mut impl Write, columns: u64, blocks: u64, state: &mut u64) -> io::Result<()> {
    // The numbers from -8 to 7 have a standard deviation of 4.6.
    let scale = half_bits(1.0 / (4.6 * (columns as f32).sqrt()));
    for _ in 0..blocks {
        let mut block = [0; 18];
        block[..2].copy_from_slice(&scale.to_le_bytes());
        block[2..10].copy_from_slice(&random(state).to_le_bytes());
        block[10..].copy_from_slice(&random(state).to_le_bytes());
        out.write_all(&block)?;
    }
    Ok(())
}

/// xorshift64* (Vigna, arXiv 1402.6246).
fn random(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_F491_4F6C_DD1D)
}

/// A normal number of single precision in half precision, cut off.
fn half_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    let exponent = (bits >> 23) as i32 - 127 + 15;
    ((exponent as u16) << 10) | (bits >> 13) as u16 & 0x3FF
}

fn tensors(shape: Shape) -> Vec<Tensor> {
    let Shape { hidden, feed_forward, vocabulary, .. } = shape;
    let kv_width = hidden / shape.heads * shape.kv_heads;
    let mut tensors = vec![
        Tensor::matrix("token_embd.weight".to_owned(), vocabulary, hidden),
        Tensor::norm("output_norm.weight".to_owned(), hidden),
        Tensor::matrix("output.weight".to_owned(), vocabulary, hidden),
    ];
    for layer in 0..shape.layers {
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        let matrices = [
            ("attn_q", hidden, hidden),
            ("attn_k", kv_width, hidden),
            ("attn_v", kv_width, hidden),
            ("attn_output", hidden, hidden),
            ("ffn_gate", feed_forward, hidden),
            ("ffn_up", feed_forward, hidden),
            ("ffn_down", hidden, feed_forward),
        ];
        tensors.extend(matrices.map(|(part, rows, columns)| Tensor::matrix(name(part), rows, columns)));
        tensors.extend(["attn_norm", "ffn_norm"].map(|part| Tensor::norm(name(part), hidden)));
    }
    tensors
}

fn entries(shape: Shape) -> Vec<Vec<u8>> {
    let number = |key: &str, value: u32| entry(&format!("llama.{key}"), U32, &value.to_le_bytes());
    // Every byte and numbers: a vocabulary that is whole and means nothing.
    let bytes = (0..=255).map(|byte| format!("<0x{byte:02X}>"));
    let words = (256..shape.vocabulary).map(|word| format!("word{word}"));
    let tokens: Vec<Vec<u8>> = bytes.chain(words).map(|token| text(&token)).collect();
    let scores = vec![0_f32.to_le_bytes().to_vec(); tokens.len()];
    vec![
        entry("general.architecture", STRING, &text("llama")),
        entry("general.name", STRING, &text("synthetic")),
        number("embedding_length", shape.hidden),
        number("feed_forward_length", shape.feed_forward),
        number("block_count", shape.layers),
        number("context_length", 4096),
        number("attention.head_count", shape.heads),
        number("attention.head_count_kv", shape.kv_heads),
        entry("llama.attention.layer_norm_rms_epsilon", F32, &1e-5_f32.to_le_bytes()),
        entry("tokenizer.ggml.model", STRING, &text("llama")),
        entry("tokenizer.ggml.tokens", ARRAY, &array(STRING, &tokens)),
        entry("tokenizer.ggml.scores", ARRAY, &array(F32, &scores)),
    ]
}

fn entry(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [&text(key)[..], &kind.to_le_bytes(), value].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

fn array(kind: u32, elements: &[Vec<u8>]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(elements.len() as u64).to_le_bytes(), &elements.concat()].concat()
}

#[cfg(test)]
mod tests {
    use rushlight_models::{Device, LanguageModel, LoadOptions, Step};

    use super::{Shape, half_bits, write};

    #[test]
    fn a_number_keeps_its_size_in_half_precision() {
        assert_eq!([half_bits(1.0), half_bits(0.5), half_bits(0.002_4)], [0x3C00, 0x3800, 0x18EA]);
    }

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
