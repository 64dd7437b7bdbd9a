use std::fs::File;
use std::io::Seek;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::ModelInfo;
use crate::GgufWriter;
use crate::quantisation::Quantisation;

/// The shapes of Llama 3 70B, from its `config.json`.
const LAYERS: usize = 80;
const HIDDEN: usize = 8192;
const FEED_FORWARD: usize = 28_672;
const KV_WIDTH: usize = 1024;
const VOCABULARY: usize = 128_256;

fn header(architecture: &str) -> GgufWriter {
    let mut writer = GgufWriter::new();
    writer.entry("general.architecture", architecture);
    let sizes = [
        ("context_length", 8192),
        ("block_count", LAYERS as u32),
        ("embedding_length", HIDDEN as u32),
        ("feed_forward_length", FEED_FORWARD as u32),
        ("attention.head_count", 64),
        ("attention.head_count_kv", 8),
    ];
    for (key, value) in sizes {
        writer.entry(&format!("{architecture}.{key}"), value);
    }
    writer.entry(&format!("{architecture}.attention.layer_norm_rms_epsilon"), 1e-5_f32);
    writer
}

/// A file that has the length of the whole model and no bytes of its weights: the file system keeps none.
fn llama_3_70b(folder: &Path, kind: Quantisation, file_type: u32) -> PathBuf {
    let mut writer = header("llama");
    writer.entry("general.name", "Meta-Llama-3-70B-Instruct").entry("general.file_type", file_type);
    let mut bytes = 0;
    let mut add = |name: &str, shape: &[usize], kind: Quantisation| {
        writer.tensor(name, shape, kind).unwrap();
        bytes += shape.iter().product::<usize>() / kind.block() * kind.block_bytes();
    };
    for layer in 0..LAYERS {
        let mut matrix = |part: &str, rows, columns| {
            add(&format!("blk.{layer}.{part}.weight"), &[rows, columns], kind);
        };
        matrix("attn_q", HIDDEN, HIDDEN);
        matrix("attn_k", KV_WIDTH, HIDDEN);
        matrix("attn_v", KV_WIDTH, HIDDEN);
        matrix("attn_output", HIDDEN, HIDDEN);
        matrix("ffn_gate", FEED_FORWARD, HIDDEN);
        matrix("ffn_up", FEED_FORWARD, HIDDEN);
        matrix("ffn_down", HIDDEN, FEED_FORWARD);
        add(&format!("blk.{layer}.attn_norm.weight"), &[HIDDEN], Quantisation::F32);
        add(&format!("blk.{layer}.ffn_norm.weight"), &[HIDDEN], Quantisation::F32);
    }
    add("token_embd.weight", &[VOCABULARY, HIDDEN], kind);
    add("output.weight", &[VOCABULARY, HIDDEN], kind);
    add("output_norm.weight", &[HIDDEN], Quantisation::F32);

    let path = folder.join("llama.gguf");
    let mut file = File::create(&path).unwrap();
    writer.begin(&file).unwrap();
    let header = file.stream_position().unwrap();
    file.set_len(header + bytes as u64).unwrap();
    path
}

#[test]
fn seventy_billion_weights_of_two_bytes_are_140_gigabytes() {
    let folder = TempDir::new().unwrap();
    let path = llama_3_70b(folder.path(), Quantisation::F16, 1);

    let info = ModelInfo::inspect(&path).unwrap();

    assert_eq!(info.parameters, 70_553_706_496);
    assert_eq!(info.size_bytes, std::fs::metadata(&path).unwrap().len());
    let weights = info.parameters as f64 * 2.0;
    assert!((info.size_bytes as f64 - weights).abs() < 1e-4 * weights, "{} {weights}", info.size_bytes);
    assert_eq!((info.layers, info.hidden, info.heads, info.kv_heads), (80, 8192, 64, 8));
    assert_eq!((info.vocabulary, info.context_length), (VOCABULARY, 8192));
    assert_eq!(
        info.to_string(),
        "Meta-Llama-3-70B-Instruct: llama, 70.6 billion parameters as F16 in 141.1 GB, context of 8192 tokens"
    );
}

#[test]
fn the_type_is_the_files_name_for_it_or_that_of_most_weights() {
    let folder = TempDir::new().unwrap();

    for (file_type, expected) in [(15, "Q4_K_M"), (14, "Q4_K_S"), (999, "Q4_K")] {
        let path = llama_3_70b(folder.path(), Quantisation::Q4K, file_type);

        assert_eq!(ModelInfo::inspect(&path).unwrap().quantisation, expected);
    }
}

#[test]
fn a_file_of_another_kind_says_what_is_wrong_with_it() {
    let folder = TempDir::new().unwrap();
    let refused = |name: &str, bytes: Vec<u8>| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        ModelInfo::inspect(&path).unwrap_err().to_string()
    };

    let text = refused("text.gguf", b"Once upon a time there was a file".to_vec());
    let unknown = refused("unknown.gguf", header("mamba").begin(Vec::new()).unwrap().finish().unwrap());
    let empty = refused("empty.gguf", header("llama").begin(Vec::new()).unwrap().finish().unwrap());

    assert!(text.contains("text.gguf` is not a valid model file"), "{text}");
    assert_eq!(
        unknown,
        "unsupported architecture `mamba`, expected one of: llama, qwen2, qwen3, gemma3, phi3"
    );
    assert_eq!(empty, "tensor `token_embd.weight`: is missing from the file");
}
