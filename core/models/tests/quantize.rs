//! Models whose weights are written in fewer bits.

use std::cell::RefCell;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rushlight_models::{
    Conversation, Error, Gguf, KvType, LanguageModel, LoadOptions, QuantizeOptions, QuantizeReport,
    QuantizedType, Result, Special, Step, quantize,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::divergence;
use crate::support::tiny::{self, edit};

const MODELS: [&str; 6] = ["llama", "mistral", "qwen2", "qwen3", "gemma3", "phi3"];
const PROMPT: [u32; 12] = [5, 42, 80, 119, 158, 3, 77, 201, 14, 96, 33, 180];

fn options(kind: QuantizedType) -> QuantizeOptions {
    QuantizeOptions::default().kind(kind)
}

fn quantized(source: &Path, target: &Path, kind: QuantizedType) -> Result<QuantizeReport> {
    quantize(source, target, &options(kind), &|_| ControlFlow::Continue(()))
}

fn open(path: &Path) -> LanguageModel {
    let mut options = LoadOptions::default();
    options.kv_type = KvType::F32;
    LanguageModel::open(path, &options).unwrap()
}

/// The mean divergence of a model's probabilities from another's, after each token of a prompt.
fn drift(source: &LanguageModel, target: &LanguageModel) -> f64 {
    let [exact, rounded] = [source, target]
        .map(|model| model.forward(&mut [Step::every(&PROMPT, &mut model.new_cache())]).unwrap().remove(0));
    let rows = exact.chunks(source.info().vocabulary).zip(rounded.chunks(target.info().vocabulary));
    rows.map(|(exact, rounded)| divergence(exact, rounded)).sum::<f64>() / PROMPT.len() as f64
}

/// A tensor's bytes.
fn bytes(path: &Path, name: &str) -> Vec<u8> {
    let tensor = Gguf::open(path).unwrap().tensor(name).unwrap().clone();
    fs::read(path).unwrap()[tensor.offset..tensor.offset + tensor.length].to_vec()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn eight_bits_change_little_and_four_bits_more() {
    let directory = TempDir::new().unwrap();
    for model in MODELS {
        let folder = tiny::folder(model);
        let source = open(folder.path());

        let [eight, four, four_and_smallest] =
            [("q8_0", QuantizedType::Q8_0), ("q4_0", QuantizedType::Q4_0), ("q4_1", QuantizedType::Q4_1)]
                .map(|(name, kind)| {
                    let target = directory.path().join(format!("{model}-{name}.gguf"));
                    quantized(folder.path(), &target, kind).unwrap();
                    drift(&source, &open(&target))
                });

        assert!(eight < 2e-3, "{model}: {eight}");
        assert!(
            four > 10.0 * eight && four_and_smallest > 10.0 * eight,
            "{model}: {eight} {four} {four_and_smallest}"
        );
        assert!(four < 0.5 && four_and_smallest < 0.5, "{model}: {four} {four_and_smallest}");
    }
}

#[test]
fn a_folder_and_a_file_of_the_same_model_become_the_same_numbers() {
    let directory = TempDir::new().unwrap();
    for model in MODELS {
        let ((_directory, file), folder) = (tiny::gguf(model), tiny::folder(model));
        let [of_file, of_folder] =
            ["file", "folder"].map(|name| directory.path().join(format!("{model}-{name}.gguf")));

        quantized(&file, &of_file, QuantizedType::Q4_1).unwrap();
        quantized(folder.path(), &of_folder, QuantizedType::Q4_1).unwrap();

        let names: Vec<String> =
            Gguf::open(&of_file).unwrap().tensors().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(Gguf::open(&of_folder).unwrap().tensors().count(), names.len());
        for name in names.iter().filter(|name| !name.starts_with("rope")) {
            assert_eq!(bytes(&of_file, name), bytes(&of_folder, name), "{model}: {name}");
        }
    }
}

#[test]
fn the_report_says_what_each_tensor_became() {
    let (folder, directory) = (tiny::folder("llama"), TempDir::new().unwrap());
    let target = directory.path().join("llama.gguf");

    let report = quantized(folder.path(), &target, QuantizedType::Q4_0).unwrap();

    let of = |name: &str| report.tensors.iter().find(|tensor| tensor.name == name).unwrap();
    let query = of("blk.0.attn_q.weight");
    assert_eq!((&*query.from_type, &*query.to_type, &query.shape[..]), ("BF16", "Q4_0", &[32, 32][..]));
    assert!((0.02..0.2).contains(&query.relative_error), "{query:?}");
    // Its rows are 40 long.
    let down = of("blk.0.ffn_down.weight");
    assert_eq!((&*down.to_type, down.shape.as_slice()), ("F16", &[32, 40][..]));
    assert!(down.relative_error < 1e-3, "{down:?}");
    let norm = of("blk.1.attn_norm.weight");
    assert_eq!((&*norm.to_type, norm.relative_error.to_bits()), ("F32", 0));
    let worst = report.worst().unwrap();
    assert!(report.tensors.iter().all(|tensor| tensor.relative_error <= worst.relative_error));
    let weights = folder.path().join("model.safetensors");
    assert_eq!(report.source_bytes, fs::metadata(weights).unwrap().len());
    assert_eq!(report.target_bytes, fs::metadata(&target).unwrap().len());
    let gguf = Gguf::open(&target).unwrap();
    let names: Vec<&str> = gguf.tensors().map(|(name, _)| name).collect();
    assert_eq!(report.tensors.iter().map(|tensor| &*tensor.name).collect::<Vec<_>>(), names);
    assert_eq!(open(&target).info().quantisation, "Q4_0");
}

#[test]
fn tokenizer_template_and_settings_go_with_the_weights() {
    let directory = TempDir::new().unwrap();
    let folder = tiny::folder("gemma3");
    edit(folder.path(), "generation_config.json", |file| file["eos_token_id"] = json!([261, 7]));
    edit(folder.path(), "tokenizer_config.json", |file| {
        file["bos_token"] = "<|endoftext|>".into();
        file["add_bos_token"] = true.into();
    });
    let conversation = Conversation {
        messages: json!([{"role": "user", "content": "the end"}]),
        tools: Value::Null,
        add_generation_prompt: true,
    };

    let target = directory.path().join("gemma3.gguf");
    quantized(folder.path(), &target, QuantizedType::Q8_0).unwrap();

    let (source, model) = (open(folder.path()), open(&target));
    let [before, after] = [&source, &model].map(|model| {
        let (tokenizer, template) = (model.tokenizer(), model.template().unwrap());
        let ends: Vec<u32> = (0..262).filter(|&id| tokenizer.is_end(id)).collect();
        let text = tokenizer.encode(" the <|im_end|> thing\n", Special::Text).unwrap();
        let prompt = template.encode(tokenizer, &conversation).unwrap();
        let begins = (tokenizer.begin(), tokenizer.end(), tokenizer.add_begin());
        (ends, tokenizer.decode(&text), text, prompt, begins, tokenizer.vocabulary())
    });
    assert_eq!(after, before);
    assert!(after.0.contains(&7));
    let (mut expected, info) = (source.info().clone(), model.info().clone());
    (expected.quantisation, expected.size_bytes) = ("Q8_0".into(), info.size_bytes);
    assert_eq!(info, expected);
}

#[test]
fn metadata_of_a_file_is_taken_over() {
    let ((_directory, file), directory) = (tiny::gguf("phi3"), TempDir::new().unwrap());
    let target = directory.path().join("phi3.gguf");

    quantized(&file, &target, QuantizedType::Q8_0).unwrap();

    let (before, after) = (Gguf::open(&file).unwrap(), Gguf::open(&target).unwrap());
    for key in before.keys().filter(|key| !["general.file_type", "general.alignment"].contains(key)) {
        assert_eq!(after.value(key), before.value(key), "{key}");
    }
    assert_eq!(after.count("general.file_type").unwrap(), Some(7));
}

#[test]
fn progress_tells_of_every_tensor_and_ends_with_all_bytes() {
    let (folder, directory) = (tiny::folder("qwen2"), TempDir::new().unwrap());
    let told = RefCell::new(Vec::new());
    let tell = |progress: &rushlight_models::QuantizeProgress<'_>| {
        told.borrow_mut().push((progress.tensor.to_owned(), progress.done, progress.total));
        ControlFlow::Continue(())
    };

    let options = options(QuantizedType::Q8_0);
    let report = quantize(folder.path(), &directory.path().join("to.gguf"), &options, &tell).unwrap();

    let told = told.into_inner();
    assert!(told.is_sorted_by_key(|(_, done, _)| *done));
    let (_, done, total) = told.last().unwrap();
    assert_eq!(done, total);
    for tensor in &report.tensors {
        assert!(told.iter().any(|(name, ..)| *name == tensor.name), "{}", tensor.name);
    }
}

#[test]
fn what_is_stopped_or_fails_leaves_nothing_behind() {
    let (folder, directory) = (tiny::folder("llama"), TempDir::new().unwrap());
    let target = directory.path().join("to.gguf");
    let stop = |progress: &rushlight_models::QuantizeProgress<'_>| {
        if progress.done > progress.total / 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };

    let stopped = quantize(folder.path(), &target, &options(QuantizedType::Q8_0), &stop).unwrap_err();
    let weights = folder.path().join("model.safetensors");
    let mut damaged = fs::read(&weights).unwrap();
    let end = damaged.len();
    // The last number is none in BF16.
    damaged[end - 2..].copy_from_slice(&[0xc0, 0x7f]);
    fs::write(&weights, damaged).unwrap();
    let failed = quantized(folder.path(), &target, QuantizedType::Q8_0).unwrap_err();

    assert!(matches!(stopped, Error::Cancelled), "{stopped}");
    assert!(
        failed.to_string().ends_with("expected finite numbers that F32 can hold, got others"),
        "{failed}"
    );
    assert_eq!(files(directory.path()), [""; 0].map(PathBuf::from));
}

