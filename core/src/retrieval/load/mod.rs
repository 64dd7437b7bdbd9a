//! Files to documents.

mod charset;
mod code;
mod file;
mod format;
mod group;
mod html;
mod json_lines;
mod markdown;
#[cfg(feature = "web")]
mod media;
#[cfg(feature = "pdf")]
mod pdf;
mod text;
mod walk;

pub(super) use code::is_source_code;
pub(super) use file::load;
pub(super) use group::Group;
pub(super) use json_lines::JsonLines;
#[cfg(feature = "web")]
pub(super) use media::{Media, WebPage};
pub(super) use walk::{Found, Listing, list_dir, list_files};
