use std::path::Path;

use tempfile::TempDir;

use super::{Special, Tokenizer};
use crate::gguf::testing::Sample;
use crate::{Gguf, GgufValue, Result};

const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const DEFINED: i32 = 4;
const UNUSED: i32 = 5;
const BYTE: i32 = 6;

fn vocabulary(model: &str, tokens: &[(&str, i32)]) -> Sample {
    let texts: Vec<&str> = tokens.iter().map(|&(text, _)| text).collect();
    let types: Vec<i32> = tokens.iter().map(|&(_, kind)| kind).collect();
    Sample::default()
        .entry("tokenizer.ggml.model", model)
        .entry("tokenizer.ggml.tokens", &texts[..])
        .entry("tokenizer.ggml.token_type", &types[..])
}

fn byte_pair() -> Sample {
    let tokens = [
        ("a", NORMAL),
        ("b", NORMAL),
        ("ab", NORMAL),
        ("abb", NORMAL),
        ("<|end|>", CONTROL),
        ("<tool>", DEFINED),
        ("Ġ", NORMAL),
    ];
    vocabulary("gpt2", &tokens)
        .entry("tokenizer.ggml.pre", "gpt-2")
        .entry("tokenizer.ggml.merges", &["a b", "ab b"][..])
}

fn sentence_piece() -> Sample {
    let tokens = [
        ("<unk>", UNKNOWN),
        ("<s>", CONTROL),
        ("</s>", CONTROL),
        ("<0x41>", BYTE),
        ("▁", NORMAL),
        ("h", NORMAL),
        ("i", NORMAL),
        ("hi", NORMAL),
        ("▁h", NORMAL),
        ("▁hi", NORMAL),
        ("<", NORMAL),
        ("s", NORMAL),
        (">", NORMAL),
        ("<s", NORMAL),
    ];
    let scores = [0.0_f32, 0.0, 0.0, 0.0, -9.0, -9.0, -9.0, -1.0, -2.0, -3.0, -9.0, -9.0, -9.0, -4.0];
    vocabulary("llama", &tokens).entry("tokenizer.ggml.scores", &scores[..])
}

fn read(sample: &Sample) -> Result<Tokenizer> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("tiny.gguf");
    std::fs::write(&path, sample.build()).unwrap();
    Tokenizer::from_gguf(&Gguf::open(Path::new(&path))?)
}

fn refusal(sample: &Sample) -> String {
    let error = read(sample).unwrap_err().to_string();
    assert!(error.contains("tiny.gguf") || error.starts_with("unsupported"), "{error}");
    error
}

/// The same file with one more entry in place of the one of that name.
fn with(sample: &Sample, key: &str, value: impl Into<GgufValue>) -> Sample {
    sample.clone().entry(key, value)
}

#[test]
fn pairs_are_merged_in_the_order_of_training() {
    let tokenizer = read(&byte_pair()).unwrap();

    assert_eq!(tokenizer.encode("abbab", Special::Text).unwrap(), [3, 2]);
    assert_eq!(tokenizer.encode("ba", Special::Text).unwrap(), [1, 0]);
}

#[test]
fn a_byte_that_the_vocabulary_lacks_is_left_out_or_unknown() {
    let sample = byte_pair();
    let with_unknown = with(&sample, "tokenizer.ggml.unknown_token_id", 5_u32);

    assert_eq!(read(&sample).unwrap().encode("aza", Special::Text).unwrap(), [0, 0]);
    assert_eq!(read(&with_unknown).unwrap().encode("aza", Special::Text).unwrap(), [0, 5, 0]);
}

#[test]
fn user_defined_tokens_count_in_every_text_and_control_tokens_on_demand() {
    let tokenizer = read(&byte_pair()).unwrap();

    assert_eq!(tokenizer.encode("a<tool>b", Special::Text).unwrap(), [0, 5, 1]);
    assert_eq!(tokenizer.encode("a<|end|>b", Special::Parse).unwrap(), [0, 4, 1]);
    assert!(!tokenizer.encode("a<|end|>b", Special::Text).unwrap().contains(&4));
    assert_eq!(tokenizer.decode(&[0, 4, 5, 1]), "a<tool>b");
}