#[test]
fn what_cannot_be_written_is_refused_by_name() {
    let (folder, directory) = (tiny::folder("qwen2"), TempDir::new().unwrap());
    let target = directory.path().join("to.gguf");
    quantized(folder.path(), &target, QuantizedType::Q8_0).unwrap();
    let again = directory.path().join("again.gguf");
    let refusal = |source: &Path, target: &Path| {
        quantized(source, target, QuantizedType::Q4_0).unwrap_err().to_string()
    };

    assert_eq!(
        refusal(&target, &again),
        "unsupported quantisation `Q8_0 of tensor blk.0.attn_k.weight`, expected one of: F32, F16, BF16: weights that have \
         been rounded before cannot be rounded again"
    );
    assert!(refusal(folder.path(), &target).contains("expected a new file, or `overwrite`, got"));
    assert!(refusal(&target, &target).contains("expected another file than the source"));
    assert!(refusal(folder.path(), directory.path()).contains("expected a file, got the folder"));
    assert!(refusal(folder.path(), &directory.path().join("none/to.gguf")).starts_with("cannot open"));
    edit(folder.path(), "config.json", |config| config["query_pre_attn_scalar"] = 3.into());
    assert_eq!(
        refusal(folder.path(), &again),
        "unsupported setting `the scale of attention`, expected one of: what a GGUF file has a place for"
    );
    assert_eq!(files(directory.path()), [target]);
}

#[test]
fn a_file_that_is_there_is_replaced_if_the_options_say_so() {
    let (folder, directory) = (tiny::folder("qwen2"), TempDir::new().unwrap());
    let target = directory.path().join("to.gguf");
    fs::write(&target, b"something else").unwrap();
    let options = options(QuantizedType::Q4_1).overwrite(true);

    quantize(folder.path(), &target, &options, &|_| ControlFlow::Continue(())).unwrap();

    assert_eq!(open(&target).info().quantisation, "Q4_1");
    assert_eq!(files(directory.path()), [target]);
}
