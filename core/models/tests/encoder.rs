use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rushlight_models::{Encoder, EncoderOptions, Special};
use serde::Deserialize;

use crate::support::{changed, fixture, model};

#[derive(Debug, Deserialize)]
struct Reference {
    dimensions: usize,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    text: String,
    vector: String,
}

impl Case {
    fn vector(&self) -> Vec<f32> {
        let bytes = base64(&self.vector);
        bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }
}

fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |byte: u8| ALPHABET.iter().position(|&letter| letter == byte).unwrap() as u32;
    let digits: Vec<u32> = text.trim_end_matches('=').bytes().map(digit).collect();
    let group = |digits: &[u32]| {
        let number =
            digits.iter().enumerate().fold(0, |number, (place, digit)| number | digit << (26 - 6 * place));
        number.to_be_bytes()[..digits.len() * 6 / 8].to_vec()
    };
    digits.chunks(4).flat_map(group).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn minilm() -> (Encoder, Reference) {
    let reference = serde_json::from_slice(&std::fs::read(fixture("minilm.json")).unwrap()).unwrap();
    (Encoder::open(&model("all-MiniLM-L6-v2")).unwrap(), reference)
}

#[test]
fn minilm_gives_the_vectors_that_sentence_transformers_gives() {
    let (encoder, reference) = minilm();
    assert_eq!((encoder.dimensions(), encoder.max_tokens(), encoder.name()), (384, 254, "all-MiniLM-L6-v2"));
    assert_eq!((reference.dimensions, reference.cases.len()), (384, 50));
    let texts: Vec<&str> = reference.cases.iter().map(|case| case.text.as_str()).collect();

    let vectors = encoder.embed(&texts).unwrap();

    assert_eq!(vectors.len(), 50);
    for (case, vector) in reference.cases.iter().zip(&vectors) {
        let cosine = cosine(vector, &case.vector());
        assert!(cosine >= 0.99999, "{cosine} for {:?}", case.text);
        let length: f32 = vector.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
    }
}

#[test]
fn a_vector_does_not_depend_on_the_other_texts() {
    let (encoder, reference) = minilm();
    let texts: Vec<&str> = reference.cases.iter().map(|case| case.text.as_str()).collect();

    let together = encoder.embed(&texts).unwrap();

    for index in [0, 5, 29, 48] {
        assert_eq!(encoder.embed(&texts[index..=index]).unwrap()[0], together[index]);
    }
    assert!(encoder.embed(&[]).unwrap().is_empty());
}

#[test]
fn a_text_is_cut_off_after_the_tokens_that_count() {
    let (encoder, _) = minilm();
    let long = "storage ".repeat(400);
    let full = "storage ".repeat(encoder.max_tokens());
    assert_eq!(encoder.tokenizer().encode(&full, Special::Text).unwrap().len(), encoder.max_tokens());

    let vectors = encoder.embed(&[&long, &full]).unwrap();

    assert_eq!(vectors[0], vectors[1]);
}

/// What sentence-transformers computed with tiny models of random weights: see `fixtures/encoders/record.py`.
#[derive(Debug, Deserialize)]
struct Recorded {
    texts: Vec<String>,
    models: BTreeMap<String, Vectors>,
}

#[derive(Debug, Deserialize)]
struct Vectors {
    passages: Vec<Vec<f32>>,
    queries: Vec<Vec<f32>>,
}

fn tiny(family: &str) -> PathBuf {
    fixture("encoders").join(family)
}

#[test]
fn other_families_give_the_vectors_that_sentence_transformers_gives() {
    let recorded = fs::read(fixture("encoders").join("vectors.json")).unwrap();
    let recorded: Recorded = serde_json::from_slice(&recorded).unwrap();
    let texts: Vec<&str> = recorded.texts.iter().map(String::as_str).collect();
    assert_eq!(recorded.models.keys().collect::<Vec<_>>(), ["bert", "mpnet"]);

    for (family, expected) in &recorded.models {
        let encoder = Encoder::open(&tiny(family)).unwrap();
        let found = [encoder.embed(&texts).unwrap(), encoder.embed_queries(&texts).unwrap()];

        for (found, expected) in found.iter().zip([&expected.passages, &expected.queries]) {
            assert_eq!(found.len(), expected.len());
            for ((vector, expected), text) in found.iter().zip(expected).zip(&texts) {
                let cosine = cosine(vector, expected);
                assert!(cosine >= 0.9999, "{family}: {cosine} for {text:?}");
            }
        }
    }
}

