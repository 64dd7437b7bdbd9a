//! Text to token ids and back.
//!
//! A GGUF file describes its tokenizer in its metadata; the three algorithms that occur there are ours, and
//! agree with llama.cpp's token for token. A `tokenizer.json`, which may itself lie in a GGUF file's metadata, is read by
//! the `tokenizers` crate. All end in the same [`Tokenizer`]: special tokens, end tokens and decoding are the same code for all.

mod alphabet;
mod byte_pair;
mod codec;
mod declared;
mod embedded;
mod folder;
mod json;
mod merge;
mod metadata;
mod sentence_piece;
mod special;
mod split;
mod stream;
mod vocabulary;
mod word_piece;

pub use codec::{Encoded, Special, Tokenizer};
pub use stream::Detokenizer;
