//! The text layer of PDF files (ISO 32000).

mod font;
mod format;
mod layout;
mod objects;
mod page;

pub(super) use format::FORMAT;
