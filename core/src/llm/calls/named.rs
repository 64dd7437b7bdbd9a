/// What newer Mistral models write between a tool's name and its arguments: a token, often without text.
const ARGUMENTS: &str = "[ARGS]";

/// The arguments of a text that begins with this name of a tool, and what stands between them if it has text.
pub(super) fn arguments_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(name)?;
    Some(rest.strip_prefix(ARGUMENTS).unwrap_or(rest)).filter(|arguments| arguments.starts_with('{'))
}

/// Whether `text` begins so, or may still.
pub(super) fn begins_named(text: &str, name: &str) -> bool {
    let may_follow = |rest: &str| ARGUMENTS.starts_with(rest);
    arguments_of(text, name).is_some()
        || name.starts_with(text)
        || text.strip_prefix(name).is_some_and(may_follow)
}
