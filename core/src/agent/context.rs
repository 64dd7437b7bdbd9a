use std::fmt::Write;

use crate::Result;
use crate::llm::Llm;
use crate::retrieval::Passage;

const OPEN: &str = "<passages>";
const CLOSE: &str = "</passages>";

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
    let mut text = format!("{OPEN}\n");
    for (index, chunk) in chunks(passages).iter().enumerate() {
        let _ = write!(text, "[{}]{chunk}\n\n", index + 1);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text.push_str(CLOSE);
    text
}

/// The part of each passage that does not depend on the others, with the space before it.
pub(super) fn chunks(passages: &[Passage]) -> Vec<String> {
    let chunk = |passage: &Passage| {
        format!(" {}\n{}", heading(passage), without_marks(passage.text.trim())).trim_end().to_owned()
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
    without_marks(&line.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// `text`, unable to end the passages.
pub(super) fn without_marks(text: &str) -> String {
    text.replace(CLOSE, "(/passages)").replace(OPEN, "(passages)")
}
