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
        let computed = model.forward(&mut [step]).unwrap()[0].to_vec();
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

/// Checks the GGUF file and the folder.
fn check_both(model: &str) {
    let ((_directory, path), folder) = (tiny::gguf(model), tiny::folder(model));
    for run in tiny::runs(model) {
        check(&path, &run);
        check(folder.path(), &run);
    }
}

#[test]
fn llama_stretches_slow_rotations() {
    check_both("llama");
}

#[test]
fn mistral_sees_a_window() {
    check_both("mistral");
}

#[test]
fn qwen2_has_biases() {
    check_both("qwen2");
}

#[test]
fn qwen3_normalises_heads_that_are_wider_than_the_hidden_state() {
    check_both("qwen3");
}

#[test]
fn gemma3_alternates_windows_and_bases() {
    check_both("gemma3");
}

#[test]
fn phi3_joins_matrices_and_has_rotations_for_either_length() {
    check_both("phi3");
}

#[test]
fn settings_of_older_versions_of_transformers_mean_the_same() {
    for model in ["llama", "gemma3", "phi3"] {
        let folder = tiny::folder(model);
        tiny::edit(folder.path(), "config.json", |config| {
            let mut parameters = config["rope_parameters"].take();
            config.as_object_mut().unwrap().remove("rope_parameters");
            config.as_object_mut().unwrap().remove("layer_types");
            if model == "gemma3" {
                config["rope_local_base_freq"] = parameters["sliding_attention"]["rope_theta"].clone();
                parameters = parameters["full_attention"].take();
            }
            config["rope_theta"] = parameters["rope_theta"].take();
            // Phi-3 was published with `su` for what is called `longrope` now.
            let kind = parameters["rope_type"].take();
            parameters["type"] = if model == "phi3" { "su".into() } else { kind };
            config["rope_scaling"] = parameters;
        });

        for run in tiny::runs(model) {
            check(folder.path(), &run);
        }
    }
}
