use std::fs;
use std::path::PathBuf;

use rushlight_models::{CrossEncoder, Error};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{changed, fixture};

/// What sentence-transformers computed with a tiny model of random weights: see `fixtures/encoders/record.py`.
#[derive(Debug, Deserialize)]
struct Recorded {
    questions: Vec<String>,
    passages: Vec<String>,
    /// A score for each question and passage.
    default: Vec<Vec<f32>>,
    identity: Vec<Vec<f32>>,
}

fn recorded() -> Recorded {
    serde_json::from_slice(&fs::read(tiny("scores.json")).unwrap()).unwrap()
}

fn tiny(name: &str) -> PathBuf {
    fixture("encoders").join(name)
}

fn cross() -> CrossEncoder {
    CrossEncoder::open(&tiny("cross")).unwrap()
}

/// The fixture's file, in which `field` is `value`.
fn with(file: &str, field: &str, value: Value) -> Vec<u8> {
    let mut config: Value = serde_json::from_slice(&fs::read(tiny("cross").join(file)).unwrap()).unwrap();
    config[field] = value;
    serde_json::to_vec(&config).unwrap()
}

/// The scores of all questions and passages are these, but for products of 13 bits.
fn assert_scores(encoder: &CrossEncoder, expected: &[Vec<f32>]) {
    let Recorded { questions, passages, .. } = recorded();
    let passages: Vec<&str> = passages.iter().map(String::as_str).collect();
    assert_eq!(expected.len(), questions.len());
    for (question, expected) in questions.iter().zip(expected) {
        let scores = encoder.score(question, &passages).unwrap();

        assert_eq!(scores.len(), expected.len());
        for ((score, expected), passage) in scores.iter().zip(expected).zip(&passages) {
            assert!((score - expected).abs() < 3e-3, "{score}, not {expected}: {question:?}, {passage:?}");
        }
    }
}

#[test]
fn pairs_have_the_scores_that_sentence_transformers_gives() {
    let recorded = recorded();
    let identity = with("config_sentence_transformers.json", "activation_fn", json!("torch.nn.Identity"));
    let identity = changed(&tiny("cross"), "config_sentence_transformers.json", identity);

    assert_scores(&cross(), &recorded.default);
    assert_scores(&CrossEncoder::open(identity.path()).unwrap(), &recorded.identity);
}

#[test]
fn earlier_ways_to_name_the_activation_mean_the_same() {
    let recorded = recorded();
    let identity = "torch.nn.modules.linear.Identity";
    let places = [
        ("sentence_transformers", json!({ "activation_fn": identity }), &recorded.identity),
        ("sbert_ce_default_activation_function", json!(identity), &recorded.identity),
        ("sbert_ce_default_activation_function", Value::Null, &recorded.default),
    ];

    for (field, value, expected) in places {
        let folder = changed(&tiny("cross"), "config.json", with("config.json", field, value));
        fs::remove_file(folder.path().join("config_sentence_transformers.json")).unwrap();

        assert_scores(&CrossEncoder::open(folder.path()).unwrap(), expected);
    }
}

#[test]
fn a_score_does_not_depend_on_the_other_passages() {
    let (encoder, Recorded { questions, passages, .. }) = (cross(), recorded());
    let passages: Vec<&str> = passages.iter().map(String::as_str).collect();

    let together = encoder.score(&questions[1], &passages).unwrap();

    for (index, score) in together.iter().enumerate() {
        assert_eq!(encoder.score(&questions[1], &passages[index..=index]).unwrap(), [*score]);
    }
    assert!(encoder.score("the cat", &[]).unwrap().is_empty());
}

#[test]
fn a_pair_has_the_room_that_the_files_leave() {
    let room = |file, content: Vec<u8>| {
        let folder = changed(&tiny("cross"), file, content);
        CrossEncoder::open(folder.path()).map(|encoder| encoder.max_tokens())
    };

    assert_eq!((cross().name(), cross().max_tokens()), ("cross", 57));
    assert_eq!(room("tokenizer_config.json", b"{}".to_vec()).unwrap(), 61);
    assert_eq!(room("tokenizer_config.json", br#"{"model_max_length": 1e30}"#.to_vec()).unwrap(), 61);
    assert_eq!(room("sentence_bert_config.json", br#"{"max_seq_length": 20}"#.to_vec()).unwrap(), 17);
    let error = room("sentence_bert_config.json", br#"{"max_seq_length": 3}"#.to_vec()).unwrap_err();
    assert!(error.to_string().ends_with("expected room for more than 3 tokens, got 3"), "{error}");
}

#[test]
fn what_the_cross_encoder_does_not_have_is_refused_by_name() {
    let refused = |file, content: Vec<u8>, expected: &str| {
        let error = CrossEncoder::open(changed(&tiny("cross"), file, content).path()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    let tensors = fs::read(tiny("cross").join("model.safetensors")).unwrap();
    let shape = |from: &[u8], to: &[u8]| {
        let place = tensors.windows(from.len()).position(|window| window == from).unwrap();
        [&tensors[..place], to, &tensors[place + from.len()..]].concat()
    };
    let saved = "config_sentence_transformers.json";

    refused(saved, with(saved, "activation_fn", json!("torch.nn.Tanh")), "`torch.nn.Tanh`");
    refused(saved, with(saved, "default_prompt_name", json!("query")), "prompt");
    refused(
        "modules.json",
        br#"[{"type": "sentence_transformers.models.LogitScore"}]"#.to_vec(),
        "LogitScore",
    );
    refused("config.json", with("config.json", "model_type", json!("distilbert")), "`distilbert`");
    refused(
        "model.safetensors",
        shape(b"[1,32]", b"[2,16]"),
        "expected a head that gives one label, found 2",
    );

    let no_head = CrossEncoder::open(&tiny("bert")).unwrap_err();
    assert!(matches!(&no_head, Error::Tensor { name, .. } if name == "classifier.weight"), "{no_head}");
    assert!(no_head.to_string().contains("expected a cross-encoder"), "{no_head}");
    let other = CrossEncoder::open(&tiny("mpnet")).unwrap_err();
    assert_eq!(other.to_string(), "unsupported cross-encoder `mpnet`, expected one of: bert");
}
