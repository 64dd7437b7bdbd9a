use serde_json::Value;

use super::json::{
    Extent, begins_call, broken_call, calls_in, closed, extent, find_outside_strings, has_arguments,
    may_be_call,
};
use super::named::{arguments_of, begins_named};

const OPEN: &str = "<tool_call>";
const CLOSE: &str = "</tool_call>";
const FENCE: &str = "```";
/// What may stand behind the marks that open a fenced block of calls.
const FENCE_LABELS: &[&str] = &["", "json", "tool_call", "tool_calls", "tool"];

/// A tool call as a model wrote it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::llm) struct WrittenCall {
    pub(in crate::llm) name: String,
    /// An object, or the model's own text when that is no JSON.
    pub(in crate::llm) arguments: Value,
    /// Whether the model wrote arguments at all.
    pub(super) explicit: bool,
}

/// A piece of a generation.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::llm) enum Piece {
    /// Text to show.
    Text(String),
    /// A call.
    Call(WrittenCall),
}

/// Takes tool calls out of the text that a model writes.
///
/// Understood are `<tool_call>{"name": …, "arguments": …}</tool_call>` as Hermes and Qwen write it, `name{…}` at the start of
/// a line as Mistral does, and what small models write instead: the object in a fenced block or bare at the start of a
/// line, then only if it names a known tool. Text is held back only while it may still become a call, and how the text is cut
/// into pieces makes no difference. Text after a call is not shown: the model invents the output there.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing about the text so far")]
pub(in crate::llm) struct CallParser {
    known: Vec<String>,
    held: String,
    /// Nothing but blanks since the last line break.
    line_start: bool,
    /// Nothing but white space so far.
    blank: bool,
    called: bool,
    /// Whether the next call is the only one.
    single: bool,
    over: bool,
    held_to: HeldTo,
}

/// What calls are held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeldTo {
    /// Nothing: whatever looks like a call is one.
    Nothing,
    /// A grammar, from where the next one begins; what comes before is text.
    GrammarLater,
    /// A grammar: they are as they should be.
    Grammar,
}

/// What the beginning of the held text is.
enum Beginning {
    /// So many bytes are text.
    Text(usize),
    /// So many bytes are these calls.
    Calls(Vec<WrittenCall>, usize),
    /// More text decides.
    Undecided,
}

impl CallParser {
    /// A parser for a generation that was offered these tools; without tools every text is text.
    pub(in crate::llm) fn new(known: Vec<String>) -> Self {
        let (held, held_to) = (String::new(), HeldTo::Nothing);
        Self {
            known,
            held,
            line_start: true,
            blank: true,
            called: false,
            single: false,
            over: false,
            held_to,
        }
    }

    /// A parser for a generation whose calls are held to a grammar: from the start, or from where [`begun`](Self::begun)
    /// tells and somebody [holds](Self::hold) them. Nothing else is a call.
    pub(in crate::llm) fn guarded(known: Vec<String>, from_the_start: bool) -> Self {
        let held_to = if from_the_start { HeldTo::Grammar } else { HeldTo::GrammarLater };
        Self { held_to, ..Self::new(known) }
    }

    /// Takes note that the text is held to a grammar from the beginning of the call on that is held back, until that call
    /// is complete.
    pub(in crate::llm) fn hold(&mut self) {
        self.held_to = HeldTo::Grammar;
    }

    /// Forgets the text that is held back: the call that begins there is written anew, held to a grammar. A model that does
    /// not write calls as it should writes one, unless it has begun a list, and would not end after several.
    pub(in crate::llm) fn take_back(&mut self) {
        self.single = self.unfenced().starts_with('{');
        self.held.clear();
        self.hold();
    }

    /// Whether any text is held back.
    pub(in crate::llm) fn holds_back(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether the text is held to a grammar.
    pub(in crate::llm) fn is_held(&self) -> bool {
        self.held_to == HeldTo::Grammar
    }

    /// The text that is held back, if it is the beginning of a call, in whatever form and of whatever tool.
    pub(in crate::llm) fn begun(&self) -> Option<&str> {
        let is_begun = self.held_to == HeldTo::GrammarLater
            && (self.held.starts_with(OPEN) || begins_call(self.unfenced(), &self.known));
        is_begun.then_some(self.held.as_str())
    }

    /// The text that is held back, without the line that opens a fenced block.
    fn unfenced(&self) -> &str {
        let fenced = self.held.strip_prefix(FENCE).and_then(|opened| opened.split_once('\n'));
        fenced.map_or(&self.held, |(_, inside)| inside.trim_start())
    }

    /// Whether the model has made its calls and begun to write something else.
    pub(in crate::llm) fn is_over(&self) -> bool {
        self.over
    }

    /// Whether any call was found.
    pub(in crate::llm) fn has_called(&self) -> bool {
        self.called
    }

    /// Takes the next text; gives what is certain now.
    pub(in crate::llm) fn push(&mut self, text: &str) -> Vec<Piece> {
        if self.known.is_empty() {
            return vec![Piece::Text(text.to_owned())];
        }
        self.held.push_str(text);
        let mut pieces = Vec::new();
        while !self.over && !self.held.is_empty() {
            match self.beginning() {
                Beginning::Undecided => break,
                Beginning::Text(length) => self.show(length, &mut pieces),
                Beginning::Calls(calls, length) => self.call(calls, length, &mut pieces),
            }
        }
        pieces
    }

    /// Gives what is left at the end. A call that the model did not finish is mended where that is safe; one
    /// that was `cut` off by a limit is not.
    pub(in crate::llm) fn finish(&mut self, cut: bool) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while !self.over && !self.held.is_empty() {
            match self.beginning() {
                Beginning::Text(length) => self.show(length, &mut pieces),
                Beginning::Calls(calls, length) => self.call(calls, length, &mut pieces),
                Beginning::Undecided => match self.unfinished(cut) {
                    Some(calls) => self.call(calls, self.held.len(), &mut pieces),
                    None => self.show(self.held.len(), &mut pieces),
                },
            }
        }
        pieces
    }

