//! What Python's Jinja can do and ours cannot, written in another way.

use std::fmt::Write;
use std::sync::LazyLock;

use regex::{Captures, Regex};

static GENERATION: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([-+]?)\s*(end)?generation\s*([-+]?)$"));
static APPEND: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?s)^([-+]?)\s*set\s+\w+\s*=\s*(\w+(?:\.\w+)+)\.append\((.*)\)\s*([-+]?)$"));
static POP: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^([-+]?)\s*set\s+(\w+)\s*=\s*(\w+(?:\.\w+)+)\.pop\(0\)\s*([-+]?)$"));

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant")
}

/// The source with tags that only Python understands replaced by others that do the same:
///
/// - `{% generation %}` blocks, which mark what a trainer learns from, always render;
/// - `append` and `pop(0)` on a list in a namespace set it to the changed list.
pub(super) fn rewrite(source: &str) -> String {
    let mut result = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(open) = rest.find("{%") {
        let Some(length) = rest[open..].find("%}") else { break };
        result.push_str(&rest[..open]);
        let (inside, after) = (&rest[open + 2..open + length], &rest[open + length + 2..]);
        if !tag(inside, &mut result) {
            result.push_str(&rest[open..open + length + 2]);
        }
        rest = after;
    }
    result.push_str(rest);
    result
}

/// Writes the replacement of a tag, if it has one.
fn tag(inside: &str, result: &mut String) -> bool {
    let part =
        |found: &Captures<'_>, index: usize| found.get(index).map_or("", |part| part.as_str()).to_owned();
    let written = if let Some(found) = GENERATION.captures(inside) {
        let word = if found.get(2).is_some() { "endif" } else { "if true" };
        write!(result, "{{%{} {word} {}%}}", part(&found, 1), part(&found, 3))
    } else if let Some(found) = APPEND.captures(inside) {
        let (list, item) = (part(&found, 2), part(&found, 3));
        write!(result, "{{%{} set {list} = {list} + [{item}] {}%}}", part(&found, 1), part(&found, 4))
    } else if let Some(found) = POP.captures(inside) {
        let (name, list) = (part(&found, 2), part(&found, 3));
        let (open, close) = (part(&found, 1), part(&found, 4));
        write!(result, "{{%{open} set {name} = {list}[0] -%}}{{%- set {list} = {list}[1:] {close}%}}")
    } else {
        return false;
    };
    written.is_ok()
}

#[cfg(test)]
mod tests {
    use super::rewrite;

    #[test]
    fn generation_blocks_always_render() {
        let source = "a{%- generation -%} b {%- endgeneration %}c{% if generation %}d{% endif %}";

        let rewritten = rewrite(source);

        assert_eq!(rewritten, "a{%- if true -%} b {%- endif %}c{% if generation %}d{% endif %}");
    }

    #[test]
    fn lists_in_namespaces_can_grow_and_shrink() {
        let source = "{%- set _ = ns.ids.append(f(x)) -%}{% set id = ns.ids.pop(0) %}";

        assert_eq!(
            rewrite(source),
            "{%- set ns.ids = ns.ids + [f(x)] -%}{% set id = ns.ids[0] -%}{%- set ns.ids = ns.ids[1:] %}"
        );
    }

    #[test]
    fn everything_else_stays() {
        let source = "{# {% #}{{ '{%' }} {% set x = 1 %} {% open";

        assert_eq!(rewrite(source), source);
    }
}
