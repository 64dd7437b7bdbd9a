//! Language models of a few kilobytes, made in code.

use std::path::{Path, PathBuf};

const HIDDEN: usize = 64;
const FEED_FORWARD: usize = 128;
const LAYERS: usize = 2;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const CONTEXT: u32 = 8192;

/// Bytes of 32 weights of type `Q8_0`.
const BLOCK_BYTES: usize = 34;

/// Their rows of the embedding, which is the output too, are zero: greedy answers never end by themselves.
const CONTROL_TOKENS: [&str; 2] = ["<|im_start|>", "<|im_end|>"];

/// Writes `{name}.gguf`: a llama with random weights of 8 bits that knows every byte and two control tokens.
pub fn model(folder: &Path, name: &str) -> PathBuf {
    let control = CONTROL_TOKENS.map(str::to_owned);
    let tokens: Vec<String> = byte_alphabet().into_iter().map(String::from).chain(control).collect();
    let types: Vec<i32> = (0..tokens.len()).map(|id| if id < 256 { 1 } else { 3 }).collect();
    let file = File::default()
        .entry("general.architecture", 8, &text("llama"))
        .entry("general.name", 8, &text(name))
        .entry("general.file_type", 4, &7_u32.to_le_bytes())
        .entry("llama.context_length", 4, &CONTEXT.to_le_bytes())
        .entry("llama.block_count", 4, &(LAYERS as u32).to_le_bytes())
        .entry("llama.embedding_length", 4, &(HIDDEN as u32).to_le_bytes())
        .entry("llama.feed_forward_length", 4, &(FEED_FORWARD as u32).to_le_bytes())
        .entry("llama.attention.head_count", 4, &(HEADS as u32).to_le_bytes())
        .entry("llama.attention.head_count_kv", 4, &(KV_HEADS as u32).to_le_bytes())
        .entry("llama.attention.layer_norm_rms_epsilon", 6, &1e-5_f32.to_le_bytes())
        .entry("tokenizer.ggml.model", 8, &text("gpt2"))
        .entry("tokenizer.ggml.pre", 8, &text("gpt-2"))
        .entry("tokenizer.ggml.tokens", 9, &array(8, tokens.iter().map(|token| text(token))))
        .entry(
            "tokenizer.ggml.token_type",
            9,
            &array(5, types.iter().map(|kind| kind.to_le_bytes().to_vec())),
        )
        .entry("tokenizer.ggml.merges", 9, &array(8, std::iter::empty()))
        .entry("tokenizer.ggml.eos_token_id", 4, &257_u32.to_le_bytes());
    let path = folder.join(format!("{name}.gguf"));
    std::fs::write(&path, with_weights(file, tokens.len()).build()).unwrap();
    path
}

fn with_weights(mut file: File, vocabulary: usize) -> File {
    let kv_width = HIDDEN / HEADS * KV_HEADS;
    let mut random = Random(7);
    file.matrix("token_embd.weight", vocabulary, HIDDEN, &mut random);
    let control = CONTROL_TOKENS.len() * HIDDEN / 32 * BLOCK_BYTES;
    let end = file.data.len();
    file.data[end - control..].fill(0);
    file.norm("output_norm.weight");
    for layer in 0..LAYERS {
        let shapes = [
            ("attn_q", HIDDEN, HIDDEN),
            ("attn_k", kv_width, HIDDEN),
            ("attn_v", kv_width, HIDDEN),
            ("attn_output", HIDDEN, HIDDEN),
            ("ffn_gate", FEED_FORWARD, HIDDEN),
            ("ffn_up", FEED_FORWARD, HIDDEN),
            ("ffn_down", HIDDEN, FEED_FORWARD),
        ];
        for (part, rows, columns) in shapes {
            file.matrix(&format!("blk.{layer}.{part}.weight"), rows, columns, &mut random);
        }
        file.norm(&format!("blk.{layer}.attn_norm.weight"));
        file.norm(&format!("blk.{layer}.ffn_norm.weight"));
    }
    file
}

/// The characters that stand for the bytes 0 to 255 in byte-level vocabularies (GPT-2).
fn byte_alphabet() -> Vec<char> {
    let is_shown = |byte: u32| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let mut hidden = 0x100..;
    let character = |byte| if is_shown(byte) { Some(byte) } else { hidden.next() };
    (0..256).filter_map(character).filter_map(char::from_u32).collect()
}

/// A GGUF file in the making.
#[derive(Default)]
struct File {
    entries: Vec<u8>,
    entry_count: u64,
    tensors: Vec<u8>,
    tensor_count: u64,
    data: Vec<u8>,
}

impl File {
    fn entry(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        self.entries.extend([&text(key), &kind.to_le_bytes()[..], value].concat());
        self.entry_count += 1;
        self
    }

    /// Blocks of `Q8_0`: a scale of about 0.01 and 32 random bytes.
    fn matrix(&mut self, name: &str, rows: usize, columns: usize, random: &mut Random) {
        const TYPE: u32 = 8;
        let block = |_| {
            let quants = std::iter::repeat_with(|| random.next()).take(32);
            [0x1f, 0x21].into_iter().chain(quants).collect::<Vec<u8>>()
        };
        let bytes: Vec<u8> = (0..rows * columns / 32).flat_map(block).collect();
        self.tensor(name, &[columns, rows], TYPE, &bytes);
    }

    fn norm(&mut self, name: &str) {
        const TYPE: u32 = 0;
        self.tensor(name, &[HIDDEN], TYPE, &1_f32.to_le_bytes().repeat(HIDDEN));
    }

    fn tensor(&mut self, name: &str, dimensions: &[usize], kind: u32, bytes: &[u8]) {
        self.data.resize(self.data.len().next_multiple_of(32), 0);
        self.tensors.extend(text(name));
        self.tensors.extend((dimensions.len() as u32).to_le_bytes());
        self.tensors.extend(dimensions.iter().flat_map(|&dimension| (dimension as u64).to_le_bytes()));
        self.tensors.extend(kind.to_le_bytes());
        self.tensors.extend((self.data.len() as u64).to_le_bytes());
        self.data.extend(bytes);
        self.tensor_count += 1;
    }

    fn build(self) -> Vec<u8> {
        let counts = [self.tensor_count.to_le_bytes(), self.entry_count.to_le_bytes()].concat();
        let mut file = [b"GGUF", &3_u32.to_le_bytes()[..], &counts, &self.entries, &self.tensors].concat();
        file.resize(file.len().next_multiple_of(32), 0);
        file.extend(self.data);
        file
    }
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

fn array(kind: u32, elements: impl ExactSizeIterator<Item = Vec<u8>>) -> Vec<u8> {
    let head = [&kind.to_le_bytes()[..], &(elements.len() as u64).to_le_bytes()].concat();
    head.into_iter().chain(elements.flatten()).collect()
}

/// Xorshift (Marsaglia 2003), the same numbers each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 24) as u8
    }
}
