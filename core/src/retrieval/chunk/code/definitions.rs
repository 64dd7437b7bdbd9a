use std::ops::{ControlFlow, Range};

use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use super::Language;

/// What the parser may take: so many of its steps (a hundred operations each) and one more for so many bytes. Code
/// takes an operation or two for each word or sign.
const MIN_STEPS: usize = 100;
const BYTES_OF_STEP: usize = 50;

/// Definitions within definitions, deeper than anybody writes them.
const MAX_DEPTH: usize = 16;

/// A function, type or module, with what is written before it about it, and those within it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) range: Range<usize>,
    pub(super) name: String,
    pub(super) inner: Vec<Definition>,
}

/// The outermost definitions of a text, in its order; none where it cannot be parsed.
pub(super) fn definitions(text: &str, language: &Language) -> Vec<Definition> {
    let Some(tree) = parsed(text, language) else {
        return Vec::new();
    };
    let mut walk = Walk { text, language, open: Vec::new(), leads: Vec::new(), wrappers: Vec::new() };
    let mut found = Vec::new();
    let mut cursor = tree.walk();
    let mut depth = 0;
    loop {
        walk.enter(cursor.node(), depth);
        if cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        loop {
            walk.leave(depth, &mut found);
            if cursor.goto_next_sibling() {
                break;
            }
            if !cursor.goto_parent() {
                return found;
            }
            depth -= 1;
        }
    }
}

/// The syntax tree of a text; none where parsing takes more steps than code does. What is nested without end or no
/// code at all would take minutes and gigabytes.
fn parsed(text: &str, language: &Language) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&(language.grammar)()).ok()?;
    let mut left = MIN_STEPS + text.len() / BYTES_OF_STEP;
    let mut step = |_: &ParseState| match left.checked_sub(1) {
        Some(fewer) => {
            left = fewer;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let mut rest = |offset: usize, _| text.as_bytes().get(offset..).unwrap_or_default();
    parser.parse_with_options(&mut rest, None, Some(ParseOptions::new().progress_callback(&mut step)))
}

/// A walk through the nodes of a tree without recursion: code can be nested without end.
struct Walk<'a> {
    text: &'a str,
    language: &'a Language,
    /// Definitions that the current node is in, with their depths.
    open: Vec<(usize, Definition)>,
    /// For each depth the comments and attributes that end before the current node.
    leads: Vec<Option<Range<usize>>>,
    /// Wrappers that the current node is in: their depths, and where the first definition in them begins.
    wrappers: Vec<(usize, Option<usize>)>,
}

impl Walk<'_> {
    fn enter(&mut self, node: Node<'_>, depth: usize) {
        self.leads.truncate(depth + 1);
        self.leads.resize(depth + 1, None);
        let start = node.start_byte();
        if node.kind().contains("comment") || node.kind().ends_with("attribute_item") {
            let end = start + self.text[node.byte_range()].trim_end().len();
            let lead = self.leads[depth].take().filter(|lead| self.adjoins(lead.end, start));
            let begins_a_line = self.line_start(start).is_some();
            self.leads[depth] = match lead {
                Some(lead) => Some(lead.start..end),
                None => begins_a_line.then_some(start..end),
            };
            return;
        }
        let lead = self.leads[depth].take().filter(|lead| self.adjoins(lead.end, start));
        let name = (self.open.len() < MAX_DEPTH).then(|| self.language.name(&node, self.text)).flatten();
        let is_wrapper = self.language.is_wrapper(&node);
        if name.is_none() && !is_wrapper {
            return;
        }
        let around = self.wrappers.last_mut().filter(|(outer, _)| *outer + 1 == depth);
        let around = around.and_then(|(_, start)| start.take());
        let start = around.or(lead.map(|lead| lead.start)).unwrap_or(start);
        if is_wrapper {
            self.wrappers.push((depth, Some(start)));
        }
        if let Some(name) = name {
            let start = self.line_start(start).unwrap_or(start);
            let definition = Definition { range: start..node.end_byte(), name, inner: Vec::new() };
            self.open.push((depth, definition));
        }
    }

    fn leave(&mut self, depth: usize, found: &mut Vec<Definition>) {
        self.wrappers.pop_if(|(other, _)| *other == depth);
        if let Some((_, definition)) = self.open.pop_if(|(other, _)| *other == depth) {
            match self.open.last_mut() {
                Some((_, outer)) => outer.inner.push(definition),
                None => found.push(definition),
            }
        }
    }

    /// Whether nothing stands between two places, not even a blank line.
    fn adjoins(&self, end: usize, start: usize) -> bool {
        self.text.get(end..start).is_some_and(|between| {
            between.trim().is_empty() && between.bytes().filter(|byte| *byte == b'\n').count() <= 1
        })
    }

    /// Where the line begins, if nothing but indentation stands before the place.
    fn line_start(&self, offset: usize) -> Option<usize> {
        let before = self.text[..offset].trim_end_matches([' ', '\t']);
        (before.is_empty() || before.ends_with('\n')).then_some(before.len())
    }
}

#[cfg(test)]
mod tests;
