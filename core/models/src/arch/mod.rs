//! One published architecture, one file: the tensors that it has by GGUF's names, and the choices that it makes.
//! Where they come from is the matter of `checkpoint`.

mod bert;
pub(crate) mod encoder;
mod gemma3;
mod llama;
mod mpnet;
mod phi3;
mod qwen2;
mod qwen3;
mod reader;

pub(crate) use reader::{check, read};

use reader::Reader;

const ARCHITECTURES: [(&str, Reader); 5] = [
    ("llama", llama::read),
    ("qwen2", qwen2::read),
    ("qwen3", qwen3::read),
    ("gemma3", gemma3::read),
    ("phi3", phi3::read),
];
