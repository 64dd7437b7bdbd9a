use std::collections::{BTreeSet, HashSet};

use rust_stemmers::{Algorithm, Stemmer};
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use crate::llm::Citable;
use crate::retrieval::Passage;

/// A passage that an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Citation {
    /// The passage's number in the prompt, from 1.
    pub number: usize,
    /// The passage's id.
    pub passage: String,
    /// The document's source.
    pub source: String,
    /// The document's title.
    pub title: String,
    /// How the citation was found.
    pub origin: CitationOrigin,
}

/// How a [`Citation`] was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CitationOrigin {
    /// The model wrote the passage's number, as in `[2]`.
    Written,
    /// The model wrote no number; a sentence of the answer shares at least half of its words with the
    /// passage, not counting words of the question and words that carry no meaning.
    Attributed,
}

/// Which passages a local model may cite by their numbers, as in `[2]`.
///
/// ```no_run
/// use rushlight::{AgentExt, Assistant, Citing, KnowledgeBase, LocalEmbedder, LocalLlm, Request};
///
/// # #[tokio::main] async fn main() -> rushlight::Result<()> {
/// let docs = KnowledgeBase::open("docs.store", LocalEmbedder::open("all-MiniLM-L6-v2").await?).await?;
/// let llm = LocalLlm::open("Qwen2.5-Coder-0.5B-Instruct").await?;
/// let assistant = Assistant::builder(llm).retriever(docs).build()?;
///
/// let request = Request::new("How do I see the logs of a pod?").citing(Citing::Required);
/// let answer = assistant.ask(request).await?;
/// println!("{}", answer.text); // Use `kubectl logs`. [1]
/// println!("{}", answer.citations[0].source);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Citing {
    /// What it writes in square brackets is free. A number that no passage has stays in the text, and is no [`Citation`].
    #[default]
    Free,
    /// Those that were retrieved: it cannot write any other number, nor any other square bracket.
    Retrieved,
    /// The same, and an answer that has cited nothing ends with the passage that the model thinks likeliest. So does one that
    /// says it does not know.
    Required,
}

impl Citing {
    /// What a text beside so many passages can cite.
    pub(super) fn citable(self, passages: usize) -> Option<Citable> {
        (self != Self::Free).then_some(Citable { passages, required: self == Self::Required })
    }
}

impl Citation {
    /// The citation of `passage` as number `number` of the prompt.
    pub fn new(number: usize, passage: &Passage, origin: CitationOrigin) -> Self {
        Self {
            number,
            passage: passage.id.clone(),
            source: passage.source.clone(),
            title: passage.title.clone(),
            origin,
        }
    }
}

/// The passages that `text`, an answer to `question`, rests on, by ascending number: those whose numbers it
/// writes, or, when it writes none that exists, those whose words it uses.
pub(super) fn citations(text: &str, question: &str, passages: &[Passage]) -> Vec<Citation> {
    if passages.is_empty() {
        return Vec::new();
    }
    let mut origin = CitationOrigin::Written;
    let mut numbers = written(text, passages.len());
    if numbers.is_empty() {
        origin = CitationOrigin::Attributed;
        numbers = attributed(text, question, passages);
    }
    numbers.into_iter().map(|number| Citation::new(number, &passages[number - 1], origin)).collect()
}

/// The numbers from 1 to `count` that stand in square brackets: `[2]`, `[1, 3]`, `[passage 2]`.
fn written(text: &str, count: usize) -> BTreeSet<usize> {
    let mut numbers = BTreeSet::new();
    for (_, rest) in text.match_indices('[').map(|(start, _)| text.split_at(start + 1)) {
        let Some(end) = rest.find([']', '[', '\n']).filter(|&end| rest[end..].starts_with(']')) else {
            continue;
        };
        let mut inside = BTreeSet::new();
        let words = rest[..end].split([',', ';', ' ', '&']).filter(|word| !word.is_empty());
        let only_numbers = words.into_iter().all(|word| match word.trim_start_matches('#').parse() {
            Ok(number) => {
                inside.insert(number);
                true
            }
            Err(_) => matches!(word.to_lowercase().as_str(), "passage" | "passages" | "and" | "source"),
        });
        if only_numbers {
            numbers.extend(inside.into_iter().filter(|number| (1..=count).contains(number)));
        }
    }
    numbers
}

/// For each sentence the passage that shares most of its words, if it shares at least half of them.
fn attributed(text: &str, question: &str, passages: &[Passage]) -> BTreeSet<usize> {
    let asked = words(question);
    let vocabularies: Vec<HashSet<String>> = passages.iter().map(|passage| words(&passage.text)).collect();
    let mut numbers = BTreeSet::new();
    for sentence in text.unicode_sentences() {
        let said: Vec<String> = words(sentence).into_iter().filter(|word| !asked.contains(word)).collect();
        let shared =
            |vocabulary: &HashSet<String>| said.iter().filter(|word| vocabulary.contains(*word)).count();
        let mut best = (0, 0);
        for (index, vocabulary) in vocabularies.iter().enumerate() {
            let count = shared(vocabulary);
            if count > best.1 {
                best = (index + 1, count);
            }
        }
        if best.1 > 0 && best.1 * 2 >= said.len() {
            numbers.insert(best.0);
        }
    }
    numbers
}

/// The stems of the words that carry meaning.
fn words(text: &str) -> HashSet<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    let words = text.unicode_words().map(str::to_lowercase);
    let words = words.filter(|word| !STOP_WORDS.contains(&word.as_str()));
    words.map(|word| stemmer.stem(&word).into_owned()).collect()
}

const STOP_WORDS: &[&str] = &[
    "a", "about", "also", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could",
    "did", "do", "does", "don't", "for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if",
    "in", "into", "is", "it", "its", "i'm", "know", "may", "more", "my", "no", "not", "of", "on", "or",
    "our", "passage", "passages", "provided", "she", "should", "so", "some", "sorry", "such", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "was", "we", "were",
    "what", "when", "where", "which", "who", "will", "with", "would", "you", "your",
];
