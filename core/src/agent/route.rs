use std::fmt;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::{Agent, Request};
use crate::schema::excerpt;
use crate::{Error, Result};

/// Why a [`Router`](super::Router) chose an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RoutedBy {
    /// A word, a pattern or another rule of it fits the request.
    Rule,
    /// The question is like one of its examples.
    Examples,
    /// The model named it.
    Model,
    /// Nothing chose another one.
    Fallback,
}

/// Tells whether an agent is the right one for a request, where words and patterns cannot.
///
/// # Behaviour
///
/// - It is asked about every request that no rule before it fits, so it is quick and changes nothing.
/// - `Err` ends the run.
#[async_trait]
pub trait Rule: Debug + Send + Sync + 'static {
    /// Whether it is.
    async fn fits(&self, request: &Request) -> Result<bool>;
}

/// One of the agents of a [`Router`](super::Router), and what chooses it.
///
/// Words, patterns and other rules are alternatives: one that fits is enough.
#[derive(Debug, Clone)]
#[must_use]
pub struct Route {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) agent: Arc<dyn Agent>,
    pub(super) rules: Vec<Arc<dyn Rule>>,
    pub(super) examples: Vec<String>,
    words: Vec<String>,
    patterns: Vec<String>,
}

impl Route {
    /// An agent under the name that [`Answer::answered_by`](super::Answer::answered_by) says, and what a model that chooses
    /// is told about it. A name has 1 to 64 of `[a-zA-Z0-9_-]`.
    pub fn new(name: impl Into<String>, description: impl Into<String>, agent: impl Agent) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            agent: Arc::new(agent),
            rules: Vec::new(),
            examples: Vec::new(),
            words: Vec::new(),
            patterns: Vec::new(),
        }
    }

    /// Chosen for questions with one of these words or phrases, whole and in either case.
    pub fn words<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// Chosen for questions in which this regular expression, of the syntax of the crate `regex`, matches anywhere.
    pub fn pattern(mut self, pattern: impl Into<String>) -> Self {
        self.patterns.push(pattern.into());
        self
    }

    /// Chosen for requests whose deadline is this or less: for a small model that is quick enough.
    pub fn max_deadline(self, deadline: Duration) -> Self {
        self.when(move |request| request.deadline.is_some_and(|given| given <= deadline))
    }

    /// Chosen for requests of which `fits` says so.
    pub fn when(self, fits: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        self.rule(Function(fits))
    }

    /// Chosen for requests that this rule fits.
    pub fn rule(mut self, rule: impl Rule) -> Self {
        self.rules.push(Arc::new(rule));
        self
    }

    /// Chosen for questions that are like one of these to the router's [embedder](super::RouterBuilder::embedder).
    pub fn examples<E: Into<String>>(mut self, examples: impl IntoIterator<Item = E>) -> Self {
        self.examples.extend(examples.into_iter().map(Into::into));
        self
    }

    /// The same with words and patterns as rules; refused where one of its parts is none.
    pub(super) fn compiled(mut self) -> Result<Self> {
        let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
        if !(1..=64).contains(&self.name.len()) || !self.name.chars().all(allowed) {
            let message = format!("expected 1 to 64 of `[a-zA-Z0-9_-]`, got `{}`", excerpt(&self.name));
            return Err(Error::invalid("name of a route", message));
        }
        for (what, texts) in [("word", &self.words), ("example", &self.examples)] {
            if texts.iter().any(|text| text.trim().is_empty()) {
                return Err(self.invalid(what, "expected some text, got none"));
            }
        }
        for pattern in std::mem::take(&mut self.patterns) {
            let regex = Regex::new(&pattern).map_err(|error| self.invalid("pattern", error.to_string()))?;
            self.rules.push(Arc::new(Pattern(regex)));
        }
        for word in std::mem::take(&mut self.words) {
            // `\b` does not know where `C++` ends.
            let whole = format!(r"(?:^|\W){}(?:\W|$)", regex::escape(word.trim()));
            let regex = RegexBuilder::new(&whole).case_insensitive(true).build();
            let regex = regex.map_err(|error| self.invalid("word", error.to_string()))?;
            self.rules.push(Arc::new(Pattern(regex)));
        }
        Ok(self)
    }

    fn invalid(&self, what: &str, message: impl Into<String>) -> Error {
        Error::invalid(format!("{what} of route `{}`", self.name), message)
    }
}

/// A regular expression that is looked for in the question.
#[derive(Debug)]
struct Pattern(Regex);

#[async_trait]
impl Rule for Pattern {
    async fn fits(&self, request: &Request) -> Result<bool> {
        Ok(self.0.is_match(&request.question))
    }
}

/// A function of the request.
struct Function<F>(F);

impl<F> Debug for Function<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Function")
    }
}

#[async_trait]
impl<F: Fn(&Request) -> bool + Send + Sync + 'static> Rule for Function<F> {
    async fn fits(&self, request: &Request) -> Result<bool> {
        Ok((self.0)(request))
    }
}