#[test]
fn prompts_stand_before_texts_and_take_their_room() {
    let plain = EncoderOptions::default().query_prompt("").passage_prompt("");
    let plain = Encoder::open_with(&tiny("bert"), plain).unwrap();
    let folder = Encoder::open(&tiny("bert")).unwrap();

    let vectors = folder.embed(&["the cat"]).unwrap();

    assert_eq!(vectors, plain.embed(&["passage: the cat"]).unwrap());
    assert_eq!(folder.embed_queries(&["the cat"]).unwrap(), plain.embed(&["query: the cat"]).unwrap());
    assert_eq!(plain.embed_queries(&["the cat"]).unwrap(), plain.embed(&["the cat"]).unwrap());
    let prompt = folder.tokenizer().count("passage: ").unwrap();
    assert_eq!((folder.max_tokens(), plain.max_tokens()), (62 - prompt, 62));
}

#[test]
fn encoders_of_other_passages_have_other_names() {
    let name = |options| Encoder::open_with(&tiny("bert"), options).unwrap().name().to_owned();

    assert_eq!(name(EncoderOptions::default()), "bert");
    assert_eq!(name(EncoderOptions::default().query_prompt("why: ")), "bert");
    assert_eq!(name(EncoderOptions::default().passage_prompt("passage: ")), "bert");
    assert_eq!(name(EncoderOptions::default().passage_prompt("")), "bert \"\"");
}

#[test]
fn what_the_encoder_does_not_have_is_refused_by_name() {
    let refused = |file, content: &str, expected: &str| {
        let error = Encoder::open(changed(&tiny("bert"), file, content).path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let config = |family, from: &str, to: &str| {
        let config = fs::read_to_string(tiny(family).join("config.json")).unwrap();
        assert!(config.contains(from), "{config}");
        config.replace(from, to)
    };

    refused(
        "modules.json",
        r#"[{"type": "sentence_transformers.models.Dense"}]"#,
        "`sentence_transformers.models.Dense`",
    );
    refused("1_Pooling/config.json", r#"{"pooling_mode": "max"}"#, "`max`");
    refused(
        "1_Pooling/config.json",
        r#"{"pooling_mode_max_tokens": true, "pooling_mode_cls_token": true}"#,
        "cls",
    );
    refused("1_Pooling/config.json", r#"{"pooling_mode": "cls", "include_prompt": false}"#, "include_prompt");
    refused("config_sentence_transformers.json", r#"{"default_prompt_name": "sts"}"#, "`sts`");
    refused(
        "config_sentence_transformers.json",
        &format!(r#"{{"prompts": {{"query": "{}"}}}}"#, "cat ".repeat(70)),
        "room",
    );
    refused("config.json", &config("bert", r#""model_type": "bert""#, r#""model_type": "gpt9""#), "`gpt9`");
    refused("config.json", &config("bert", r#""hidden_act": "gelu""#, r#""hidden_act": "relu""#), "`relu`");
}

#[test]
fn earlier_ways_to_write_the_pooling_mean_the_same() {
    let of = |pooling: &str| {
        let copy = changed(&tiny("bert"), "1_Pooling/config.json", pooling);
        Encoder::open(copy.path()).unwrap().embed(&["the cat"]).unwrap()
    };

    let first = of(r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#);
    let mean = of(r#"{"pooling_mode_mean_tokens": true}"#);

    assert_eq!(first, of(r#"{"pooling_mode": "cls"}"#));
    assert_eq!(mean, of(r#"{"pooling_mode": "mean"}"#));
    assert_ne!(first, mean);
}
