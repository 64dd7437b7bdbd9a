use super::help::{Help, HelpOption, Page, Takes};
use super::{kinds, shell};

/// Stands for what a template leaves open; see [`Command::is_met_by`].
pub(super) const ANYTHING: char = '\u{fffc}';

/// A `kubectl` command in its normal form: commands that mean the same are equal.
///
/// Kinds have their plural, options their long name and stand in order; `pod/web` is `pods web`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The command and its subcommands: `rollout undo`.
    pub(super) path: String,
    pub(super) arguments: Vec<String>,
    /// Options with their values; those that are on have `true`.
    pub(super) options: Vec<(String, String)>,
    /// What stands behind `--`, if that is there.
    pub(super) rest: Option<Vec<String>>,
}

impl Command {
    /// The command of a line as one would type it, or what is wrong with it.
    pub(super) fn parse(line: &str, help: &Help) -> Result<Self, String> {
        let words = shell::words(line).ok_or("not one plain command")?;
        let Some(("kubectl", words)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) else {
            return Err("not a command of kubectl".to_owned());
        };
        let (path, page, length) =
            help.command(words).ok_or_else(|| format!("no such command: {}", words.join(" ")))?;
        let mut command =
            Self { path: path.to_owned(), arguments: Vec::new(), options: Vec::new(), rest: None };
        let mut words = words[length..].iter();
        while let Some(word) = words.next() {
            if word == "--" {
                command.rest = Some(words.cloned().collect());
                break;
            }
            match word.strip_prefix("--") {
                Some(long) => command.add_long(long, page, &mut words)?,
                None if word.len() > 1 && word.starts_with('-') => {
                    command.add_short(&word[1..], page, &mut words)?;
                }
                None => command.arguments.push(word.clone()),
            }
        }
        command.options.retain(|(name, value)| {
            value != "false" || page.option(name).is_none_or(|(_, option)| option.default != "false")
        });
        command.options.sort();
        command.name_kinds(page);
        Ok(command)
    }

    fn add_long<'a>(
        &mut self,
        text: &str,
        page: &Page,
        more: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), String> {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let (long, option) =
            page.option(name).filter(|(long, _)| *long == name).ok_or_else(|| unknown("--", name))?;
        let value = match (value, option.takes) {
            (Some(value), _) => value.to_owned(),
            (None, Takes::Switch) => "true".to_owned(),
            (None, Takes::OptionalValue) => String::new(),
            (None, Takes::Value) => more.next().ok_or_else(|| format!("no value for --{name}"))?.clone(),
        };
        self.options.push((long.to_owned(), value));
        Ok(())
    }

    /// Several letters are several options, and what follows one that takes a value is that value.
    fn add_short<'a>(
        &mut self,
        text: &str,
        page: &Page,
        more: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), String> {
        for (start, letter) in text.char_indices() {
            let (long, option): (&str, &HelpOption) =
                page.option(&letter.to_string()).ok_or_else(|| unknown("-", &letter.to_string()))?;
            let behind = &text[start + letter.len_utf8()..];
            if option.takes == Takes::Switch && !behind.starts_with('=') {
                self.options.push((long.to_owned(), "true".to_owned()));
                continue;
            }
            let value = match behind.strip_prefix('=').unwrap_or(behind) {
                "" => more.next().ok_or_else(|| format!("no value for -{letter}"))?,
                value => value,
            };
            self.options.push((long.to_owned(), value.to_owned()));
            break;
        }
        Ok(())
    }

    /// Gives kinds their plural, where they are expected.
    fn name_kinds(&mut self, page: &Page) {
        if page.is_about_pods() {
            for argument in &mut self.arguments {
                if let Some((kind, name)) = argument.split_once('/')
                    && let Some(plural) = plurals(kind)
                {
                    *argument = if plural == "pods" { name.to_owned() } else { format!("{plural}/{name}") };
                }
            }
        } else if let Some(place) = page.kind_place()
            && self.arguments.len() > place
        {
            self.join_kinds(place);
        }
        for (name, value) in &mut self.options {
            // `--for=pod/web`, `--from=cronjob/backup`
            if matches!(name.as_str(), "for" | "from")
                && let Some((kind, named)) = value.split_once('/')
                && let Some(plural) = plurals(kind)
            {
                *value = format!("{plural}/{named}");
            }
        }
    }

    /// `rc/a rc/b` as `replicationcontrollers a b`, if all are of one kind.
    fn join_kinds(&mut self, place: usize) {
        if let Some(plural) = kinds::plurals(&self.arguments[place]) {
            self.arguments[place] = plural;
            return;
        }
        let mut of_kind = None;
        let mut names = Vec::new();
        for argument in &self.arguments[place..] {
            match argument.split_once('/').and_then(|(kind, name)| Some((plurals(kind)?, name))) {
                Some((kind, name)) if of_kind.is_none() || of_kind.as_ref() == Some(&kind) => {
                    of_kind = Some(kind);
                    names.push(name.to_owned());
                }
                _ if of_kind.is_some() => names.push(argument.clone()),
                _ => return,
            }
        }
        self.arguments.truncate(place);
        self.arguments.extend(of_kind);
        self.arguments.append(&mut names);
    }

    /// The kinds of which the command speaks, as far as its arguments name them.
    pub(super) fn resource(&self) -> Option<String> {
        let first = |argument: &String| {
            let kind = argument.split(['/', ' ']).next()?;
            kinds::plurals(kind)
        };
        self.arguments.iter().find_map(first).or_else(|| self.path.split(' ').rev().find_map(kinds::plurals))
    }

    /// Whether `other` is what this one asks for, which may leave parts open.
    pub(super) fn is_met_by(&self, other: &Self) -> bool {
        let all = |open: &[String], given: &[String]| {
            open.len() == given.len() && open.iter().zip(given).all(|(open, given)| meets(open, given))
        };
        let options = self.options.len() == other.options.len()
            && self
                .options
                .iter()
                .zip(&other.options)
                .all(|((name, open), (other_name, given))| name == other_name && meets(open, given));
        let rest = match (&self.rest, &other.rest) {
            (Some(open), Some(given)) => all(open, given),
            (open, given) => open.is_none() && given.is_none(),
        };
        self.path == other.path && all(&self.arguments, &other.arguments) && options && rest
    }

    /// As a line in the one form that plans have: options behind arguments, by their long names.
    pub(super) fn line(&self) -> String {
        let options = self.options.iter().map(|(name, value)| match value.as_str() {
            "true" => format!("--{name}"),
            value => format!("--{name}={}", quoted(value)),
        });
        let rest =
            self.rest.iter().flat_map(|rest| std::iter::once("--").chain(rest.iter().map(String::as_str)));
        let words = self.arguments.iter().map(|word| quoted(word)).chain(options).chain(rest.map(quoted));
        std::iter::once(format!("kubectl {}", self.path)).chain(words).collect::<Vec<_>>().join(" ")
    }
}

