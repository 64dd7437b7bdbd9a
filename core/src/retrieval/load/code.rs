use super::charset::decode;
use super::format::Format;
use crate::retrieval::Document;

const EXTENSIONS: &[&str] = &[
    "rs", "py", "pyi", "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "go", "java", "c", "h", "cc",
    "cpp", "cxx", "hh", "hpp", "hxx", "cs", "rb", "php", "swift", "kt", "kts", "scala", "lua", "jl", "zig",
    "dart", "ex", "exs", "erl", "hs", "ml", "mli", "clj", "sh", "bash", "zsh", "ps1", "sql", "proto",
];

/// Whether a file with this ending, in lower case, holds source code.
pub(in crate::retrieval) fn is_source_code(extension: &str) -> bool {
    EXTENSIONS.contains(&extension)
}

/// Source code; the chunker cuts it at definitions where it knows the language, else at lines.
pub(super) const FORMAT: Format = Format {
    extensions: EXTENSIONS,
    content_types: &[],
    read: |raw| {
        let text = decode(raw.bytes, raw.charset)?;
        Ok(Document::new(raw.source, text).title(raw.name))
    },
};
