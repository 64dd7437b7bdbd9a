use std::path::{Path, PathBuf};

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::schema::excerpt;
use crate::{Error, Result};

/// Arguments of one call.
const MAX_ARGUMENTS: usize = 64;

/// A program that may be run, and with which arguments. Several may have the same program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AllowedCommand {
    /// Its name on `PATH`, or its absolute path.
    pub program: String,
    /// What each argument has to be, in order: regular expressions, each for a whole argument.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// What every further argument has to be. Default: there are none.
    #[serde(default)]
    pub more: Option<String>,
}

impl AllowedCommand {
    /// The program with these arguments and no more.
    pub fn new(program: impl Into<String>, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self { program: program.into(), arguments, more: None }
    }

    /// The same with any number of further arguments that match `pattern`.
    #[must_use]
    pub fn more(mut self, pattern: impl Into<String>) -> Self {
        self.more = Some(pattern.into());
        self
    }
}

/// The commands that are allowed, compiled.
#[derive(Debug)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    program: String,
    path: PathBuf,
    arguments: Vec<Pattern>,
    more: Option<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    text: String,
    whole: Regex,
}

impl Rules {
    pub(super) fn new(commands: &[AllowedCommand]) -> Result<Self> {
        if commands.is_empty() {
            return Err(Error::invalid("`commands`", "expected at least one, got none"));
        }
        commands.iter().map(Rule::new).collect::<Result<_>>().map(Self)
    }

    /// The program's path, if it may be run with these arguments.
    pub(super) fn program(&self, program: &str, arguments: &[String]) -> Result<&Path, String> {
        if arguments.len() > MAX_ARGUMENTS {
            return Err(format!("expected at most {MAX_ARGUMENTS} arguments, got {}", arguments.len()));
        }
        let allowed = self.0.iter().find(|rule| rule.program == program && rule.allows(arguments));
        allowed.map(|rule| rule.path.as_path()).ok_or_else(|| {
            let asked = excerpt(&format!("{program} {}", arguments.join(" ")));
            format!("`{}` is not allowed, expected one of:\n{}", asked.trim_end(), self.listed())
        })
    }

    /// The names of the programs, each once.
    pub(super) fn programs(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|rule| rule.program.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The commands in words, one in a line.
    pub(super) fn listed(&self) -> String {
        let listed = self.0.iter().map(|rule| {
            let patterns = rule.arguments.iter().map(|pattern| format!(" `{}`", pattern.text));
            let more = rule.more.iter().map(|pattern| format!(" and any number of `{}`", pattern.text));
            format!("- {}{}", rule.program, patterns.chain(more).collect::<String>())
        });
        listed.collect::<Vec<_>>().join("\n")
    }
}

impl Rule {
    fn new(command: &AllowedCommand) -> Result<Self> {
        let program = command.program.clone();
        let pattern = |text: &String| Pattern::new(&program, text);
        let arguments = command.arguments.iter().map(pattern).collect::<Result<_>>()?;
        let more = command.more.as_ref().map(pattern).transpose()?;
        Ok(Self { path: found(&program)?, program, arguments, more })
    }

    fn allows(&self, arguments: &[String]) -> bool {
        let (first, further) = arguments.split_at(self.arguments.len().min(arguments.len()));
        first.len() == self.arguments.len()
            && first.iter().zip(&self.arguments).all(|(argument, pattern)| pattern.matches(argument))
            && further
                .iter()
                .all(|argument| self.more.as_ref().is_some_and(|pattern| pattern.matches(argument)))
    }
}

impl Pattern {
    fn new(program: &str, text: &str) -> Result<Self> {
        // By itself first: with a parenthesis too many it would mean something else within others.
        let whole = Regex::new(text).and_then(|_| Regex::new(&format!(r"\A(?:{text})\z")));
        let whole = whole.map_err(|error| {
            Error::invalid(format!("pattern of `{program}`"), format!("`{text}`: {error}"))
        })?;
        Ok(Self { text: text.to_owned(), whole })
    }

    /// Whether the whole argument fits. Nothing but a pattern that says so makes it an option.
    fn matches(&self, argument: &str) -> bool {
        (!argument.starts_with('-') || self.text.starts_with('-')) && self.whole.is_match(argument)
    }
}

/// The program's path: what is given if it is absolute, else the first of its name on `PATH`.
fn found(program: &str) -> Result<PathBuf> {
    let asked = Path::new(program);
    let is_name = !program.is_empty() && !program.contains('/');
    let folders = std::env::var_os("PATH").filter(|_| is_name).unwrap_or_default();
    let folders = std::env::split_paths(&folders).filter(|folder| folder.is_absolute());
    let named = folders.map(|folder| folder.join(asked));
    let absolute = asked.is_absolute().then(|| asked.to_owned());
    let path = absolute.into_iter().chain(named).find(|path| is_executable(path));
    path.ok_or_else(|| {
        Error::invalid("program", format!("expected a name on `PATH` or an absolute path, got `{program}`"))
    })
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