/// A word as a shell takes it, in quotes if it needs some.
fn quoted(word: &str) -> String {
    let needs_none = |letter: char| letter.is_alphanumeric() || "@%_+=:,./~*?-[]{}".contains(letter);
    if !word.is_empty() && word.chars().all(needs_none) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The plurals of kinds; one that is left open stays so.
fn plurals(word: &str) -> Option<String> {
    let is_open = word.len() == ANYTHING.len_utf8() && word.starts_with(ANYTHING);
    if is_open { Some(word.to_owned()) } else { kinds::plurals(word) }
}

/// Whether `given` is `open`, where [`ANYTHING`] stands for at least one letter.
fn meets(open: &str, given: &str) -> bool {
    let mut parts = open.split(ANYTHING);
    let Some(mut rest) = given.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let found = if is_last && part.is_empty() {
            (!rest.is_empty()).then_some(rest.len())
        } else if is_last {
            rest.strip_suffix(part).filter(|before| !before.is_empty()).map(str::len)
        } else {
            rest.char_indices().skip(1).map(|(start, _)| start).find(|start| rest[*start..].starts_with(part))
        };
        let Some(start) = found else { return false };
        rest = &rest[start + part.len()..];
    }
    rest.is_empty()
}

fn unknown(dashes: &str, name: &str) -> String {
    format!("no such option: {dashes}{name}")
}

#[cfg(test)]
mod tests {
    use super::super::help::examples::help;
    use super::{ANYTHING, Command};

    fn command(line: &str) -> Command {
        Command::parse(line, &help()).unwrap()
    }

    #[test]
    fn commands_that_mean_the_same_are_equal() {
        for (one, other) in [
            ("kubectl get po -n x", "kubectl get --namespace=x pods"),
            ("kubectl get pod/web -o=json", "kubectl get pods web --output json"),
            ("kubectl get pods -Aw", "kubectl get pods --watch=true --all-namespaces"),
            ("kubectl get pods --watch=false", "kubectl get pods"),
            ("kubectl scale --replicas=3 rs/a rs/b", "kubectl scale replicaset a b --replicas 3"),
            ("kubectl logs -f pod/web", "kubectl logs web --follow"),
            ("kubectl logs deploy/web", "kubectl logs deployments/web"),
            ("kubectl exec -ti web -- ls -l", "kubectl exec web --tty --stdin -- ls -l"),
            ("kubectl create deploy web --image=nginx", "kubectl create deployment web --image nginx"),
        ] {
            assert_eq!(command(one), command(other), "{one}");
        }
        for (one, other) in [
            ("kubectl get pods", "kubectl get nodes"),
            ("kubectl get pods", "kubectl get pods -A"),
            ("kubectl get pods a b", "kubectl get pods b a"),
            ("kubectl exec web -- ls", "kubectl exec web -- ls -l"),
        ] {
            assert_ne!(command(one), command(other), "{one}");
        }
    }

    #[test]
    fn a_line_in_normal_form_is_the_same_command() {
        for line in [
            "kubectl get pods web --output='jsonpath={.items[*].metadata.name} {.kind}'",
            r"kubectl exec web --stdin -- sh -c 'echo '\''a b'\'''",
            "kubectl scale deployments web --replicas=3",
        ] {
            assert_eq!(command(line).line(), line);
        }
    }

    #[test]
    fn what_is_left_open_is_met_by_anything() {
        let meets = |open: &str, given: &str| {
            command(&open.replace('?', &ANYTHING.to_string())).is_met_by(&command(given))
        };

        assert!(meets("kubectl logs ?", "kubectl logs web"));
        assert!(meets("kubectl get ?/? -n ?", "kubectl get deploy web -n shop"));
        let image = "kubectl create deployment a --image=?:v?";
        assert!(meets(image, "kubectl create deployment a --image=b:v1"));
        assert!(!meets(image, "kubectl create deployment a --image=:v1"));
        assert!(!meets("kubectl logs ?", "kubectl logs web -f"));
        assert!(!meets("kubectl get pods ?", "kubectl get pods"));
    }

    #[test]
    fn the_kinds_of_a_command_are_known() {
        assert_eq!(command("kubectl get po,svc").resource().as_deref(), Some("pods,services"));
        assert_eq!(command("kubectl create deployment web").resource().as_deref(), Some("deployments"));
        assert_eq!(command("kubectl logs deploy/web").resource().as_deref(), Some("deployments"));
        assert_eq!(command("kubectl logs web").resource(), None);
    }
}
