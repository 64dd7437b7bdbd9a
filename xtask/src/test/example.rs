use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::{pattern, process};

/// An example that is there in every language.
#[derive(Debug)]
pub(super) struct Example {
    /// Where it lies below `examples`, without the end that is its language's.
    pub(super) path: &'static str,
    /// The language model that it runs with.
    pub(super) model: &'static str,
}

/// The examples of every language. What one prints is checked if there is a file `PATH.txt` with the lines that matter.
pub(super) const EXAMPLES: [Example; 8] = [
    Example { path: "hello", model: "SmolLM2-135M-Instruct" },
    Example { path: "rag", model: "SmolLM2-135M-Instruct" },
    Example { path: "tools", model: "SmolLM2-135M-Instruct" },
    Example { path: "stream", model: "SmolLM2-135M-Instruct" },
    Example { path: "mcp", model: "SmolLM2-135M-Instruct" },
    Example { path: "systems/jrvs", model: "Qwen2.5-Coder-0.5B-Instruct" },
    Example { path: "systems/rag_k8s", model: "Qwen2.5-Coder-0.5B-Instruct" },
    Example { path: "systems/code_assistant", model: "Qwen2.5-Coder-0.5B-Instruct" },
];

impl Example {
    /// The name without folders.
    pub(super) fn name(&self) -> &'static str {
        self.path.rsplit_once('/').map_or(self.path, |(_, name)| name)
    }

    /// Runs `command`, which is this example in one of the languages, in the repository at `root`.
    pub(super) fn run(&self, root: &Path, command: &mut Command) -> Result<()> {
        let file = root.join(format!("examples/{}.txt", self.path));
        if !file.exists() {
            return process::run(command);
        }
        let expected = fs::read_to_string(&file).map_err(|error| Failure::io("read", &file, &error))?;
        let printed = process::read(command)?;
        println!("{printed}");
        match first_missing(&expected, &printed) {
            None => Ok(()),
            Some(line) => Err(Failure::new(format!("`{}` did not print `{line}`", self.path))),
        }
    }
}

/// The first line of `expected` that no line of `printed` holds, after the one that held the line before. A star stands
/// for anything.
fn first_missing<'a>(expected: &'a str, printed: &str) -> Option<&'a str> {
    let mut printed = printed.lines();
    expected.lines().find(|line| !printed.any(|said| pattern::matches(line, said)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_expected_in_their_order_with_anything_between() {
        let printed = "site: 4 added\n> When?\nOn Tuesday.\n[1] http://127.0.0.1:4711/when.html\n";

        assert_eq!(first_missing("> When?\n] http://*/when.html", printed), None);
        assert_eq!(first_missing("> When?\nsite: 4 added", printed), Some("site: 4 added"));
        assert_eq!(first_missing("site: 4 added\nsite: 4 added", printed), Some("site: 4 added"));
    }
}
