//! Language models of a few kilobytes.

use std::io;
use std::path::{Path, PathBuf};

use rushlight_models::{GgufWriter, Quantisation};

const HIDDEN: usize = 64;
const FEED_FORWARD: usize = 128;
const LAYERS: usize = 2;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const CONTEXT: u32 = 8192;

/// Their rows of the embedding, which is the output too, are zero: greedy answers never end by themselves.
const CONTROL_TOKENS: [&str; 2] = ["<|im_start|>", "<|im_end|>"];

/// Writes `{name}.gguf`: a llama with random weights of 8 bits that knows every byte and two control tokens.
pub fn model(folder: &Path, name: &str) -> PathBuf {
    model_of_seed(folder, name, 7)
}

/// The same with weights of their own for each seed.
pub fn model_of_seed(folder: &Path, name: &str, seed: u64) -> PathBuf {
    let control = CONTROL_TOKENS.map(str::to_owned);
    let tokens: Vec<String> = byte_alphabet().into_iter().map(String::from).chain(control).collect();
    let types: Vec<i32> = (0..tokens.len()).map(|id| if id < 256 { 1 } else { 3 }).collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let mut file = File { writer: GgufWriter::new(), tensors: Vec::new(), random: Random(seed) };
    file.writer
        .entry("general.architecture", "llama")
        .entry("general.name", name)
        .entry("general.file_type", 7_u32)
        .entry("llama.context_length", CONTEXT)
        .entry("llama.block_count", LAYERS as u32)
        .entry("llama.embedding_length", HIDDEN as u32)
        .entry("llama.feed_forward_length", FEED_FORWARD as u32)
        .entry("llama.attention.head_count", HEADS as u32)
        .entry("llama.attention.head_count_kv", KV_HEADS as u32)
        .entry("llama.attention.layer_norm_rms_epsilon", 1e-5_f32)
        .entry("tokenizer.ggml.model", "gpt2")
        .entry("tokenizer.ggml.pre", "gpt-2")
        .entry("tokenizer.ggml.tokens", &tokens[..])
        .entry("tokenizer.ggml.token_type", &types[..])
        .entry("tokenizer.ggml.merges", &[""; 0][..])
        .entry("tokenizer.ggml.eos_token_id", 257_u32);
    file.add_weights(tokens.len());
    let path = folder.join(format!("{name}.gguf"));
    file.write(&path).unwrap();
    path
}

/// Makes a folder as the Hugging Face Hub has it, of a model with random weights in floats that the repository holds.
pub fn folder(into: &Path, name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/models/tests/fixtures/tiny");
    let folder = into.join(name);
    std::fs::create_dir(&folder).unwrap();
    for part in [name, "tokenizer"] {
        for file in std::fs::read_dir(fixtures.join(part)).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
        }
    }
    folder
}

/// The characters that stand for the bytes 0 to 255 in byte-level vocabularies (GPT-2).
fn byte_alphabet() -> Vec<char> {
    let is_shown = |byte: u32| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let mut hidden = 0x100..;
    let character = |byte| if is_shown(byte) { Some(byte) } else { hidden.next() };
    (0..256).filter_map(character).filter_map(char::from_u32).collect()
}

/// A GGUF file in the making.
struct File {
    writer: GgufWriter,
    tensors: Vec<Vec<u8>>,
    random: Random,
}

impl File {
    fn add_weights(&mut self, vocabulary: usize) {
        let kv_width = HIDDEN / HEADS * KV_HEADS;
        self.matrix("token_embd.weight", vocabulary, HIDDEN);
        let embedding = &mut self.tensors[0];
        let control = embedding.len() / vocabulary * CONTROL_TOKENS.len();
        let end = embedding.len();
        embedding[end - control..].fill(0);
        self.norm("output_norm.weight");
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
                self.matrix(&format!("blk.{layer}.{part}.weight"), rows, columns);
            }
            self.norm(&format!("blk.{layer}.attn_norm.weight"));
            self.norm(&format!("blk.{layer}.ffn_norm.weight"));
        }
    }

    /// Blocks of `Q8_0`: a scale of about 0.01 and 32 random bytes.
    fn matrix(&mut self, name: &str, rows: usize, columns: usize) {
        let mut bytes = Vec::new();
        for _ in 0..rows * columns / Quantisation::Q8_0.block() {
            bytes.extend([0x1f, 0x21]);
            bytes.extend(std::iter::repeat_with(|| self.random.next()).take(32));
        }
        self.writer.tensor(name, &[rows, columns], Quantisation::Q8_0).unwrap();
        self.tensors.push(bytes);
    }

    fn norm(&mut self, name: &str) {
        self.writer.tensor(name, &[HIDDEN], Quantisation::F32).unwrap();
        self.tensors.push(1_f32.to_le_bytes().repeat(HIDDEN));
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut body = self.writer.begin(Vec::new())?;
        self.tensors.iter().try_for_each(|bytes| body.write(bytes))?;
        std::fs::write(path, body.finish()?)
    }
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
