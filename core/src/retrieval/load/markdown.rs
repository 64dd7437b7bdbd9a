use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::charset::decode;
use super::format::{Format, stem};
use crate::retrieval::Document;

/// Markdown, without its front matter.
pub(super) const FORMAT: Format = Format {
    extensions: &["md", "markdown", "mdown", "mkd", "mdx"],
    content_types: &["text/markdown", "text/x-markdown"],
    read: |raw| {
        let text = decode(raw.bytes, raw.charset)?;
        let (front_matter, body) = split_front_matter(&text);
        let title = front_matter.and_then(title_of).or_else(|| first_heading(body));
        let title = title.unwrap_or_else(|| stem(raw.name).to_owned());
        Ok(Document::new(raw.source, body).title(title))
    },
};

/// Divides Markdown into its YAML front matter, if it begins with one, and the rest.
fn split_front_matter(text: &str) -> (Option<&str>, &str) {
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == "---") else {
        return (None, text);
    };
    let mut end = first.len();
    for line in lines {
        if matches!(line.trim_end(), "---" | "...") {
            return (Some(&text[first.len()..end]), &text[end + line.len()..]);
        }
        end += line.len();
    }
    (None, text)
}

/// The value of `title`, where it is a plain or quoted scalar on one line.
fn title_of(front_matter: &str) -> Option<String> {
    let value = front_matter.lines().find_map(|line| line.strip_prefix("title:"))?.trim();
    let unquoted = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
        .trim();
    (!unquoted.is_empty()).then(|| unquoted.to_owned())
}

/// The text of the first heading.
fn first_heading(text: &str) -> Option<String> {
    let mut heading: Option<String> = None;
    for event in Parser::new(text) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), _) => heading = Some(String::new()),
            (Event::Text(part) | Event::Code(part), Some(heading)) => heading.push_str(&part),
            (Event::End(TagEnd::Heading(_)), Some(text)) if text.trim().is_empty() => heading = None,
            (Event::End(TagEnd::Heading(_)), Some(text)) => return Some(text.trim().to_owned()),
            _ => {}
        }
    }
    None
}
