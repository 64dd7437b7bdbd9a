use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde::Deserialize;

use super::kinds;
use crate::failure::{Failure, Result};

/// The file of the set that holds kubectl's own help, among other documents.
const FILE: &str = "docs_corpus.jsonl.gz";
/// What the names of its documents begin with.
const PREFIX: &str = "kubectl-help/";

/// Options that need no value, though they may have one behind `=`.
const VALUE_IS_OPTIONAL: [&str; 3] = ["cascade", "dry-run", "validate"];

/// What kubectl tells about its commands.
#[derive(Debug)]
pub(super) struct Help {
    pages: HashMap<String, Page>,
}

/// What it tells about one command.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Its options by their long names, those of all commands included.
    pub(super) options: BTreeMap<String, HelpOption>,
    /// What stands behind its name.
    pub(super) usage: String,
    /// Whether it does nothing without a subcommand.
    pub(super) is_group: bool,
}

/// One option.
#[derive(Debug, Clone)]
pub(super) struct HelpOption {
    pub(super) short: Option<char>,
    pub(super) default: String,
    /// The values that it may have, where the help lists them.
    pub(super) values: Vec<String>,
    pub(super) takes: Takes,
}

/// Whether an option has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// It is on or off.
    Switch,
    /// Behind `=`, or the next word.
    Value,
    /// Behind `=` or none.
    OptionalValue,
}

#[derive(Debug, Deserialize)]
struct Document {
    #[serde(rename = "_id")]
    id: String,
    title: String,
    text: String,
}

impl Help {
    /// Reads the help pages of the set in `folder`.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let bytes = std::fs::read(&path).map_err(|error| Failure::io("read", &path, &error))?;
        let mut text = String::new();
        GzDecoder::new(bytes.as_slice())
            .read_to_string(&mut text)
            .map_err(|error| Failure::io("unpack", &path, &error))?;
        let mut pages = Vec::new();
        for line in text.lines().filter(|line| line.contains(PREFIX)) {
            let document: Document = serde_json::from_str(line).map_err(|error| {
                Failure::new(format!("a line of `{}` is no document: {error}", path.display()))
            })?;
            if document.id.starts_with(PREFIX) {
                pages.push((document.title, document.text));
            }
        }
        if pages.is_empty() {
            return Err(Failure::new(format!("`{}` has no help of kubectl", path.display())));
        }
        Ok(Self::new(&pages))
    }

    /// The help of these pages: titles and texts.
    pub(super) fn new(pages: &[(String, String)]) -> Self {
        let global = pages.iter().find(|(title, _)| title == "kubectl global options");
        let global = global.map(|(_, text)| options(text)).unwrap_or_default();
        let page = |(title, text): &(String, String)| {
            let path = title.strip_prefix("kubectl ").filter(|path| *path != "global options")?;
            let own = options(text);
            // Whether it does something by itself shows in its options and examples.
            let is_group =
                text.contains("\nAvailable Commands:") && own.is_empty() && !text.contains("\nExamples:");
            let mut all = global.clone();
            all.extend(own);
            let page = Page { options: all, usage: usage(path, text), is_group };
            Some((path.to_owned(), page))
        };
        Self { pages: pages.iter().filter_map(page).collect() }
    }

    /// The longest command that `words` begin with, by its own names: `create deploy web` is `create deployment`.
    pub(super) fn command(&self, words: &[String]) -> Option<(&str, &Page, usize)> {
        (1..=words.len().min(3)).rev().find_map(|length| {
            let (last, parents) = words[..length].split_last()?;
            let aliases = kinds::names(last).unwrap_or_default().iter().copied();
            let mut names = std::iter::once(last.as_str()).chain(aliases).chain(alias(last));
            names.find_map(|name| {
                let path = parents.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(" ");
                let (path, page) = self.pages.get_key_value(&path)?;
                Some((path.as_str(), page, length))
            })
        })
    }
}

impl Page {
    /// The option of this name, long or short.
    pub(super) fn option(&self, name: &str) -> Option<(&str, &HelpOption)> {
        let mut letters = name.chars();
        let short = letters.next().filter(|_| letters.next().is_none());
        let is_meant = |(long, option): &(&String, &HelpOption)| {
            *long == name || (short.is_some() && option.short == short)
        };
        self.options.iter().find(is_meant).map(|(long, option)| (long.as_str(), option))
    }
}

/// Other names of commands that are not those of kinds.
fn alias(name: &str) -> Option<&'static str> {
    match name {
        "log" => Some("logs"),
        "use" => Some("use-context"),
        "quota" | "resourcequota" => Some("quota"),
        _ => None,
    }
}

