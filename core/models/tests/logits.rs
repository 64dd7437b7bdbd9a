//! Every architecture against logits that transformers and llama.cpp agree on (`fixtures/tiny/record.py`).

use std::path::Path;

use rushlight_models::{KvType, LanguageModel, LoadOptions, Logits, Step};

use crate::support::tiny::{self, Run};

/// The recorded logits have four digits after the point, and sums are made in another order.
const TOLERANCE: f32 = 3e-4;

fn open(path: &Path, run: &Run) -> LanguageModel {
    let mut options = LoadOptions::default();
    options.kv_type = KvType::F32;
    options.context = Some(run.context);
    LanguageModel::open(path, &options).unwrap()
}

/// The logits of every token of a prompt that is read in parts.
fn logits(model: &LanguageModel, ids: &[u32], part: usize) -> Vec<Vec<f32>> {
    let mut cache = model.new_cache();
    let mut rows = Vec::new();
    for ids in ids.chunks(part) {
        let mut step = Step::new(ids, &mut cache);
        step.logits = Logits::All;
        let computed = model.forward(&mut [step]).unwrap().remove(0);
        rows.extend(computed.chunks_exact(model.info().vocabulary).map(<[f32]>::to_vec));
    }
    rows
}

fn check(path: &Path, run: &Run) {
    let model = open(path, run);
    for part in [run.ids.len(), 1] {
        let found = logits(&model, &run.ids, part);

        for (position, expected) in run.positions.iter().zip(&run.logits) {
            let differences =
                found[*position].iter().zip(expected).map(|(found, expected)| (found - expected).abs());
            let greatest = differences.fold(0.0, f32::max);
            assert_eq!(found[*position].len(), expected.len());
            assert!(greatest < TOLERANCE, "token {position}, {part} at a time: {greatest}");
        }
    }
}

fn check_gguf(model: &str) {
    let (_directory, path) = tiny::gguf(model);
    for run in tiny::runs(model) {
        check(&path, &run);
    }
}

#[test]
fn llama_stretches_slow_rotations() {
    check_gguf("llama");
}

#[test]
fn mistral_sees_a_window() {
    check_gguf("mistral");
}

#[test]
fn qwen2_has_biases() {
    check_gguf("qwen2");
}

#[test]
fn qwen3_normalises_heads_that_are_wider_than_the_hidden_state() {
    check_gguf("qwen3");
}

#[test]
fn gemma3_alternates_windows_and_bases() {
    check_gguf("gemma3");
}

#[test]
fn phi3_joins_matrices_and_has_rotations_for_either_length() {
    check_gguf("phi3");
}
