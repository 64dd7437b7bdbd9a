use std::collections::HashMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use tokenizers::utils::SysRegex;

use super::{RECIPES, Recipe, Splitter};

static SPLITTERS: LazyLock<HashMap<&str, Splitter>> =
    LazyLock::new(|| RECIPES.iter().map(|recipe| (recipe.names[0], recipe.splitter().unwrap())).collect());

fn words(name: &str, text: &str) -> Vec<String> {
    let mut words = Vec::new();
    SPLITTERS[Recipe::find(name).unwrap().names[0]].split(text, &mut |word| words.push(word.to_owned()));
    words
}

#[test]
fn white_space_leaves_its_last_character_to_the_word_that_follows() {
    assert_eq!(words("gpt-2", "a   b\n\nc  "), ["a", "  ", " b", "\n", "\n", "c", "  "]);
    assert_eq!(words("qwen2", "a   b \n\n c\t"), ["a", "  ", " b", " \n\n", " c", "\t"]);
}

#[test]
fn digits_are_cut_as_the_model_was_trained() {
    assert_eq!(words("gpt-2", "a 12345"), ["a", " 12345"]);
    assert_eq!(words("qwen2", "12345"), ["1", "2", "3", "4", "5"]);
    assert_eq!(words("llama-bpe", "12345"), ["123", "45"]);
    assert_eq!(words("smollm", "a 123"), ["a", " ", "1", "2", "3"]);
    assert_eq!(words("falcon", "12345"), ["123", "45"]);
}

#[test]
fn contractions_are_words_of_their_own() {
    assert_eq!(words("gpt-2", "I'll don'T"), ["I", "'ll", " don", "'", "T"]);
    assert_eq!(words("qwen2", "I'LL"), ["I", "'LL"]);
}

#[test]
fn capitals_begin_a_word_in_tekken() {
    assert_eq!(words("tekken", "HelloWorld ABC"), ["Hello", "World", " ABC"]);
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let message = Recipe::find("no-such").unwrap_err().to_string();

    assert!(
        message.starts_with("unsupported pre-tokenizer `no-such`, expected one of: gpt-2, "),
        "{message}"
    );
}

/// The same patterns with the lookahead written out, as the models' own files have it.
static LOOKAHEADS: LazyLock<HashMap<&str, SysRegex>> = LazyLock::new(|| {
    let written = |pattern: &str| {
        let body = pattern.strip_suffix(r"\s+").unwrap();
        SysRegex::new(&format!(r"{body}\s+(?!\S)|\s+")).unwrap()
    };
    let names = ["gpt-2", "qwen2", "llama-bpe", "tekken", "gpt-4o", "qwen35", "seed-coder"];
    names.into_iter().map(|name| (name, written(Recipe::find(name).unwrap().stages[0]))).collect()
});

proptest! {
    #[test]
    fn the_words_joined_are_the_text(text in "[a-zA-Z0-9 \\t\\r\\n'.,!|<>éà日本🦙\u{3000}\u{300}]{0,40}") {
        for recipe in RECIPES {
            prop_assert_eq!(words(recipe.names[0], &text).concat(), text.as_str());
        }
    }

    #[test]
    fn giving_back_equals_the_lookahead(text in "[aA1 \\t\\r\\n'./é日\u{85}\u{a0}\u{3000}]{0,30}") {
        for (name, regex) in &*LOOKAHEADS {
            let expected: Vec<&str> = regex.find_iter(&text).map(|(start, end)| &text[start..end]).collect();
            prop_assert_eq!(words(name, &text), expected, "{}", name);
        }
    }
}