#[test]
fn the_highest_score_is_merged_first_and_a_space_comes_before() {
    let tokenizer = read(&sentence_piece()).unwrap();

    assert_eq!(tokenizer.encode("hi", Special::Text).unwrap(), [9]);
    assert_eq!(tokenizer.encode("hi hi", Special::Text).unwrap(), [9, 9]);
    assert_eq!(tokenizer.encode("hi<s>hi", Special::Parse).unwrap(), [9, 1, 9]);
    assert_eq!(tokenizer.decode(&[9, 9]), "hi hi");
}

#[test]
fn without_a_space_prefix_nothing_is_added_or_taken_away() {
    let sample = with(&sentence_piece(), "tokenizer.ggml.add_space_prefix", false);
    let tokenizer = read(&sample).unwrap();

    assert_eq!(tokenizer.encode("hi", Special::Text).unwrap(), [7]);
    assert_eq!(tokenizer.decode(&[9]), " hi");
}

#[test]
fn merging_never_makes_a_control_token() {
    let tokenizer = read(&sentence_piece()).unwrap();

    assert_eq!(tokenizer.encode("<s>", Special::Text).unwrap(), [4, 13, 12]);
}

#[test]
fn what_is_no_token_is_spelt_in_bytes_or_unknown() {
    let tokenizer = read(&sentence_piece()).unwrap();

    assert_eq!(tokenizer.encode("AZ", Special::Text).unwrap(), [4, 3, 0]);
    assert_eq!(tokenizer.decode(&[3]), "A");
}

#[test]
fn a_file_may_ask_for_a_begin_token_or_not() {
    let with_begin = with(&byte_pair(), "tokenizer.ggml.bos_token_id", 4_u32);
    let asked = with(&with_begin, "tokenizer.ggml.add_bos_token", true);

    assert_eq!(read(&asked).unwrap().encode_prompt("a").unwrap(), [4, 0]);
    assert_eq!(read(&with_begin).unwrap().encode_prompt("a").unwrap(), [0]);
    assert_eq!(read(&sentence_piece()).unwrap().encode_prompt("hi").unwrap(), [1, 9]);
}

#[test]
fn damaged_metadata_is_refused_with_what_was_found_and_expected() {
    let cases = [
        (with(&byte_pair(), "tokenizer.ggml.model", "t5"), "unsupported tokenizer `t5`"),
        (with(&byte_pair(), "tokenizer.ggml.pre", "x"), "unsupported pre-tokenizer `x`"),
        (
            with(&byte_pair(), "tokenizer.ggml.merges", &["ab"][..]),
            "expected two tokens and a space between, got `ab`",
        ),
        (
            with(&byte_pair(), "tokenizer.ggml.merges", &["a c"][..]),
            "merge 0, `a c`, names a token that the vocabulary lacks",
        ),
        (with(&byte_pair(), "tokenizer.ggml.eos_token_id", 7_u32), "expected an id below 7, got 7"),
        (
            with(&byte_pair(), "tokenizer.ggml.token_type", &[1_i32][..]),
            "expected 7 values, one per token, got 1",
        ),
        (
            with(&byte_pair(), "tokenizer.ggml.tokens", &[""; 0][..]),
            "expected 0 values, one per token, got 7",
        ),
        (
            with(&sentence_piece(), "tokenizer.ggml.scores", &[0.0_f32][..]),
            "expected 14 values, one per token, got 1",
        ),
        (Sample::default(), "metadata `tokenizer.ggml.model` is missing"),
    ];
    for (sample, expected) in cases {
        let message = refusal(&sample);
        assert!(message.contains(expected), "expected `{expected}`, got `{message}`");
    }
}

#[test]
fn vocabularies_are_the_same_whatever_fills_them_up() {
    let tokenizer = |extra: &[(&str, i32)]| {
        let tokens = [&[("a", NORMAL), ("b", NORMAL)], extra].concat();
        let merges = &[""; 0][..];
        let sample = vocabulary("gpt2", &tokens).entry("tokenizer.ggml.pre", "gpt-2");
        read(&sample.entry("tokenizer.ggml.merges", merges)).unwrap()
    };
    let (plain, longer) = (tokenizer(&[]), tokenizer(&[("c", NORMAL)]));
    let filled = tokenizer(&[("[PAD2]", UNUSED), ("[PAD3]", UNUSED)]);

    assert_eq!((plain.first_difference(&plain), plain.first_difference(&filled)), (None, None));
    assert_eq!((filled.first_difference(&plain), plain.first_difference(&longer)), (None, Some(2)));
    assert_eq!(longer.first_difference(&filled), Some(2), "a token where another has nothing");
}
