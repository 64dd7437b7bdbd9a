use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::{Failure, Result};
use crate::workspace;

/// The rules that ship with the system `rag_k8s`: which commands there are, and how each is written.
const FILE: &str = "examples/systems/kubectl/commands.json";
/// Options of one command.
const OPTIONS: usize = 5;
/// Bytes of the longest pattern of all commands of a plan.
const MAX_PATTERN: usize = 4_500;
/// Words of the rules that a request has to say: a plan invents no names.
const SAID: [&str; 2] = ["name", "namespace"];

/// What plans may be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    words: BTreeMap<String, String>,
    pub(super) commands: Vec<Rule>,
}

/// One command.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) command: String,
    /// What it is for, in a sentence.
    pub(super) about: String,
    #[serde(rename = "does")]
    _does: String,
    #[serde(default)]
    form: String,
    #[serde(default)]
    options: String,
    #[serde(default)]
    rest: Option<Rest>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rest {
    Optional,
    Required,
}

impl Rules {
    pub(super) fn read() -> Result<Self> {
        let path = workspace::root().join(FILE);
        serde_json::from_str(&workspace::read(&path)?)
            .map_err(|error| Failure::new(format!("`{}` is not as expected: {error}", path.display())))
    }

    /// The schema of an object whose `command` is one of these, with names that `request` says, as many of the first ones as
    /// a pattern may hold; none if none of them is known.
    pub(super) fn schema(&self, commands: &[&str], request: &str) -> Option<Value> {
        let mut words = self.words.clone();
        if let Some(names) = names(request) {
            words.extend(SAID.map(|word| (word.to_owned(), names.clone())));
        }
        let mut patterns: Vec<String> = Vec::new();
        for command in commands {
            let Some(rule) = self.commands.iter().find(|rule| rule.command == *command) else { continue };
            let pattern = expand(&rule.pattern(), &words);
            let bytes: usize = patterns.iter().map(String::len).sum();
            if !patterns.contains(&pattern) && (patterns.is_empty() || bytes + pattern.len() <= MAX_PATTERN) {
                patterns.push(pattern);
            }
        }
        if patterns.is_empty() {
            return None;
        }
        let pattern = format!("^kubectl ({})$", patterns.join("|"));
        let command = json!({"type": "string", "pattern": pattern});
        Some(json!({"type": "object", "properties": {"command": command}, "required": ["command"]}))
    }
}

/// `pattern` with the words that it names.
fn expand(pattern: &str, words: &BTreeMap<String, String>) -> String {
    let mut expanded = pattern.to_owned();
    loop {
        let before = expanded.clone();
        for (name, word) in words {
            expanded = expanded.replace(&format!("{{{name}}}"), &format!("({word})"));
        }
        if expanded == before {
            return expanded;
        }
    }
}

/// A pattern for the words of a request that may be names; none if there are none.
fn names(request: &str) -> Option<String> {
    let is_name = |word: &&str| {
        word.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && word
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter))
    };
    let words = request.split([' ', '\'', '"', '`', ',', ';', '/', ':', '=', '(', ')', '\n']);
    let words: BTreeSet<&str> =
        words.map(|word| word.trim_matches(['.', '-', '?', '!'])).filter(is_name).collect();
    let words: Vec<_> = words.into_iter().map(|word| word.replace('.', "\\.")).collect();
    (!words.is_empty()).then(|| words.join("|"))
}

impl Rule {
    fn pattern(&self) -> String {
        let Self { command, form, options, .. } = self;
        let options =
            if options.is_empty() { String::new() } else { format!("( ({options})){{0,{OPTIONS}}}") };
        let rest = match self.rest {
            None => "",
            Some(Rest::Optional) => "( --( {text}){1,8})?",
            Some(Rest::Required) => " --( {text}){1,8}",
        };
        format!("{command}{form}{options}{rest}")
    }
}
