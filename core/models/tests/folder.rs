//! Models in folders as the Hugging Face Hub has them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rushlight_models::{Conversation, LanguageModel, LoadOptions, Special, Step};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, serialize_to_file};
use serde_json::{Value, json};

use crate::support::tiny::{self, edit};

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

fn logits(path: &Path) -> Vec<f32> {
    let model = LanguageModel::open(path, &LoadOptions::default()).unwrap();
    let mut cache = model.new_cache();
    model.forward(&mut [Step::every(&[5, 42, 80, 119, 158], &mut cache)]).unwrap()[0].to_vec()
}

fn refusal(folder: &Path) -> String {
    match LanguageModel::open(folder, &LoadOptions::default()) {
        Ok(model) => panic!("`{}` was opened", model.info().name),
        Err(error) => error.to_string(),
    }
}

/// Writes the tensors of a folder anew, after `change`, which gets their types, shapes and bytes.
fn rewrite(folder: &Path, change: impl FnOnce(&mut BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>)) {
    let bytes = fs::read(folder.join(SINGLE)).unwrap();
    let mut tensors = SafeTensors::deserialize(&bytes)
        .unwrap()
        .iter()
        .map(|(name, view)| (name.to_owned(), (view.dtype(), view.shape().to_vec(), view.data().to_vec())))
        .collect();
    change(&mut tensors);
    write(&folder.join(SINGLE), tensors.iter());
}

fn write<'a>(path: &Path, tensors: impl Iterator<Item = (&'a String, &'a (Dtype, Vec<usize>, Vec<u8>))>) {
    let views = tensors
        .map(|(name, (kind, shape, bytes))| (name, TensorView::new(*kind, shape.clone(), bytes).unwrap()));
    serialize_to_file(views, None, path).unwrap();
}

fn shard(number: usize) -> String {
    format!("model-{number:05}-of-00004.safetensors")
}

/// Spreads the weights of a folder over four files.
fn split(folder: &Path) {
    let mut all = BTreeMap::new();
    rewrite(folder, |tensors| all = tensors.clone());
    fs::remove_file(folder.join(SINGLE)).unwrap();
    let mut files = BTreeMap::new();
    for number in 1..=4 {
        let own: Vec<_> = all.iter().skip(number - 1).step_by(4).collect();
        write(&folder.join(shard(number)), own.iter().copied());
        files.extend(own.into_iter().map(|(name, _)| (name.clone(), shard(number))));
    }
    let index = json!({"metadata": {"total_size": 1}, "weight_map": files});
    fs::write(folder.join(INDEX), index.to_string()).unwrap();
}

#[test]
fn weights_in_four_files_give_the_logits_of_one_file() {
    for model in ["llama", "gemma3"] {
        let folder = tiny::folder(model);
        let expected = logits(folder.path());
        let before = LanguageModel::open(folder.path(), &LoadOptions::default()).unwrap().info().clone();
        split(folder.path());

        assert_eq!(logits(folder.path()), expected);
        let info = LanguageModel::open(folder.path(), &LoadOptions::default()).unwrap().info().clone();
        let files = (1..=4).map(|number| fs::metadata(folder.path().join(shard(number))).unwrap().len());
        assert_eq!(info.size_bytes, files.sum::<u64>());
        assert_eq!((info.parameters, info.quantisation), (before.parameters, before.quantisation));
    }
}

#[test]
fn the_same_numbers_as_gguf_and_as_safetensors_give_the_same_bits() {
    let ((_directory, gguf), folder) = (tiny::gguf("qwen3"), tiny::folder("qwen3"));

    assert_eq!(logits(&gguf), logits(folder.path()));
}

#[test]
fn an_index_that_does_not_fit_its_files_is_refused() {
    let missing = tiny::folder("llama");
    split(missing.path());
    fs::remove_file(missing.path().join(shard(3))).unwrap();
    let absent = tiny::folder("llama");
    split(absent.path());
    let mut wrong = String::new();
    edit(absent.path(), INDEX, |index| {
        let file = &mut index["weight_map"]["model.norm.weight"];
        wrong = shard(if *file == shard(1) { 2 } else { 1 });
        *file = wrong.clone().into();
    });
    let outside = tiny::folder("llama");
    split(outside.path());
    edit(outside.path(), INDEX, |index| {
        index["weight_map"]["model.norm.weight"] = "../other.safetensors".into();
    });
    let none = tiny::folder("llama");
    fs::remove_file(none.path().join(SINGLE)).unwrap();

    assert!(refusal(missing.path()).ends_with(&format!("{}`", shard(3))), "{}", refusal(missing.path()));
    assert_eq!(
        refusal(absent.path()),
        format!("tensor `model.norm.weight`: is missing from `{wrong}`, where `{INDEX}` says it is")
    );
    assert!(refusal(outside.path()).contains("got `../other.safetensors`"), "{}", refusal(outside.path()));
    assert!(refusal(none.path()).contains(&format!("expected `{SINGLE}` or `{INDEX}`, found neither")));
}

