use std::collections::HashSet;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

/// English words that tell nothing about what a text is about (Lucene's list).
const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no",
    "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to",
    "was", "will", "with",
];

/// Text to index terms.
///
/// Words (Unicode UAX 29) in lower case, English stop words left out, the rest stemmed (Snowball, English).
/// An identifier such as `max_open_files` or `parseHTTPHeader` gives itself and its parts, so that both
/// the exact name and words of it find it. Scripts without spaces give one term a character.
pub(super) struct Analyzer {
    stemmer: Stemmer,
}

impl Analyzer {
    pub(super) fn new() -> Self {
        Self { stemmer: Stemmer::create(Algorithm::English) }
    }

    /// Calls `term` with each term of `text`, in order.
    pub(super) fn terms(&self, text: &str, mut term: impl FnMut(&str)) {
        Self::words(text, |word| self.word(word, &mut term));
    }

    /// Calls `visit` with each word of `text`, in order, as it is written.
    pub(super) fn words(text: &str, mut visit: impl FnMut(&str)) {
        for word in text.unicode_words() {
            for part in word.split(['.', ':', '\'', '’', '·']) {
                if word.len() > part.len() && part == "s" {
                    continue; // of a genitive
                }
                if word.starts_with(|first: char| first.is_ascii_digit()) && word.len() > part.len() {
                    visit(word); // 3.14
                    break;
                }
                visit(part);
            }
        }
    }

    /// Calls `term` with each term of a word.
    pub(super) fn word(&self, word: &str, mut term: impl FnMut(&str)) {
        let lower = word.to_lowercase();
        let parts = identifier_parts(word);
        if parts.len() < 2 {
            let bare = lower.trim_matches('_');
            if !bare.is_empty() && !STOP_WORDS.contains(&bare) {
                term(&self.stemmer.stem(bare));
            }
            return;
        }
        term(&lower);
        for part in parts {
            let part = part.to_lowercase();
            if part.chars().nth(1).is_some() && !STOP_WORDS.contains(&part.as_str()) {
                term(&self.stemmer.stem(&part));
            }
        }
    }
}

/// The terms of a text, each once.
pub(in crate::retrieval) fn distinct_terms(text: &str) -> HashSet<String> {
    let mut terms = HashSet::new();
    Analyzer::new().terms(text, |term| {
        terms.insert(term.to_owned());
    });
    terms
}

/// What the words of a chunk are: those of its title and headings too.
pub(in crate::retrieval) fn searchable(title: &str, headings: &[String], text: &str) -> String {
    format!("{title}\n{}\n{text}", headings.join("\n"))
}

/// The parts of an identifier, cut at underscores and where the case changes; of a plain word, itself.
fn identifier_parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for piece in word.split('_').filter(|piece| !piece.is_empty()) {
        let characters: Vec<(usize, char)> = piece.char_indices().collect();
        let mut start = 0;
        for at in 1..characters.len() {
            let (offset, character) = characters[at];
            let before = characters[at - 1].1;
            let next_is_lower = characters.get(at + 1).is_some_and(|(_, next)| next.is_lowercase());
            let cut = character.is_uppercase()
                && (before.is_lowercase() || (before.is_uppercase() && next_is_lower));
            if cut {
                parts.push(&piece[start..offset]);
                start = offset;
            }
        }
        parts.push(&piece[start..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        Analyzer::new().terms(text, |term| terms.push(term.to_owned()));
        terms
    }

    #[test]
    fn words_are_stemmed_and_stop_words_left_out() {
        assert_eq!(terms("The patients' responses were studied."), ["patient", "respons", "were", "studi"]);
    }

    #[test]
    fn identifiers_give_themselves_and_their_parts() {
        assert_eq!(terms("max_open_files"), ["max_open_files", "max", "open", "file"]);
        assert_eq!(terms("parseHTTPHeader"), ["parsehttpheader", "pars", "http", "header"]);
        assert_eq!(terms("std::fs::File::read_dir"), ["std", "fs", "file", "read_dir", "read", "dir"]);
        assert_eq!(terms("mRNA"), ["mrna", "rna"]);
    }

    #[test]
    fn plain_names_stay_whole() {
        assert_eq!(
            terms("GitHub IL-6 sha256 3.14 __init__"),
            ["github", "git", "hub", "il", "6", "sha256", "3.14", "init"]
        );
    }

    #[test]
    fn genitives_are_the_word() {
        assert_eq!(terms("Crohn's disease"), ["crohn", "diseas"]);
    }

    #[test]
    fn scripts_without_spaces_give_characters() {
        assert_eq!(terms("東京です"), ["東", "京", "で", "す"]);
    }

    #[test]
    fn text_without_words_gives_no_terms() {
        assert!(terms(" \n—!? _ ").is_empty());
    }
}
