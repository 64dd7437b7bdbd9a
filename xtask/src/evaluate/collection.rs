use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ranking::Gains;
use crate::failure::{Failure, Result};
use crate::workspace;

/// With `--quick`: this many questions, over their relevant documents and this many others.
const QUICK_QUESTIONS: usize = 50;
const QUICK_OTHERS: usize = 500;

/// A line of `corpus.jsonl` or `queries.jsonl`.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    #[serde(rename = "_id")]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) text: String,
    /// The answer to a question, where the set has one.
    #[serde(default)]
    pub(crate) answer: Option<String>,
    /// Or several.
    #[serde(default)]
    pub(crate) answers: Vec<String>,
}

/// A set in the layout of the BEIR benchmark: documents, questions, and how relevant documents are to questions.
#[derive(Debug)]
pub(crate) struct Collection {
    pub(crate) documents: Vec<Entry>,
    pub(crate) questions: Vec<Entry>,
    pub(crate) gains: BTreeMap<String, Gains>,
    /// The part of the set whose judgements these are: `test`, else `dev`, else `train`.
    pub(crate) split: String,
}

impl Collection {
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let file = |split: &str| folder.join("qrels").join(format!("{split}.tsv"));
        let split = ["test", "dev", "train"].into_iter().find(|split| file(split).is_file());
        let split = split.ok_or_else(|| Failure::new(format!("`{}` has no judgements", folder.display())))?;
        let gains = gains(&file(split))?;
        let mut questions: Vec<Entry> = entries(folder, "queries.jsonl")?;
        questions.retain(|question| gains.contains_key(&question.id));
        Ok(Self { documents: entries(folder, "corpus.jsonl")?, questions, gains, split: split.to_owned() })
    }

    /// Some documents for a prompt, in their order: first of all those that answer the question of this id, then their
    /// neighbours. None for a question that no document answers.
    pub(crate) fn passages(&self, question: &str, count: usize) -> Option<Vec<&Entry>> {
        let gains = self.gains.get(question)?;
        let answers = |index: &usize| gains.contains_key(&self.documents[*index].id);
        let mut chosen: Vec<usize> = (0..self.documents.len()).filter(answers).take(count).collect();
        let first = chosen.first()?.saturating_sub(count / 2);
        let near: Vec<usize> = (first..self.documents.len())
            .filter(|index| !chosen.contains(index))
            .take(count - chosen.len())
            .collect();
        chosen.extend(near);
        chosen.sort_unstable();
        Some(chosen.into_iter().map(|index| &self.documents[index]).collect())
    }

    /// Keeps some questions, their relevant documents, and some others.
    pub(super) fn shrink(&mut self) {
        self.questions.truncate(QUICK_QUESTIONS);
        let judged = self.questions.iter().flat_map(|question| self.gains[&question.id].keys());
        let relevant: HashSet<&String> = judged.collect();
        let mut others = 0;
        self.documents.retain(|document| {
            let is_relevant = relevant.contains(&document.id);
            others += usize::from(!is_relevant);
            is_relevant || others <= QUICK_OTHERS
        });
    }
}

/// How relevant documents are to each question that has a relevant one.
fn gains(path: &Path) -> Result<BTreeMap<String, Gains>> {
    let mut gains: BTreeMap<String, Gains> = BTreeMap::new();
    for (number, line) in workspace::read(path)?.lines().enumerate().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let gain = fields.get(2).and_then(|gain| gain.trim().parse::<f64>().ok());
        let ([question, document, ..], Some(gain)) = (fields.as_slice(), gain) else {
            let message = format!("line {} of `{}` is no judgement", number + 1, path.display());
            return Err(Failure::new(message));
        };
        if gain > 0.0 {
            gains.entry((*question).to_owned()).or_default().insert((*document).to_owned(), gain);
        }
    }
    Ok(gains)
}

/// The values of a file with one JSON value a line, which may be gzipped.
pub(crate) fn entries<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Vec<T>> {
    let plain = folder.join(name);
    let packed = folder.join(format!("{name}.gz"));
    if fs::exists(&plain).unwrap_or(false) {
        return super::json_lines(&plain);
    }
    let mut text = String::new();
    File::open(&packed)
        .and_then(|file| GzDecoder::new(BufReader::new(file)).read_to_string(&mut text))
        .map_err(|error| Failure::io("read", &packed, &error))?;
    let values = text.lines().map(serde_json::from_str);
    values
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new(format!("`{}` is not as expected: {error}", packed.display())))
}
