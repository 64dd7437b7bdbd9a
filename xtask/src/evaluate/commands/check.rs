use super::command::Command;
use super::help::{Help, Page, Takes};
use super::kinds;

/// Options of which kubectl wants at least one, which its usage lines do not say in a form to rely on.
const NEEDED: [(&str, &[&str]); 12] = [
    ("autoscale", &["max"]),
    ("create clusterrolebinding", &["clusterrole"]),
    ("create cronjob", &["image"]),
    ("create deployment", &["image"]),
    ("create ingress", &["rule", "default-backend"]),
    ("create job", &["image", "from"]),
    ("create poddisruptionbudget", &["min-available", "max-unavailable"]),
    ("create rolebinding", &["clusterrole", "role"]),
    ("patch", &["patch", "patch-file"]),
    ("run", &["image"]),
    ("scale", &["replicas"]),
    ("wait", &["for"]),
];
/// Options that name objects in place of arguments.
const FILES: [&str; 2] = ["filename", "kustomize"];
const SEVERAL: [&str; 3] = ["selector", "all", "list"];
/// Commands that ask for names, where their usage lines leave them out.
const NAMED: [&str; 2] = ["delete", "wait"];
/// Commands that need no argument, though their usage names one.
const ARGUMENT_IS_OPTIONAL: [&str; 1] = ["kustomize"];

/// What kubectl itself would refuse about a command before it asks a cluster: none for one that it would take. It is judged
/// by kubectl's help and Kubernetes' own kinds.
pub(super) fn mistake(line: &str, help: &Help) -> Option<String> {
    let command = match Command::parse(line, help) {
        Ok(command) => command,
        Err(mistake) => return Some(mistake),
    };
    let words: Vec<String> = command.path.split(' ').map(str::to_owned).collect();
    let (_, page, _) = help.command(&words)?;
    if page.is_group {
        return Some(format!("`{}` needs a subcommand", command.path));
    }
    values(&command, page)
        .or_else(|| kinds_of(&command, page))
        .or_else(|| count(&command, page))
        .or_else(|| needed(&command))
}

/// A value that its option cannot have.
fn values(command: &Command, page: &Page) -> Option<String> {
    command.options.iter().find_map(|(name, value)| {
        let (_, option) = page.option(name)?;
        let is_number = option.default.parse::<i64>().is_ok();
        // `jsonpath=…` is the format `jsonpath`.
        let format = value.split_once('=').map_or(value.as_str(), |(format, _)| format);
        let fits = match option.takes {
            Takes::Switch => matches!(value.as_str(), "true" | "false"),
            _ if is_number && !value.is_empty() => value.parse::<i64>().is_ok(),
            Takes::OptionalValue if value.is_empty() => true,
            _ if option.values.is_empty() => !value.is_empty(),
            _ => option.values.iter().any(|known| known == format),
        };
        (!fits).then(|| format!("--{name} cannot be `{value}`"))
    })
}

/// A kind that is none, where one is expected.
fn kinds_of(command: &Command, page: &Page) -> Option<String> {
    let known = |word: &str| kinds::plurals(word).is_some();
    if page.is_about_pods() {
        let kind =
            command.arguments.iter().find_map(|argument| argument.split_once('/').map(|(kind, _)| kind));
        return kind.filter(|kind| !known(kind)).map(|kind| format!("no such kind: {kind}"));
    }
    let first = command.arguments.get(page.kind_place()?)?;
    let kind = first.split_once('/').map_or(first.as_str(), |(kind, _)| kind);
    // What is explained is a field of a kind; what one may do is done to a kind, to an address, or to anything.
    let is_path = command.path == "explain" && known(kind.split('.').next()?);
    let is_free = command.path == "auth can-i" && (kind.is_empty() || kind == "*");
    let is_known = known(kind) || is_path || is_free;
    (!is_known && !gives_files(command)).then(|| format!("no such kind: {kind}"))
}

/// Too few arguments, or too many.
fn count(command: &Command, page: &Page) -> Option<String> {
    let has = |names: &[&str]| command.options.iter().any(|(name, _)| names.contains(&name.as_str()));
    let (mut least, needs_files) = page.arguments(gives_files(command));
    if NAMED.contains(&command.path.as_str()) && !gives_files(command) {
        least = 2;
    }
    if ARGUMENT_IS_OPTIONAL.contains(&command.path.as_str()) {
        least = 0;
    }
    least = least.saturating_sub(SEVERAL.iter().filter(|&&name| has(&[name])).count());
    if command.path == "set env" {
        // Its usage line says neither.
        let named = if gives_files(command) { 2 } else { 0 };
        least = least.saturating_sub(named + usize::from(has(&["from"])));
    }
    let found = command.arguments.len();
    if found < least {
        return Some(format!("expected at least {least} arguments, got {found}"));
    }
    if needs_files && !gives_files(command) {
        return Some("expected files".to_owned());
    }
    let most = page.most_arguments()?;
    (found > most).then(|| format!("expected at most {most} arguments, got {found}"))
}

/// An option that has to be there.
fn needed(command: &Command) -> Option<String> {
    if command.path == "exec" && command.rest.is_none() {
        return Some("expected a command behind `--`".to_owned());
    }
    let (_, names) = NEEDED.iter().find(|(path, _)| *path == command.path)?;
    let is_there = command.options.iter().any(|(name, _)| names.contains(&name.as_str()));
    (!is_there).then(|| format!("expected --{}", names.join(" or --")))
}

fn gives_files(command: &Command) -> bool {
    command.options.iter().any(|(name, _)| FILES.contains(&name.as_str()))
}

