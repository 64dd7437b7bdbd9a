use std::collections::BTreeMap;

use super::Language;
use super::definitions::{Definition, definitions};
use crate::Result;
use crate::retrieval::chunk::outline::{Kind, Outline, blocks, heading};

/// A longer text is not parsed but cut at lines: nobody wrote it, and what is no code at all takes the parser seconds.
const MAX_BYTES: usize = 1 << 20;

/// The structure of source code: its definitions, each as a whole where that `fits`, or else in the definitions
/// within it. Sections are the definitions around a place, as `impl Chunker`, `fn chunk`.
pub(in crate::retrieval::chunk) fn outline(
    text: &str,
    language: &Language,
    fits: impl Fn(&str) -> Result<bool>,
) -> Result<Outline> {
    if text.len() > MAX_BYTES {
        return Ok(Outline::of_lines(text));
    }
    let lines = Outline::of_lines(text);
    let definitions = definitions(text, language);
    // Between definitions, blank lines divide.
    let mut writer = Writer {
        text,
        fits,
        starts: lines.blocks.iter().map(|block| (block.range.start, (Kind::Lines, 0))).collect(),
        sections: vec![Vec::new()],
    };
    writer.definitions(&definitions, 0, text.len())?;
    Ok(Outline { blocks: blocks(text, &writer.starts), sections: writer.sections })
}

struct Writer<'a, F> {
    text: &'a str,
    fits: F,
    /// Where blocks start: their kind and section.
    starts: BTreeMap<usize, (Kind, usize)>,
    sections: Vec<Vec<String>>,
}

impl<F: Fn(&str) -> Result<bool>> Writer<'_, F> {
    /// Writes definitions that stand in a section which ends at `end`.
    fn definitions(&mut self, definitions: &[Definition], section: usize, end: usize) -> Result<()> {
        let ends = definitions.iter().skip(1).map(|next| next.range.start).chain([end]);
        for (definition, next) in definitions.iter().zip(ends) {
            let mut path = self.sections[section].clone();
            path.push(heading(&definition.name));
            self.sections.push(path);
            let own = self.sections.len() - 1;
            let range = definition.range.clone();
            self.clear(range.start, range.end);
            self.starts.insert(range.start, (Kind::Definition, own));
            if !definition.inner.is_empty() && !(self.fits)(&self.text[range.clone()])? {
                self.definitions(&definition.inner, own, range.end)?;
            }
            self.rest(range.end, next, section);
        }
        Ok(())
    }

    /// What follows a definition before the next one: its end, and perhaps something else.
    fn rest(&mut self, start: usize, end: usize, section: usize) {
        let is_end = |text: &str| text.chars().all(|c| c.is_whitespace() || "{}()[];,".contains(c));
        let mut offset = start;
        for line in self.text[start..end.max(start)].split_inclusive('\n') {
            if offset > start && !is_end(line) {
                self.starts.entry(offset).or_insert((Kind::Lines, section));
                // Blank lines divided the text before it was known where it stands.
                for (_, block) in self.starts.range_mut(offset..end) {
                    block.1 = section;
                }
                return;
            }
            offset += line.len();
        }
        self.clear(start, end);
    }

    /// Forgets the starts within a range.
    fn clear(&mut self, start: usize, end: usize) {
        let inside: Vec<usize> =
            self.starts.range(start..end.max(start)).map(|(offset, _)| *offset).collect();
        for offset in inside {
            self.starts.remove(&offset);
        }
    }
}

#[cfg(test)]
mod tests;