/// What stands behind the command's name under `Usage:`.
fn usage(path: &str, text: &str) -> String {
    let (_, usage) = text.split_once("\nUsage:\n").unwrap_or_default();
    let line = usage.lines().next().unwrap_or_default().trim();
    let line = line.strip_prefix("kubectl ").and_then(|line| line.strip_prefix(path)).unwrap_or(line).trim();
    // An example in quotes may hold spaces.
    line.split('\'').step_by(2).collect()
}

/// The options that a page lists: `    -o, --output='':`, with the text below.
fn options(text: &str) -> BTreeMap<String, HelpOption> {
    let mut options = BTreeMap::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((long, short, default)) = heading(line) else { continue };
        let explained = lines.peek().copied().unwrap_or_default();
        let takes = match default {
            "true" | "false" => Takes::Switch,
            _ if VALUE_IS_OPTIONAL.contains(&long) => Takes::OptionalValue,
            _ => Takes::Value,
        };
        let option = HelpOption { short, default: default.to_owned(), values: values(explained), takes };
        options.insert(long.to_owned(), option);
    }
    options
}

fn heading(line: &str) -> Option<(&str, Option<char>, &str)> {
    let line = line.strip_prefix("    ")?.strip_suffix(':')?;
    let (short, long) = match line.split_once(", --") {
        Some((short, long)) => (short.strip_prefix('-')?.chars().next(), long),
        None => (None, line.strip_prefix("--")?),
    };
    let (name, default) = long.split_once('=')?;
    Some((name, short, default))
}

/// The values in `One of: (json, yaml)`, `Valid values are: (…)` and `Must be "none", "server", or "client"`.
fn values(explained: &str) -> Vec<String> {
    let listed = ["ne of: (", "ne of (", "alues are: ("].iter().find_map(|mark| {
        let (_, rest) = explained.split_once(mark)?;
        rest.split_once(')').map(|(list, _)| list)
    });
    if let Some(list) = listed {
        return list.split([',', '|']).map(|value| value.trim().to_owned()).collect();
    }
    match explained.split_once("Must be \"") {
        Some((_, rest)) => {
            let sentence = rest.split_once('.').map_or(rest, |(sentence, _)| sentence);
            sentence.split('"').step_by(2).map(str::to_owned).filter(|value| !value.is_empty()).collect()
        }
        None => Vec::new(),
    }
}

#[cfg(test)]
pub(super) mod examples {
    use super::Help;

    /// Pages of the form of kubectl's own help: title, options with their texts, and usage.
    const PAGES: [(&str, &str, &str); 9] = [
        (
            "get",
            "    -A, --all-namespaces=false:\n\tAll.\n\n    -f, --filename=[]:\n\tFiles.\n\n    -o, --output='':\n\t\
             Format. One of: (json, jsonpath, wide).\n\n    -w, --watch=false:\n\tGoes on.\n",
            "[(-o|--output=)json] (TYPE[.VERSION] [NAME | -l label] | TYPE/NAME ...) [flags] [options]",
        ),
        (
            "scale",
            "    --all=false:\n\tAll.\n\n    --dry-run='none':\n\tMust be \"none\", \"server\", or \"client\". If client.\n\n    \
             -f, --filename=[]:\n\tFiles.\n\n    --replicas=0:\n\tHow many. Required.\n",
            "[--resource-version=version] --replicas=COUNT (-f FILENAME | TYPE NAME) [options]",
        ),
        (
            "logs",
            "    -f, --follow=false:\n\tGoes on.\n\n    -l, --selector='':\n\tLabels.\n",
            "[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER] [options]",
        ),
        (
            "exec",
            "    -i, --stdin=false:\n\tInput.\n\n    -t, --tty=false:\n\tTerminal.\n",
            "(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...] [options]",
        ),
        (
            "create deployment",
            "    --image=[]:\n\tImages.\n",
            "NAME --image=image -- [COMMAND] [args...] [options]",
        ),
        ("rollout", "Available Commands:\n  undo   Undoes\n", "SUBCOMMAND [options]"),
        (
            "cluster-info",
            "Examples:\n  kubectl cluster-info\n\nAvailable Commands:\n  dump   Dumps\n",
            "[flags] [options]",
        ),
        (
            "set env",
            "    --all=false:\n\tAll.\n\n    -f, --filename=[]:\n\tFiles.\n\n    --from='':\n\tWhere from.\n",
            "RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N [options]",
        ),
        ("global options", "    -n, --namespace='':\n\tWhere.\n", ""),
    ];

    pub(in super::super) fn help() -> Help {
        let pages = PAGES.map(|(name, text, usage)| {
            let path = format!("kubectl {name}");
            let text = format!("What it does.\n\n{text}\nUsage:\n  {path} {usage}\n");
            (path, text)
        });
        Help::new(&pages)
    }
}
