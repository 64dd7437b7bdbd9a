//! What models take of memory, beside what was promised.

use std::path::{Path, PathBuf};

use rushlight_models::{KvCache, LanguageModel, LoadOptions, MemoryEstimate, ModelInfo, Step};

use crate::support::{is_alone, model};

/// The bytes of memory that this process holds: its own and those of mapped files.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() * 1024
}

fn options() -> LoadOptions {
    let mut options = LoadOptions::default();
    options.context = Some(1024);
    options
}

/// Fills a context with tokens from the whole vocabulary, so that all weights are read.
fn fill(model: &LanguageModel) -> KvCache {
    let mut cache = model.new_cache();
    let step = model.info().vocabulary / 1024;
    let tokens: Vec<u32> = (0..1024).map(|index| (index * step) as u32).collect();
    for part in tokens.chunks(256) {
        model.forward(&mut [Step::new(part, &mut cache)]).unwrap();
    }
    cache
}

fn compare_with_measured(path: &Path) {
    let before = resident();
    let estimate = MemoryEstimate::read(path, &options(), 1).unwrap();
    // The first time its weights may have to be packed, which takes memory of its own.
    drop(LanguageModel::open(path, &options()).unwrap());

    let model = LanguageModel::open(path, &options()).unwrap();
    let cache = fill(&model);

    let taken = resident() - before;
    let ratio = estimate.total() as f64 / taken as f64;
    assert!((0.9..=1.1).contains(&ratio), "{estimate:?} is {ratio:.3} of {taken}");
    assert_eq!(model.kv_used_bytes() as u64, estimate.keys_and_values);
    assert_eq!(cache.len() as u64 * estimate.kv_bytes_per_token, estimate.keys_and_values);
}

#[test]
fn the_estimate_of_a_small_model_is_within_a_tenth_of_what_is_measured() {
    if !is_alone("memory::the_estimate_of_a_small_model_is_within_a_tenth_of_what_is_measured") {
        return;
    }
    compare_with_measured(&model("SmolLM2-135M-Instruct").join("SmolLM2-135M-Instruct.Q4_1.gguf"));
}

#[test]
fn the_estimate_of_a_larger_model_is_within_a_tenth_of_what_is_measured() {
    if !is_alone("memory::the_estimate_of_a_larger_model_is_within_a_tenth_of_what_is_measured") {
        return;
    }
    let folder = model("Qwen2.5-Coder-0.5B-Instruct");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_model = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "gguf");
    compare_with_measured(&files.into_iter().find(is_model).unwrap());
}

#[test]
fn a_budget_for_keys_and_values_bounds_the_estimate() {
    let path = model("SmolLM2-135M-Instruct").join("SmolLM2-135M-Instruct.Q4_1.gguf");
    let mut options = options();
    let one = MemoryEstimate::read(&path, &options, 1).unwrap();
    let eight = MemoryEstimate::read(&path, &options, 8).unwrap();
    options.kv_budget = Some(3 * one.keys_and_values as usize + 1);

    let bounded = MemoryEstimate::read(&path, &options, 8).unwrap();

    assert_eq!(eight.keys_and_values, 8 * one.keys_and_values);
    assert_eq!(bounded.keys_and_values, 3 * one.keys_and_values);
    assert_eq!(bounded.total(), bounded.without_keys_and_values() + bounded.keys_and_values);
    options.context = Some(1 << 20);
    let error = MemoryEstimate::read(&path, &options, 8).unwrap_err().to_string();
    assert_eq!(
        error,
        "invalid context: expected 1 to 8192 tokens, which the model was made for, got 1048576"
    );
}

#[test]
fn what_a_header_says_is_what_the_open_model_says() {
    let path = model("SmolLM2-135M-Instruct").join("SmolLM2-135M-Instruct.Q4_1.gguf");

    let info = ModelInfo::inspect(&path).unwrap();
    let model = LanguageModel::open(&path, &LoadOptions::default()).unwrap();

    assert_eq!(&info, model.info());
    assert_eq!(info.size_bytes, std::fs::metadata(&path).unwrap().len());
    assert!((130_000_000..140_000_000).contains(&info.parameters), "{info}");
    assert_eq!(info.quantisation, "Q4_1");
}