/// What a usage line says: `(-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [options]`.
impl Page {
    /// Whether the command is about pods unless another kind is named: `web` is a pod's name.
    pub(super) fn is_about_pods(&self) -> bool {
        self.usage.contains("(POD |") || self.usage.contains("REMOTE_PORT")
    }

    /// Which argument names a kind.
    pub(super) fn kind_place(&self) -> Option<usize> {
        if self.usage.starts_with("VERB") {
            return Some(1);
        }
        let names = ["TYPE", "RESOURCE", "resource.group/resource.name", "NODE NAME"];
        names.iter().any(|name| self.usage.contains(name)).then_some(0)
    }

    /// How many arguments there must be, and whether there must be files.
    fn arguments(&self, has_files: bool) -> (usize, bool) {
        let (mut least, mut needs_files) = (0, false);
        let plain = without_brackets(&self.usage);
        let mut rest = plain.as_str();
        while let Some((before, group)) = rest.split_once('(') {
            least += words(before, self).0;
            let (group, after) = group.split_once(')').unwrap_or((group, ""));
            let alternatives: Vec<_> = group.split('|').filter(|text| !text.trim().is_empty()).collect();
            let takes_files = alternatives.iter().any(|text| words(text, self).1);
            let by_name =
                alternatives.iter().filter(|text| !words(text, self).1).map(|text| words(text, self).0);
            match by_name.min() {
                Some(names) => least += if has_files { 0 } else { names },
                None => needs_files |= takes_files,
            }
            rest = after;
        }
        let (count, files) = words(rest, self);
        (least + count, needs_files || files)
    }

    /// How many arguments there may be, where that is bounded.
    fn most_arguments(&self) -> Option<usize> {
        let open = ["TYPE", "RESOURCE", "NODE", "POD", "...", "(", "resource.group"];
        let (before_rest, _) = self.usage.split_once(" -- ").unwrap_or((&self.usage, ""));
        if open.iter().any(|mark| before_rest.contains(mark)) {
            return None;
        }
        let (required, _) = words(&without_brackets(&self.usage), self);
        let optional = ["[NAME", "DIR"].iter().filter(|mark| self.usage.contains(*mark)).count();
        Some(required.max(optional))
    }
}

/// The number of arguments in a part of a usage line, and whether it asks for files.
fn words(text: &str, page: &Page) -> (usize, bool) {
    let (mut count, mut files) = (0, false);
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "--" => break,
            "-f" | "-k" => {
                files = true;
                words.next();
            }
            "..." | "-c" | "--external-name" | "--for" => drop(words.next()),
            word if word.starts_with('-') => {}
            "SUBCOMMAND" | "&" => {}
            word if word.contains('/') && !page.is_about_pods() && page.kind_place().is_some() => count += 2,
            _ => count += 1,
        }
    }
    (count, files)
}

/// `text` without what stands in square brackets, which may hold others.
fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    let mut kept = String::new();
    for letter in text.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(letter),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::help::examples::help;
    use super::mistake;

    #[test]
    fn what_kubectl_takes_is_valid() {
        for line in [
            "kubectl get pods",
            "kubectl get po,svc -A -o wide",
            "kubectl get pod/web --output=jsonpath='{.status.phase}'",
            "kubectl get -f pod.json",
            "kubectl scale --replicas=3 rs/foo",
            "kubectl scale deploy web --replicas=3 --dry-run",
            "kubectl scale -f foo.yaml --replicas 3",
            "kubectl scale deployments --all --replicas=0",
            "kubectl logs web",
            "kubectl logs -l app=web",
            "kubectl exec -it web -- sh -c 'ls /'",
            "kubectl create deploy web --image nginx",
            "kubectl cluster-info",
            "kubectl set env deploy/web A=b",
            "kubectl set env deploy --all --from=secret/a",
            "kubectl set env -f web.json A-",
        ] {
            assert_eq!(mistake(line, &help()), None, "{line}");
        }
    }

    #[test]
    fn what_kubectl_refuses_is_named() {
        for (line, expected) in [
            ("helm list", "not a command of kubectl"),
            ("kubectl get pods | wc -l", "not one plain command"),
            ("kubectl fetch pods", "no such command: fetch pods"),
            ("kubectl rollout", "`rollout` needs a subcommand"),
            ("kubectl get cats", "no such kind: cats"),
            ("kubectl get", "expected at least 1 arguments, got 0"),
            ("kubectl get pods --colour", "no such option: --colour"),
            ("kubectl get pods -x", "no such option: -x"),
            ("kubectl get pods -n", "no value for -n"),
            ("kubectl get pods -o blue", "--output cannot be `blue`"),
            ("kubectl get pods --watch=often", "--watch cannot be `often`"),
            ("kubectl scale deployment web --replicas=many", "--replicas cannot be `many`"),
            ("kubectl scale deployment web", "expected --replicas"),
            ("kubectl scale deployment --replicas=1", "expected at least 2 arguments, got 1"),
            ("kubectl logs", "expected at least 1 arguments, got 0"),
            ("kubectl logs cats/web", "no such kind: cats"),
            ("kubectl set env deploy/web", "expected at least 3 arguments, got 2"),
            ("kubectl exec web", "expected a command behind `--`"),
            ("kubectl create deployment --image=nginx", "expected at least 1 arguments, got 0"),
            ("kubectl create deployment a b --image=nginx", "expected at most 1 arguments, got 2"),
        ] {
            assert_eq!(mistake(line, &help()).as_deref(), Some(expected), "{line}");
        }
    }
}
