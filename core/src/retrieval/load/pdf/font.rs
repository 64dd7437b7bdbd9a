use std::collections::HashMap;

use lopdf::{Dictionary, Document, Encoding, Error, Object};

use super::format::MAX_STREAM_BYTES;

/// The dictionary by which a font's characters are known: where it maps its codes to Unicode itself, nothing
/// else about their meaning counts.
pub(super) fn encoding_dictionary(font: &Dictionary, document: &Document) -> Dictionary {
    let mut font = font.clone();
    if font.get_deref(b"ToUnicode", document).and_then(Object::as_stream).is_ok() {
        font.remove(b"Encoding");
    }
    font
}

/// What a font says about its codes: the characters they stand for, and how wide they are.
pub(super) struct Font<'a> {
    /// None when nothing says which characters the codes stand for.
    encoding: Option<Encoding<'a>>,
    widths: HashMap<u32, f32>,
    default_width: f32,
    /// Whether codes have two bytes.
    is_wide: bool,
}

impl<'a> Font<'a> {
    /// `encoding` is the font's [`encoding_dictionary`].
    pub(super) fn new(
        font: &Dictionary,
        encoding: &'a Dictionary,
        document: &'a Document,
    ) -> Result<Self, Error> {
        let is_wide = font.get(b"Subtype").and_then(Object::as_name).is_ok_and(|kind| kind == b"Type0");
        let has_unicode = encoding.has(b"ToUnicode") && !encoding.has(b"Encoding");
        let encoding = encoding.get_font_encoding_with_limit(document, MAX_STREAM_BYTES)?;
        let is_guessed = is_wide && !has_unicode && matches!(encoding, Encoding::OneByteEncoding(_));
        let mut font_widths =
            if is_wide { wide_widths(font, document) } else { simple_widths(font, document) };
        let default_width = font_widths.remove(&u32::MAX).unwrap_or(if is_wide { 1000.0 } else { 500.0 });
        Ok(Self { encoding: (!is_guessed).then_some(encoding), widths: font_widths, default_width, is_wide })
    }

    /// The characters of a string; none where nothing says what it means.
    pub(super) fn text(&self, string: &[u8]) -> String {
        let text = self.encoding.as_ref().and_then(|encoding| encoding.bytes_to_string(string).ok());
        let readable =
            |character: &char| *character != '\u{fffd}' && (*character >= ' ' || *character == '\t');
        text.unwrap_or_default().chars().filter(readable).collect()
    }

    /// The codes of a string, each with its width in thousandths of the font's size.
    pub(super) fn codes(&self, string: &[u8]) -> impl Iterator<Item = (u32, f32)> {
        let bytes = if self.is_wide { 2 } else { 1 };
        string.chunks(bytes).map(|code| {
            let code = code.iter().fold(0, |code, byte| code << 8 | u32::from(*byte));
            (code, self.widths.get(&code).copied().unwrap_or(self.default_width))
        })
    }
}

/// Of a font with codes of one byte; under `u32::MAX` that of codes without one.
fn simple_widths(font: &Dictionary, document: &Document) -> HashMap<u32, f32> {
    let first = font.get_deref(b"FirstChar", document).and_then(Object::as_i64).unwrap_or_default();
    let list = font.get_deref(b"Widths", document).and_then(Object::as_array);
    let list = list.map(Vec::as_slice).unwrap_or_default();
    let mut widths = HashMap::new();
    for (code, width) in (first.max(0) as u32..256).zip(list) {
        if let Some(width) = number(width, document) {
            widths.insert(code, width);
        }
    }
    let descriptor = font.get_deref(b"FontDescriptor", document).and_then(Object::as_dict);
    let missing = descriptor.and_then(|descriptor| descriptor.get_deref(b"MissingWidth", document));
    if let Some(width) = missing.ok().and_then(|width| number(width, document)) {
        widths.insert(u32::MAX, width);
    }
    widths
}

/// Of a font with codes of two bytes (ISO 32000-1, 9.7.4.3).
fn wide_widths(font: &Dictionary, document: &Document) -> HashMap<u32, f32> {
    let mut widths = HashMap::new();
    let descendants = font.get_deref(b"DescendantFonts", document).and_then(Object::as_array);
    let descendant = descendants.ok().and_then(|fonts| document.dereference(fonts.first()?).ok());
    let Some(descendant) = descendant.and_then(|(_, font)| font.as_dict().ok()) else {
        return widths;
    };
    if let Some(width) = descendant.get_deref(b"DW", document).ok().and_then(|width| number(width, document))
    {
        widths.insert(u32::MAX, width);
    }
    let all = descendant.get_deref(b"W", document).and_then(Object::as_array);
    let mut entries = all.map(Vec::as_slice).unwrap_or_default().iter();
    // Ranges need not follow each other, but all codes once are enough.
    let mut left = 0x10000_usize;
    while let (Some(first), Some(next)) = (entries.next(), entries.next()) {
        let Some(first) = number(first, document).map(|first| first as u32) else {
            break;
        };
        match document.dereference(next).map(|(_, next)| next) {
            Ok(Object::Array(list)) => {
                for (code, width) in (first..=0xffff).zip(list).take(left) {
                    widths.extend(number(width, document).map(|width| (code, width)));
                }
                left = left.saturating_sub(list.len());
            }
            Ok(end) => {
                let end = number(end, document).map_or(0, |end| end as u32).min(0xffff);
                let width = entries.next().and_then(|width| number(width, document));
                widths.extend((first..=end).take(left).filter_map(|code| Some((code, width?))));
                left = left.saturating_sub((end.saturating_sub(first) as usize) + 1);
            }
            Err(_) => break,
        }
    }
    widths
}

fn number(object: &Object, document: &Document) -> Option<f32> {
    document.dereference(object).ok()?.1.as_float().ok()
}
