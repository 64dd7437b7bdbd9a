use rushlight_models::{Encoder, Special};
use serde::Deserialize;

use crate::support::{fixture, model};

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
        assert!(cosine >= 0.9999, "{cosine} for {:?}", case.text);
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
