use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// The structure of a text: blocks that follow each other without a gap, and the headings they stand under.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) blocks: Vec<Block>,
    /// Heading paths, outermost first; the first one is empty, for what comes before all headings.
    pub(super) sections: Vec<Vec<String>>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
    /// Index of the heading path; a heading belongs to the section that it opens.
    pub(super) section: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Heading,
    /// A paragraph, list item or quotation: made of sentences.
    Prose,
    /// Code, a table or HTML: made of lines that belong together.
    Lines,
    /// A definition in source code, also made of lines; it belongs to the section that it opens.
    #[cfg_attr(not(feature = "code"), expect(dead_code, reason = "only parsed code has definitions"))]
    Definition,
}

/// Characters of a heading or title that are kept: each chunk below it has it too.
const MAX_HEADING: usize = 200;

/// A heading, definition or title as chunks have it.
pub(super) fn heading(text: &str) -> String {
    text.trim().chars().take(MAX_HEADING).collect()
}

impl Outline {
    /// The structure of plain text: paragraphs between blank lines.
    pub(super) fn of_plain_text(text: &str) -> Self {
        Self::between_blank_lines(text, Kind::Prose)
    }

    /// The structure of what is made of lines: those between blank lines belong together.
    pub(super) fn of_lines(text: &str) -> Self {
        Self::between_blank_lines(text, Kind::Lines)
    }

    fn between_blank_lines(text: &str, kind: Kind) -> Self {
        let mut starts = BTreeMap::from([(0, (kind, 0))]);
        let mut offset = 0;
        let mut after_blank = false;
        for line in text.split_inclusive('\n') {
            let blank = line.trim().is_empty();
            if after_blank && !blank {
                starts.insert(offset, (kind, 0));
            }
            after_blank = blank;
            offset += line.len();
        }
        Self { blocks: blocks(text, &starts), sections: vec![Vec::new()] }
    }

    /// The structure of Markdown (`CommonMark` with tables, footnotes and YAML front matter).
    pub(super) fn of_markdown(text: &str) -> Self {
        let options =
            Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        let mut reader = Reader::new(text);
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            reader.read(event, range);
        }
        Self { blocks: blocks(text, &reader.starts), sections: reader.sections }
    }
}

/// What is known while going through the events of a Markdown text.
struct Reader<'a> {
    text: &'a str,
    /// Where blocks start: their kind and section.
    starts: BTreeMap<usize, (Kind, usize)>,
    sections: Vec<Vec<String>>,
    /// The open headings with their levels.
    path: Vec<(HeadingLevel, String)>,
    /// The start and the text so far of the heading that is being read.
    heading: Option<(usize, String)>,
    /// How many lists and quotations are open.
    depth: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            starts: BTreeMap::from([(0, (Kind::Prose, 0))]),
            sections: vec![Vec::new()],
            path: Vec::new(),
            heading: None,
            depth: 0,
        }
    }

    fn read(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::Heading { .. }) if self.depth == 0 => {
                self.heading = Some((range.start, String::new()));
            }
            Event::Text(part) | Event::Code(part) => {
                if let Some((_, heading)) = &mut self.heading {
                    heading.push_str(&part);
                }
            }
            Event::End(TagEnd::Heading(level)) => self.end_heading(level),
            Event::Start(Tag::BlockQuote(_) | Tag::List(_)) => {
                self.start(range.start, Kind::Prose);
                self.depth += 1;
            }
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_)) => {
                self.depth = self.depth.saturating_sub(1);
                self.end(range.end);
            }
            Event::Start(Tag::Item | Tag::FootnoteDefinition(_)) | Event::Rule => {
                self.start(range.start, Kind::Prose);
            }
            Event::Start(Tag::Paragraph) if self.depth == 0 => self.start(range.start, Kind::Prose),
            Event::Start(Tag::CodeBlock(_) | Tag::Table(_) | Tag::HtmlBlock | Tag::MetadataBlock(_)) => {
                self.start(range.start, Kind::Lines);
                self.end(range.end);
            }
            _ => {}
        }
    }

    fn end_heading(&mut self, level: HeadingLevel) {
        let Some((start, text)) = self.heading.take() else {
            return;
        };
        self.path.retain(|(other, _)| *other < level);
        self.path.push((level, heading(&text)));
        self.sections.push(self.path.iter().map(|(_, heading)| heading.clone()).collect());
        self.start(start, Kind::Heading);
    }

    /// A block starts here, if nothing but indentation and quotation marks stands before it on its line.
    fn start(&mut self, offset: usize, kind: Kind) {
        let before = self.text[..offset].trim_end_matches([' ', '\t', '>']);
        if before.is_empty() || before.ends_with('\n') {
            self.starts.insert(before.len(), (kind, self.sections.len() - 1));
        }
    }

    /// The next line with words is no longer part of the block; a block that starts there itself comes later
    /// and counts.
    fn end(&mut self, offset: usize) {
        let section = self.sections.len() - 1;
        let rest = &self.text[offset..];
        let words = offset + (rest.len() - rest.trim_start().len());
        let line = self.text[..words].rfind('\n').map_or(0, |newline| newline + 1);
        let starts_a_line = line >= offset || self.text[line..offset].trim().is_empty();
        if starts_a_line && line < self.text.len() {
            self.starts.entry(line).or_insert((Kind::Prose, section));
        }
    }
}

