use std::collections::{BTreeMap, HashMap};

use html5gum::{DefaultEmitter, HtmlString, Spanned, StartTag, Token, Tokenizer};

use super::writer::Writer;

/// What a page of HTML says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::retrieval) struct Page {
    /// The title, or else the first heading; empty if there is neither.
    pub(in crate::retrieval) title: String,
    /// The readable text as Markdown: headings, paragraphs, lists, quotations, code and tables. If the page
    /// marks its main part, only that.
    pub(in crate::retrieval) text: String,
    /// Where its links lead, as they are written, in order.
    pub(in crate::retrieval) links: Vec<String>,
    /// What relative links start from, if the page says so.
    pub(in crate::retrieval) base: Option<String>,
}

impl Page {
    /// Reads a page, however broken: what is never closed ends with what is around it.
    pub(in crate::retrieval) fn read(html: &str) -> Self {
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        let mut reader = Reader::default();
        for token in Tokenizer::new_with_emitter(html, emitter) {
            match token {
                Ok(Token::StartTag(tag)) => reader.start(&tag),
                Ok(Token::EndTag(tag)) => reader.end(&text(&tag.name)),
                Ok(Token::String(string)) => reader.text(&text(&string)),
                Ok(Token::Comment(_) | Token::Doctype(_) | Token::Error(_)) => {}
                Err(never) => match never {},
            }
        }
        reader.page()
    }
}

/// Elements without an end.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// Elements that hold nothing to read.
const UNREAD: [&str; 22] = [
    "audio", "button", "canvas", "datalist", "dialog", "iframe", "map", "math", "nav", "noembed", "noframes",
    "noscript", "object", "option", "script", "select", "style", "svg", "template", "textarea", "video",
    "aside",
];

/// Roles of parts that surround the text.
const UNREAD_ROLES: [&str; 6] = ["navigation", "banner", "contentinfo", "search", "complementary", "menu"];

/// Elements whose own headers and footers belong to the text.
const SECTIONS: [&str; 3] = ["article", "main", "section"];

/// Elements that begin on a new line and end with it.
const BLOCKS: [&str; 27] = [
    "address",
    "article",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hgroup",
    "legend",
    "li",
    "main",
    "p",
    "section",
    "summary",
    "tbody",
    "thead",
    "tfoot",
];

/// An element that is not closed yet.
#[derive(Debug)]
struct Open {
    name: String,
    /// Whether it hides what is in it.
    unread: bool,
    /// Whether it is marked as the main part.
    main: bool,
}

#[derive(Debug, Default)]
struct Reader {
    writer: Writer,
    open: Vec<Open>,
    /// How many elements of each name are open, so that an end without a start costs nothing.
    names: HashMap<String, usize>,
    /// How many open elements hide what is in them.
    unread: usize,
    /// The text of the title, once it began.
    title: Option<String>,
    links: Vec<String>,
    base: Option<String>,
}

impl Reader {
    fn start(&mut self, tag: &StartTag<()>) {
        let name = text(&tag.name);
        if name == "a"
            && let Some(link) = attribute(&tag.attributes, "href")
        {
            self.links.push(link);
        }
        if name == "base" && self.base.is_none() {
            self.base = attribute(&tag.attributes, "href");
        }
        let is_foreign = name == "svg" || name == "math" || self.names.contains_key("svg");
        let is_empty = VOID.contains(&name.as_str()) || (tag.self_closing && is_foreign);
        if !is_empty {
            self.push(&name, &tag.attributes);
        }
        if self.unread == 0 {
            self.open_element(&name, &tag.attributes);
        }
    }

    fn push(&mut self, name: &str, attributes: &Attributes) {
        let role = attribute(attributes, "role").unwrap_or_default();
        let surrounds = matches!(name, "header" | "footer")
            && !SECTIONS.iter().any(|section| self.names.contains_key(*section));
        let hidden = attributes.contains_key(b"hidden".as_slice())
            || attribute(attributes, "aria-hidden").is_some_and(|value| value == "true");
        let unread = UNREAD.contains(&name) || UNREAD_ROLES.contains(&role.as_str()) || surrounds || hidden;
        let main = name == "main" || role == "main";
        self.unread += usize::from(unread);
        self.writer.main += usize::from(main);
        *self.names.entry(name.to_owned()).or_default() += 1;
        self.open.push(Open { name: name.to_owned(), unread, main });
    }

    /// What an element begins in the text.
    fn open_element(&mut self, name: &str, attributes: &Attributes) {
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.writer.heading(name.as_bytes()[1] - b'0'),
            "ul" | "ol" | "menu" | "dir" => self.writer.list(name == "ol"),
            "li" => self.writer.item(),
            "blockquote" => self.writer.quote(),
            "pre" | "listing" | "xmp" => self.writer.code_block(),
            "code" | "kbd" | "samp" | "tt" => {
                let class = attribute(attributes, "class").unwrap_or_default();
                self.writer.code(class.split_whitespace().find_map(|word| word.strip_prefix("language-")));
            }
            "table" => self.writer.table(),
            "tr" => self.writer.row(),
            "td" | "th" => self.writer.cell(),
            "br" => self.writer.line_break(),
            "hr" => self.writer.end_block(),
            "title" if self.title.is_none() => self.title = Some(String::new()),
            _ if BLOCKS.contains(&name) => self.writer.end_block(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.unread > 0 {
            return;
        }
        if self.names.contains_key("title") {
            if let Some(title) = &mut self.title {
                title.push_str(text);
            }
        } else {
            self.writer.text(text);
        }
    }

    fn end(&mut self, name: &str) {
        // Browsers read a lonely `</p>` as an empty paragraph, and `</br>` as a break.
        if !self.names.contains_key(name) {
            return;
        }
        while let Some(open) = self.open.pop() {
            if let Some(count) = self.names.get_mut(&open.name) {
                *count -= 1;
                if *count == 0 {
                    self.names.remove(&open.name);
                }
            }
            if self.unread == 0 {
                self.close_element(&open.name);
            }
            self.unread -= usize::from(open.unread);
            self.writer.main -= usize::from(open.main);
            if open.name == name {
                break;
            }
        }
    }

    fn close_element(&mut self, name: &str) {
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.writer.end_heading(),
            "ul" | "ol" | "menu" | "dir" => self.writer.end_list(),
            "blockquote" => self.writer.end_quote(),
            "pre" | "listing" | "xmp" => self.writer.end_code_block(),
            "code" | "kbd" | "samp" | "tt" => self.writer.end_code(),
            "table" => self.writer.end_table(),
            "td" | "th" => self.writer.end_cell(),
            _ if BLOCKS.contains(&name) => self.writer.end_block(),
            _ => {}
        }
    }

    fn page(mut self) -> Page {
        while let Some(open) = self.open.last() {
            let name = open.name.clone();
            self.end(&name);
        }
        let written = self.writer.finish();
        let title = self.title.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let title = if title.is_empty() { written.first_heading } else { title };
        Page { title, text: written.text, links: self.links, base: self.base }
    }
}

type Attributes = BTreeMap<HtmlString, Spanned<HtmlString, ()>>;

fn attribute(attributes: &Attributes, name: &str) -> Option<String> {
    attributes.get(name.as_bytes()).map(|value| text(value))
}

/// Names and text are UTF-8 because the page is.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
