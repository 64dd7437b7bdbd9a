use std::fmt::Write;

use serde_json::{Value, json};

use super::{schema, source};
use crate::{CallSyntax, Error, Result};

const MAX_TOOLS: usize = 256;

/// A call of a tool, or a list of calls where a model writes lists: each an object of a tool's name and arguments that fit
/// its schema.
#[derive(Debug, Clone, Copy)]
pub struct Calls<'a> {
    /// The tools by name, each with its parameters, a JSON Schema.
    pub tools: &'a [(&'a str, &'a Value)],
    /// How the model writes calls.
    pub syntax: CallSyntax,
    /// The token of [`CallSyntax::OPENING`], for syntaxes that begin with it.
    pub opening_token: Option<u32>,
    /// The token of [`CallSyntax::ARGUMENTS`], for [`CallSyntax::Named`].
    pub arguments_token: Option<u32>,
    /// Whether there may be several. Then whatever follows is allowed, since a model that was to end or to call again
    /// would call without end: who reads its text sees whether another call begins.
    pub parallel: bool,
    /// Whether calls that [`CallSyntax::Tagged`] puts between tags may also stand in a fenced block or alone, on one line or
    /// several: models that were trained on little else than code write them so, and worse arguments between tags.
    pub loose: bool,
}

impl Calls<'_> {
    /// The rules of `calls`, and each tool's own rule by the name for messages.
    pub(super) fn rules(&self) -> Result<(String, Vec<(String, String)>)> {
        if !(1..=MAX_TOOLS).contains(&self.tools.len()) {
            let message = format!("expected 1 to {MAX_TOOLS}, got {}", self.tools.len());
            return Err(Error::invalid("number of tools", message));
        }
        let (mut rules, mut parts) = (String::new(), Vec::new());
        let key = if self.syntax == CallSyntax::Bare { "parameters" } else { "arguments" };
        let (mut calls, mut loose) = (Vec::new(), Vec::new());
        for (index, &(name, parameters)) in self.tools.iter().enumerate() {
            let what = format!("parameters of tool `{name}`");
            schema::check(&what, parameters)?;
            let arguments = source::json(parameters);
            let _ = writeln!(rules, "arguments_{index}: {arguments}");
            calls.push(if self.syntax == CallSyntax::Named {
                format!("{}{} arguments_{index}", literal(name), self.arguments())
            } else {
                let opening = literal(&format!("{{\"name\": {}, \"{key}\": ", json!(name)));
                format!("{opening} arguments_{index} \"}}\"")
            });
            if self.loose && self.syntax == CallSyntax::Tagged {
                let _ = writeln!(rules, "loose_{index}: {}", source::loose_json(parameters));
                let name = literal(&json!(name).to_string());
                loose.push(format!(
                    r#""{{" SPACE? "\"name\":" SPACE? {name} "," SPACE? "\"arguments\":" SPACE? loose_{index} SPACE? "}}""#
                ));
            }
            parts.push((what, format!("start: {arguments}")));
        }
        let rest = if self.parallel { " REST?" } else { "" };
        let _ = writeln!(rules, "call: {}", calls.join(" | "));
        let _ = writeln!(rules, "calls: {}{rest}", self.native());
        if !loose.is_empty() {
            let _ = writeln!(rules, "     | fenced{rest} | loose{rest}");
            let _ = writeln!(rules, r#"fenced: "```" /json|tool_call|/ "\n" loose "\n```""#);
            let _ = writeln!(rules, "loose: {}", loose.join(" | "));
            rules.push_str("SPACE: /\\n {0,40}| /\n");
        }
        rules.push_str("REST: /(.|\\n)+/\n");
        Ok((rules, parts))
    }

    fn native(&self) -> String {
        match self.syntax {
            CallSyntax::Tagged => r#""<tool_call>\n" call "\n</tool_call>""#.to_owned(),
            CallSyntax::Bare => "call".to_owned(),
            CallSyntax::List => format!(r#"{}"[" call{} "]""#, self.opening(), self.more("call")),
            CallSyntax::Named => format!("{}call", self.opening()),
        }
    }

    fn opening(&self) -> String {
        self.opening_token.map(|token| format!("<[{token}]> ")).unwrap_or_default()
    }

    /// What stands between the name and the arguments of a call that is no object.
    fn arguments(&self) -> String {
        let text = || format!(" {}", literal(CallSyntax::ARGUMENTS));
        self.arguments_token.map_or_else(text, |token| format!(" <[{token}]>"))
    }

    /// Further calls in a list, if there may be several.
    fn more(&self, call: &str) -> String {
        if self.parallel { format!(r#" (", " {call})*"#) } else { String::new() }
    }
}

/// A text as a string of Lark, which has the escapes of JSON.
fn literal(text: &str) -> String {
    json!(text).to_string()
}
