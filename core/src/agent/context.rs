use std::fmt::Write;

use crate::Result;
use crate::llm::Llm;
use crate::message::ToolCall;
use crate::retrieval::Passage;

/// Between these marks stands text that is data, and cannot write them itself.
const PASSAGES: &str = "passages";
const OUTPUT: &str = "output";

/// The passages that go into the prompt, best first: each whole, all together at most `budget` tokens of
/// the model. A passage that does not fit is left out and the next one is tried.
pub(super) fn pack(llm: &dyn Llm, passages: Vec<Passage>, budget: usize) -> Result<Vec<Passage>> {
    let mut packed: Vec<Passage> = Vec::new();
    for passage in passages {
        packed.push(passage);
        if llm.count_tokens(&render(&packed))? > budget {
            packed.pop();
        }
    }
    Ok(packed)
}

/// The passages as the model sees them: numbered from 1, each under its title, between marks
/// that no passage can write itself.
pub(super) fn render(passages: &[Passage]) -> String {
    let mut text = format!("<{PASSAGES}>\n");
    for (index, chunk) in chunks(passages).iter().enumerate() {
        let _ = write!(text, "[{}]{chunk}\n\n", index + 1);
    }
    text.truncate(text.trim_end().len());
    let _ = write!(text, "\n</{PASSAGES}>");
    text
}

/// What a call returned, as a part of the question.
pub(super) fn output(call: &ToolCall, content: &str) -> String {
    let data = |text: &str| without_marks(OUTPUT, &without_marks(PASSAGES, text));
    let asked = data(&format!("{} with {}", call.name, call.arguments));
    format!("The call of {asked} returned:\n<{OUTPUT}>\n{}\n</{OUTPUT}>", data(content))
}

/// The part of each passage that does not depend on the others, with the space before it.
pub(super) fn chunks(passages: &[Passage]) -> Vec<String> {
    let chunk = |passage: &Passage| {
        format!(" {}\n{}", heading(passage), without_marks(PASSAGES, passage.text.trim()))
            .trim_end()
            .to_owned()
    };
    passages.iter().map(chunk).collect()
}

/// `Title › Heading` on one line, or the source of what has neither.
fn heading(passage: &Passage) -> String {
    let mut names: Vec<&str> = Vec::new();
    let title = std::iter::once(passage.title.as_str());
    for name in title.chain(passage.headings.iter().map(String::as_str)) {
        if !name.trim().is_empty() && names.last() != Some(&name) {
            names.push(name);
        }
    }
    let line = if names.is_empty() { passage.source.clone() } else { names.join(" › ") };
    without_marks(PASSAGES, &line.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// `text` without the marks of this name.
fn without_marks(name: &str, text: &str) -> String {
    text.replace(&format!("</{name}>"), &format!("(/{name})"))
        .replace(&format!("<{name}>"), &format!("({name})"))
}