    fn show(&mut self, length: usize, pieces: &mut Vec<Piece>) {
        let text: String = self.held.drain(..length).collect();
        if self.called {
            self.over |= !text.trim_matches(is_separator).is_empty();
            return;
        }
        let shown = if self.blank { text.trim_start() } else { &text };
        match text.rsplit_once('\n') {
            Some((_, line)) => self.line_start = line.trim().is_empty(),
            None => self.line_start &= text.trim().is_empty(),
        }
        if !shown.is_empty() {
            self.blank = false;
            pieces.push(Piece::Text(shown.to_owned()));
        }
    }

    fn call(&mut self, calls: Vec<WrittenCall>, length: usize, pieces: &mut Vec<Piece>) {
        self.held.drain(..length);
        self.called |= !calls.is_empty();
        if self.is_held() && self.called {
            self.held_to = HeldTo::GrammarLater;
            self.over |= self.single;
        }
        self.line_start = true;
        pieces.extend(calls.into_iter().map(Piece::Call));
    }

    fn beginning(&self) -> Beginning {
        let held = self.held.as_str();
        let found = match self.candidate() {
            None => Beginning::Text(held.len()),
            Some(0) if held.starts_with('<') => self.tagged(held),
            Some(0) if held.starts_with('`') => self.fenced(held),
            Some(0) if held.starts_with(['{', '[']) => self.bare(held),
            Some(0) => self.named(held),
            Some(start) => Beginning::Text(start),
        };
        match found {
            Beginning::Calls(_, length) if self.held_to == HeldTo::GrammarLater => Beginning::Text(length),
            found => found,
        }
    }

    /// Where the first text starts that may be a call.
    fn candidate(&self) -> Option<usize> {
        let mut line_start = self.line_start;
        for (index, character) in self.held.char_indices() {
            let rest = &self.held[index..];
            let starts = match character {
                '<' => begins(rest, OPEN),
                '`' => line_start && begins(rest, FENCE),
                '{' | '[' => line_start,
                _ => line_start && self.known.iter().any(|name| begins_named(rest, name)),
            };
            if starts {
                return Some(index);
            }
            let passes = character.is_whitespace() || (self.called && is_separator(character));
            line_start = character == '\n' || (line_start && passes);
        }
        None
    }

    /// A text that begins with the tag of a call, or with a part of it.
    fn tagged(&self, held: &str) -> Beginning {
        let Some(inside) = held.strip_prefix(OPEN) else {
            return Beginning::Undecided;
        };
        // Where all strings are closed, a tag within one is part of it.
        let find = |tag| match self.held_to {
            HeldTo::Grammar => find_outside_strings(inside, tag),
            HeldTo::GrammarLater | HeldTo::Nothing => inside.find(tag),
        };
        // A model that forgets to close a call may open the next one.
        let (close, next) = (find(CLOSE), find(OPEN));
        let (end, tag) = match (close, next) {
            (Some(close), next) if next.is_none_or(|next| close < next) => (close, CLOSE.len()),
            (_, Some(next)) => (next, 0),
            _ => return Beginning::Undecided,
        };
        let length = OPEN.len() + end + tag;
        match inside[..end].trim() {
            "" => Beginning::Calls(Vec::new(), length),
            body => Beginning::Calls(calls_or_broken(body, &self.known), length),
        }
    }

