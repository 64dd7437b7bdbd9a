use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use rushlight_models::{Gguf, Special, Tokenizer};
use serde::Deserialize;

use super::options::Set;
use super::{Figure, Options};
use crate::failure::{Failure, Result};
use crate::workspace;

/// A text and the ids that llama.cpp gives it.
#[derive(Debug, Deserialize)]
struct Vector {
    tokenizer: String,
    text: String,
    ids: Vec<u32>,
}

/// A text in some language.
#[derive(Debug, Deserialize)]
struct Translation {
    text: String,
}

/// Ids against recorded ones for each vocabulary that is there, and whether hard texts survive encoding and decoding.
pub(super) fn run(options: &Options) -> Result<()> {
    let mut seen = 0;
    for set in options.sets("vectors.jsonl")? {
        let vectors: Vec<Vector> = super::json_lines(&set.path.join("vectors.jsonl"))?;
        let mut by_vocabulary: BTreeMap<&str, Vec<&Vector>> = BTreeMap::new();
        for vector in &vectors {
            by_vocabulary.entry(&vector.tokenizer).or_default().push(vector);
        }
        let hard = hard_texts(&set)?;
        for (vocabulary, vectors) in by_vocabulary {
            let case = format!("{}/{vocabulary}", set.name);
            if !options.wants(&case) {
                continue;
            }
            let Some(tokenizer) = open(&set, vocabulary)? else {
                eprintln!("{case}: the set has no vocabulary for {} vectors", vectors.len());
                continue;
            };
            seen += 1;
            Figure::new("agreement", &case, agreement(&tokenizer, &vectors)).print();
            if !hard.is_empty() {
                Figure::new("round_trip", &case, round_trip(&tokenizer, &hard)?).print();
            }
        }
    }
    if seen == 0 { Err(Failure::new("no case has this name and a vocabulary")) } else { Ok(()) }
}

/// The tokenizer of `ggml-vocab-NAME.gguf`, gzipped or not, in the set or its folder `gguf`; none if there is no
/// such file.
fn open(set: &Set, vocabulary: &str) -> Result<Option<Tokenizer>> {
    let folders = [set.path.join("gguf"), set.path.clone()];
    let mut plain = folders.iter().map(|folder| folder.join(format!("ggml-vocab-{vocabulary}.gguf")));
    if let Some(plain) = plain.clone().find(|plain| plain.is_file()) {
        return Ok(Some(Tokenizer::from_gguf(&Gguf::open(&plain)?)?));
    }
    let packed = |plain: PathBuf| Some(plain.with_extension("gguf.gz")).filter(|packed| packed.is_file());
    let Some(packed) = plain.find_map(packed) else { return Ok(None) };
    let folder =
        tempfile::tempdir().map_err(|error| Failure::new(format!("cannot make a folder: {error}")))?;
    let plain = folder.path().join("vocabulary.gguf");
    unpack(&packed, &plain).map_err(|error| Failure::io("unpack", &packed, &error))?;
    Ok(Some(Tokenizer::from_gguf(&Gguf::open(&plain)?)?))
}

fn unpack(packed: &Path, to: &Path) -> io::Result<()> {
    let mut reader = GzDecoder::new(io::BufReader::new(File::open(packed)?));
    io::copy(&mut reader, &mut File::create(to)?).map(drop)
}

/// The share of vectors whose ids are the recorded ones. The others are shown.
fn agreement(tokenizer: &Tokenizer, vectors: &[&Vector]) -> f64 {
    let agrees = |vector: &&&Vector| match tokenizer.encode(&vector.text, Special::Text) {
        Ok(ids) if ids == vector.ids => true,
        Ok(ids) => {
            eprintln!("{:?}: expected {:?}, got {ids:?}", vector.text, vector.ids);
            false
        }
        Err(error) => {
            eprintln!("{:?}: {error}", vector.text);
            false
        }
    };
    share(vectors.iter().filter(agrees).count(), vectors.len())
}

/// The share of texts that decoding gives back. Vocabularies that fold case or white space give less than 1.
fn round_trip(tokenizer: &Tokenizer, texts: &[String]) -> Result<f64> {
    let mut kept = 0;
    for text in texts {
        let ids = tokenizer.encode(text, Special::Text)?;
        kept += usize::from(tokenizer.decode(&ids) == *text);
    }
    Ok(share(kept, texts.len()))
}

/// The naughty strings and the translations of a set, where it has them.
fn hard_texts(set: &Set) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    let naughty = set.path.join("blns.json");
    if naughty.is_file() {
        let json = workspace::read(&naughty)?;
        let strings: Vec<String> = serde_json::from_str(&json)
            .map_err(|error| Failure::new(format!("`{}` is no list of texts: {error}", naughty.display())))?;
        texts.extend(strings);
    }
    let translations = set.path.join("udhr.jsonl");
    if fs::exists(&translations).unwrap_or(false) {
        texts.extend(super::json_lines::<Translation>(&translations)?.into_iter().map(|line| line.text));
    }
    Ok(texts)
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
