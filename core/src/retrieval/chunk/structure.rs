use super::outline::Outline;
use crate::Result;
use crate::retrieval::load::is_source_code;

/// How a text is made up, by the source that it comes from.
pub(super) enum Structure {
    PlainText,
    Markdown,
    Lines,
    #[cfg(feature = "code")]
    Code(&'static super::code::Language),
}

/// Endings of sources that are plain text.
const PLAIN_TEXT: [&str; 4] = ["txt", "text", "log", "pdf"];

impl Structure {
    pub(super) fn of(source: &str) -> Self {
        let name = source.rsplit(['/', '\\']).next().unwrap_or_default();
        let Some((_, extension)) = name.rsplit_once('.') else {
            return Self::Markdown;
        };
        let extension = extension.to_ascii_lowercase();
        if PLAIN_TEXT.contains(&extension.as_str()) {
            return Self::PlainText;
        }
        // A page that shows source code is a page.
        if source.contains("://") || !is_source_code(&extension) {
            return Self::Markdown;
        }
        of_code(&extension)
    }

    /// The outline of a text; of a piece of code, `fits` says whether it need not be cut.
    #[cfg_attr(
        not(feature = "code"),
        expect(unused_variables, clippy::unnecessary_wraps, reason = "only parsed code is measured")
    )]
    pub(super) fn outline(&self, text: &str, fits: impl Fn(&str) -> Result<bool>) -> Result<Outline> {
        match self {
            Self::PlainText => Ok(Outline::of_plain_text(text)),
            Self::Markdown => Ok(Outline::of_markdown(text)),
            Self::Lines => Ok(Outline::of_lines(text)),
            #[cfg(feature = "code")]
            Self::Code(language) => super::code::outline(text, language, fits),
        }
    }
}

#[cfg(feature = "code")]
fn of_code(extension: &str) -> Structure {
    super::code::Language::of(extension).map_or(Structure::Lines, Structure::Code)
}

#[cfg(not(feature = "code"))]
fn of_code(_: &str) -> Structure {
    Structure::Lines
}
