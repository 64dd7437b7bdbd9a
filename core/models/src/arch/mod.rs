//! One published architecture, one file: its names in the file and the choices that it makes. Nothing else
//! knows an architecture by name.

pub(crate) mod bert;
mod llama;
mod qwen2;
mod reader;

pub(crate) use reader::read;

use reader::Reader;

const ARCHITECTURES: [(&str, Reader); 2] = [("llama", llama::read), ("qwen2", qwen2::read)];
