use std::path::Path;

use serde::Deserialize;

use super::command::{ANYTHING, Command};
use super::help::Help;
use crate::evaluate::json_lines;
use crate::failure::Result;

/// A request, and the command that it asks for.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) request: String,
    /// Where it leaves a name open, any is right.
    pub(super) expected: Command,
    /// The same as one would write it on a card.
    pub(super) shown: String,
}

#[derive(Debug, Deserialize)]
struct Pair {
    id: String,
    nl: String,
    command: String,
}

/// The pairs of a file whose command is one plain command that kubectl's help knows, and the number of the others.
pub(super) fn read(file: &Path, help: &Help) -> Result<(Vec<Case>, usize)> {
    let pairs: Vec<Pair> = json_lines(file)?;
    let total = pairs.len();
    let cases: Vec<_> = pairs.into_iter().filter_map(|pair| case(pair, help)).collect();
    let left_out = total - cases.len();
    Ok((cases, left_out))
}

fn case(Pair { id, nl, command }: Pair, help: &Help) -> Option<Case> {
    let open = fill(&command, |_| ANYTHING.to_string());
    let expected = Command::parse(&open, help).ok()?;
    let named = fill(&command, example);
    let shown = Command::parse(&named, help).ok()?.line();
    Some(Case { id, request: nl, expected, shown })
}

/// `command` with what it says in angle brackets replaced.
fn fill(command: &str, replace: impl Fn(&str) -> String) -> String {
    let (mut filled, mut rest) = (String::new(), command);
    while let Some((before, open)) = rest.split_once('<') {
        // `< file` and `<(…)` are the shell's.
        let inside =
            open.split_once('>').filter(|(name, _)| !name.starts_with([' ', '(']) && !name.contains('\n'));
        let Some((name, after)) = inside else { break };
        filled.push_str(before);
        filled.push_str(&replace(name));
        rest = after;
    }
    filled + rest
}

/// The first of several, as one word.
fn example(name: &str) -> String {
    let first = name.split(['|', ' ']).next().unwrap_or_default();
    first.replace('_', "-").trim_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{example, fill};

    #[test]
    fn what_a_template_leaves_open_is_filled() {
        let template = "kubectl logs <pod_name> -o <json|yaml> --env=<KEY>=<a b>";

        assert_eq!(fill(template, example), "kubectl logs pod-name -o json --env=KEY=a");
        assert_eq!(fill("a < b", example), "a < b");
        assert_eq!(fill("source <(kubectl completion zsh)", example), "source <(kubectl completion zsh)");
    }
}