    fn fenced(&self, held: &str) -> Beginning {
        let Some(opened) = held.strip_prefix(FENCE) else {
            return Beginning::Undecided;
        };
        let Some((label, inside)) = opened.split_once('\n') else {
            let may_be = FENCE_LABELS.iter().any(|known| known.starts_with(opened.trim()));
            return if may_be { Beginning::Undecided } else { Beginning::Text(FENCE.len()) };
        };
        let opening = FENCE.len() + label.len() + 1;
        if !FENCE_LABELS.contains(&label.trim()) {
            return Beginning::Text(FENCE.len());
        }
        let start = opening + inside.len() - inside.trim_start().len();
        let mut at = start;
        let mut calls = Vec::new();
        loop {
            let rest = &held[at..];
            if rest.is_empty() || (!calls.is_empty() && rest.len() < FENCE.len() && begins(rest, FENCE)) {
                return Beginning::Undecided;
            }
            if !calls.is_empty() && !rest.starts_with(['{', '[']) {
                let end = if rest.starts_with(FENCE) { at + FENCE.len() } else { at };
                return Beginning::Calls(calls, end);
            }
            match self.bare(rest) {
                Beginning::Calls(found, length) => {
                    calls.extend(found);
                    at += rest.len() - rest[length..].trim_start_matches(is_separator).len();
                }
                Beginning::Undecided => return Beginning::Undecided,
                Beginning::Text(_) if calls.is_empty() => return Beginning::Text(start),
                Beginning::Text(_) => return Beginning::Calls(calls, at),
            }
        }
    }

    /// A text that begins with a tool's name and its arguments, or with a part of that.
    fn named(&self, held: &str) -> Beginning {
        let named = self.known.iter().find_map(|name| Some((name, arguments_of(held, name)?)));
        let Some((name, arguments)) = named else { return Beginning::Undecided };
        let Extent::Complete(length) = extent(arguments) else { return Beginning::Undecided };
        let end = held.len() - arguments.len() + length;
        let read = serde_json::from_str(&arguments[..length]).ok();
        read.map_or(Beginning::Text(end), |arguments| {
            Beginning::Calls(vec![WrittenCall { name: name.clone(), arguments, explicit: true }], end)
        })
    }

    /// A text that may begin with the bare object of a call of a known tool, or a list of them.
    fn bare(&self, held: &str) -> Beginning {
        if !held.starts_with(['{', '[']) {
            return Beginning::Text(held.chars().next().map_or(0, char::len_utf8));
        }
        let extent = extent(held);
        let body = if let Extent::Complete(length) = extent { &held[..length] } else { held };
        let is_guarded = self.held_to != HeldTo::Nothing;
        let may_call = |name: &str, rest: &str| {
            self.is_known(name) || (is_guarded && has_arguments(rest) != Some(false))
        };
        if !may_be_call(body, may_call) {
            return Beginning::Text(1);
        }
        let Extent::Complete(length) = extent else {
            return Beginning::Undecided;
        };
        match calls_in(body).filter(|calls| self.are_certain(calls)) {
            Some(calls) => Beginning::Calls(calls, length),
            None => Beginning::Text(length),
        }
    }

    /// The calls in text that ends before it is decided.
    fn unfinished(&self, cut: bool) -> Option<Vec<WrittenCall>> {
        let held = self.held.as_str();
        match self.held_to {
            HeldTo::GrammarLater => return None,
            // Half a call is none.
            HeldTo::Grammar if cut && self.candidate() == Some(0) => return Some(Vec::new()),
            HeldTo::Grammar | HeldTo::Nothing => {}
        }
        if let Some(inside) = held.strip_prefix(OPEN) {
            return Some(match inside.trim() {
                "" => Vec::new(),
                body if cut => calls_in(body).unwrap_or_else(|| vec![broken_call(body, &self.known)]),
                body => calls_or_broken(body, &self.known),
            });
        }
        let body = held.find(['{', '[']).map(|start| &held[start..])?;
        let body = body.trim_end().trim_end_matches('`');
        let calls = if cut { calls_in(body) } else { calls_in(&closed(body)?) };
        calls.filter(|calls| self.are_certain(calls))
    }

    fn are_certain(&self, calls: &[WrittenCall]) -> bool {
        calls.iter().all(|call| call.explicit && self.is_known(&call.name))
    }

    fn is_known(&self, name: &str) -> bool {
        self.known.iter().any(|known| known == name)
    }
}

/// The calls in the body of a tag; what cannot be read is one call with the text as its arguments.
fn calls_or_broken(body: &str, known: &[String]) -> Vec<WrittenCall> {
    let body = body.trim();
    let body = body.strip_prefix("```json").or_else(|| body.strip_prefix(FENCE)).unwrap_or(body);
    let body = body.trim_end_matches('`').trim();
    let calls = calls_in(body).or_else(|| closed(body).as_deref().and_then(calls_in));
    calls.unwrap_or_else(|| vec![broken_call(body, known)])
}

/// What may stand between two calls.
fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, ',' | ';')
}

/// Whether `text` begins with `mark`, or is its beginning.
fn begins(text: &str, mark: &str) -> bool {
    text.starts_with(mark) || mark.starts_with(text)
}

#[cfg(test)]
mod tests;
