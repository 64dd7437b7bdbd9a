use tempfile::TempDir;

use crate::Error;
use crate::hub::{Hub, KnownModel, ModelKind, Quiet};

/// A cache that has files of the right sizes for a model, all empty blocks.
fn cache_with(model: &KnownModel) -> (TempDir, Hub) {
    let home = TempDir::new().unwrap();
    let hub = Hub::at(home.path());
    for file in model.files {
        let path = hub.directory(model).join(file.name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::File::create(path).unwrap().set_len(file.size).unwrap();
    }
    (home, hub)
}

#[test]
fn a_named_model_lies_in_the_cache_under_its_own_name() {
    let model = KnownModel::find("smollm2-135m").unwrap();
    let (home, hub) = cache_with(model);

    let found = hub.resolve("SMOLLM2").unwrap();

    assert_eq!(found.name, "SmolLM2-135M-Instruct");
    assert_eq!(found.kind, ModelKind::LanguageModel);
    assert_eq!(found.path, home.path().join("models/SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf"));
}

#[test]
fn an_embedder_is_a_directory() {
    let model = KnownModel::find("minilm").unwrap();
    let (home, hub) = cache_with(model);

    let by_name = hub.resolve("minilm").unwrap();
    let by_path = hub.resolve(by_name.path.to_str().unwrap()).unwrap();

    assert_eq!(by_name.path, home.path().join("models/all-MiniLM-L6-v2"));
    assert_eq!(by_path, by_name);
}

#[test]
fn a_model_with_a_truncated_file_is_missing() {
    let model = KnownModel::find("minilm").unwrap();
    let (_home, hub) = cache_with(model);
    std::fs::File::create(hub.directory(model).join("tokenizer.json")).unwrap();

    let error = hub.resolve("minilm").unwrap_err();

    assert!(matches!(error, Error::Missing { .. }), "{error}");
}

#[test]
fn a_missing_model_says_how_to_get_it() {
    let home = TempDir::new().unwrap();

    let error = Hub::at(home.path()).resolve("smollm2-135m").unwrap_err().to_string();

    let directory = home.path().join("models/SmolLM2-135M-Instruct");
    assert_eq!(
        error,
        format!(
            "model `SmolLM2-135M-Instruct` is not in `{}`: call `fetch(\"SmolLM2-135M-Instruct\")` once, 98 MB",
            directory.display()
        )
    );
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let home = TempDir::new().unwrap();
    let hub = Hub::at(home.path());
    let expected = "unknown model `gpt-9`, expected a path or one of: all-MiniLM-L6-v2, SmolLM2-135M-Instruct, \
                    Gemma-3-270M, Qwen2.5-Coder-0.5B-Instruct";

    assert_eq!(hub.resolve("gpt-9").unwrap_err().to_string(), expected);
    assert_eq!(hub.fetch("gpt-9", &[], &Quiet).unwrap_err().to_string(), expected);
    assert!(hub.resolve("").is_err());
}

#[test]
fn a_file_is_a_language_model_and_so_is_a_directory_with_one() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("my-model.gguf");
    std::fs::write(&file, "").unwrap();
    let hub = Hub::at(directory.path());

    for path in [&file, directory.path()] {
        let found = hub.resolve(path.to_str().unwrap()).unwrap();
        assert_eq!((found.kind, &found.path), (ModelKind::LanguageModel, &file));
    }
}

#[test]
fn a_directory_with_safetensors_is_what_its_config_says() {
    let cases = [
        ("model.safetensors", r#"{"model_type": "qwen3"}"#, ModelKind::LanguageModel),
        ("model.safetensors.index.json", r#"{"model_type": "gemma3_text"}"#, ModelKind::LanguageModel),
        (
            "model.safetensors",
            r#"{"model_type": "new", "architectures": ["NewForCausalLM"]}"#,
            ModelKind::LanguageModel,
        ),
        (
            "model.safetensors",
            r#"{"model_type": "bert", "architectures": ["BertModel"]}"#,
            ModelKind::Embedder,
        ),
    ];
    for (weights, config, kind) in cases {
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join(weights), "").unwrap();
        std::fs::write(directory.path().join("config.json"), config).unwrap();

        let found = Hub::at(directory.path()).resolve(directory.path().to_str().unwrap()).unwrap();

        assert_eq!((found.kind, found.path.as_path()), (kind, directory.path()), "{config}");
    }
}

#[test]
fn a_path_without_a_model_is_an_error() {
    let directory = TempDir::new().unwrap();
    let hub = Hub::at(directory.path());

    let empty = hub.resolve(directory.path().to_str().unwrap()).unwrap_err();
    let absent = hub.resolve("no/such/model.gguf").unwrap_err();

    assert!(matches!(empty, Error::Format { .. }), "{empty}");
    assert!(matches!(absent, Error::Open { .. }), "{absent}");
}

#[test]
fn offline_forbids_fetching_and_nothing_else() {
    let model = KnownModel::find("minilm").unwrap();
    let (_home, hub) = cache_with(model);
    let hub = hub.offline(true);

    let forbidden = hub.fetch("smollm2-135m", &[], &Quiet).unwrap_err();

    assert_eq!(
        forbidden.to_string(),
        "cannot fetch `SmolLM2-135M-Instruct`: RUSHLIGHT_OFFLINE forbids downloads"
    );
    assert!(hub.fetch("minilm", &[], &Quiet).is_ok());
}

#[test]
fn the_token_is_not_shown() {
    let hub = Hub::at("home").endpoint("http://127.0.0.1:9/");

    assert!(format!("{hub:?}").contains("http://127.0.0.1:9"));
    assert!(!format!("{hub:?}").contains("token"));
}