#[test]
fn a_tensor_that_is_missing_or_of_another_shape_or_type_is_named() {
    const NAME: &str = "model.layers.1.mlp.down_proj.weight";
    let (missing, shaped, typed, output) =
        (tiny::folder("llama"), tiny::folder("llama"), tiny::folder("llama"), tiny::folder("llama"));
    rewrite(missing.path(), |tensors| drop(tensors.remove(NAME)));
    rewrite(shaped.path(), |tensors| tensors.get_mut(NAME).unwrap().1 = vec![40, 32]);
    rewrite(typed.path(), |tensors| tensors.get_mut(NAME).unwrap().0 = Dtype::U16);
    rewrite(output.path(), |tensors| drop(tensors.remove("lm_head.weight")));

    assert_eq!(refusal(missing.path()), format!("tensor `{NAME}`: is missing from the file"));
    assert_eq!(refusal(shaped.path()), format!("tensor `{NAME}`: expected shape [32, 40], got [40, 32]"));
    assert_eq!(refusal(typed.path()), format!("tensor `{NAME}`: expected F32, F16 or BF16, got U16"));
    assert_eq!(refusal(output.path()), "tensor `lm_head.weight`: is missing from the files");
}

#[test]
fn settings_that_are_not_built_in_are_named() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 8] = [
        ("unsupported architecture `mixtral`", |config| config["model_type"] = "mixtral".into()),
        ("unsupported activation `relu2`", |config| config["hidden_act"] = "relu2".into()),
        ("unsupported rope scaling `yarn`", |config| config["rope_parameters"]["rope_type"] = "yarn".into()),
        ("unsupported quantisation `gptq`", |config| {
            config["quantization_config"] = json!({"quant_method": "gptq"});
        }),
        ("missing field `hidden_size`", |config| drop(config.as_object_mut().unwrap().remove("hidden_size"))),
        ("expected `num_hidden_layers` of at least 1, got 0", |config| {
            config["num_hidden_layers"] = 0.into();
        }),
        ("expected `num_key_value_heads` to divide the 4 heads, got 3", |config| {
            config["num_key_value_heads"] = 3.into();
        }),
        ("`low_freq_factor` of the rope scaling is missing", |config| {
            drop(config["rope_parameters"].as_object_mut().unwrap().remove("low_freq_factor"));
        }),
    ];
    for (expected, change) in cases {
        let folder = tiny::folder("llama");
        edit(folder.path(), "config.json", change);

        let error = refusal(folder.path());

        assert!(error.contains(expected), "expected `{expected}`, got `{error}`");
    }
}

#[test]
fn files_beside_the_weights_declare_template_and_end_tokens() {
    let folder = tiny::folder("qwen2");
    edit(folder.path(), "generation_config.json", |file| file["eos_token_id"] = json!([261, 7]));
    edit(folder.path(), "tokenizer_config.json", |file| {
        file["bos_token"] = json!({"content": "<|endoftext|>", "lstrip": false});
        file["add_bos_token"] = true.into();
    });

    let model = LanguageModel::open(folder.path(), &LoadOptions::default()).unwrap();

    let tokenizer = model.tokenizer();
    assert_eq!(tokenizer.end().and_then(|id| tokenizer.token_text(id)), Some("<|im_end|>"));
    assert!(tokenizer.is_end(261) && tokenizer.is_end(7) && !tokenizer.is_end(8));
    let begin = tokenizer.begin().unwrap();
    assert_eq!(tokenizer.token_text(begin), Some("<|endoftext|>"));
    assert_eq!(tokenizer.encode_prompt("the").unwrap()[0], begin);
    let conversation = Conversation {
        messages: json!([{"role": "user", "content": "the"}]),
        tools: Value::Null,
        add_generation_prompt: true,
    };
    let template = model.template().unwrap();
    assert_eq!(
        template.prompt(&conversation).unwrap(),
        "<|im_start|>user\nthe<|im_end|>\n<|im_start|>assistant\n"
    );
    assert_eq!(tokenizer.encode(" the", Special::Text).unwrap().len(), 1);
}

#[test]
fn a_control_token_that_the_model_does_not_know_is_text() {
    let folder = tiny::folder("qwen2");
    edit(folder.path(), "tokenizer.json", |file| {
        let mut image = file["added_tokens"][0].clone();
        (image["id"], image["content"]) = (262.into(), "<image>".into());
        file["added_tokens"].as_array_mut().unwrap().push(image);
    });

    let model = LanguageModel::open(folder.path(), &LoadOptions::default()).unwrap();

    let tokenizer = model.tokenizer();
    assert_eq!((tokenizer.vocabulary(), model.info().vocabulary), (262, 262));
    let ids = tokenizer.encode("<image>", Special::Parse).unwrap();
    assert_eq!(tokenizer.decode(&ids), "<image>");
}

#[test]
fn a_template_file_wins_and_the_default_of_several_counts() {
    let (several, file) = (tiny::folder("qwen2"), tiny::folder("qwen2"));
    edit(several.path(), "tokenizer_config.json", |settings| {
        settings["chat_template"] =
            json!([{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "default"}]);
    });
    fs::write(file.path().join("chat_template.jinja"), "file").unwrap();

    for (folder, expected) in [(several, "default"), (file, "file")] {
        let model = LanguageModel::open(folder.path(), &LoadOptions::default()).unwrap();
        assert_eq!(model.template().unwrap().render(&Conversation::default()).unwrap(), expected);
    }
}

#[test]
fn a_folder_without_a_tokenizer_is_refused() {
    let folder = tiny::folder("qwen2");
    fs::remove_file(folder.path().join("tokenizer.json")).unwrap();

    assert!(refusal(folder.path()).contains("tokenizer.json"));
}