/// The blocks between starts; one without any words becomes part of the block before it.
pub(super) fn blocks(text: &str, starts: &BTreeMap<usize, (Kind, usize)>) -> Vec<Block> {
    let ends = starts.keys().skip(1).copied().chain([text.len()]);
    let mut blocks: Vec<Block> = Vec::new();
    for ((start, (kind, section)), end) in starts.iter().zip(ends) {
        match blocks.last_mut() {
            Some(last) if text[*start..end].trim().is_empty() => last.range.end = end,
            _ => blocks.push(Block { range: *start..end, kind: *kind, section: *section }),
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        let outline = Outline::of_markdown(text);
        outline.blocks.into_iter().map(|block| (block.kind, &text[block.range])).collect()
    }

    #[test]
    fn blocks_are_what_markdown_says() {
        let text = "# One\n\nFirst.\nStill first.\n\n- a\n- b\n\n```sh\n# no heading\n\nls\n```\nAfter.\n\n| x |\n|---|\n| 1 |\n";

        assert_eq!(
            kinds(text),
            [
                (Kind::Heading, "# One\n\n"),
                (Kind::Prose, "First.\nStill first.\n\n"),
                (Kind::Prose, "- a\n"),
                (Kind::Prose, "- b\n\n"),
                (Kind::Lines, "```sh\n# no heading\n\nls\n```\n"),
                (Kind::Prose, "After.\n\n"),
                (Kind::Lines, "| x |\n|---|\n| 1 |\n"),
            ]
        );
    }

    #[test]
    fn sections_carry_the_path_of_headings() {
        let text = "intro\n\n# A\n\n## B\n\ntext\n\nC\n=\n\n### D `d`\n";

        let outline = Outline::of_markdown(text);

        let paths: Vec<String> =
            outline.blocks.iter().map(|block| outline.sections[block.section].join("/")).collect();
        assert_eq!(paths, ["", "A", "A/B", "A/B", "C", "C/D d"]);
    }

    #[test]
    fn code_in_a_list_is_a_block_of_its_own() {
        let text = "1. Do this:\n\n   ```\n   make\n   ```\n\n   then that.\n2. Done.\n";

        assert_eq!(
            kinds(text),
            [
                (Kind::Prose, "1. Do this:\n\n"),
                (Kind::Lines, "   ```\n   make\n   ```\n\n"),
                (Kind::Prose, "   then that.\n"),
                (Kind::Prose, "2. Done.\n"),
            ]
        );
    }

    #[test]
    fn plain_text_has_paragraphs_and_no_headings() {
        let text = "\n# not a heading\nmore\n\n\n  second\n";

        let outline = Outline::of_plain_text(text);

        let blocks: Vec<&str> = outline.blocks.iter().map(|block| &text[block.range.clone()]).collect();
        assert_eq!(blocks, ["\n", "# not a heading\nmore\n\n\n", "  second\n"]);
        assert_eq!(outline.sections, [Vec::<String>::new()]);
    }
}
