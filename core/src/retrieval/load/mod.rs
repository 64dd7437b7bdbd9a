//! Files to documents.

mod file;
mod markdown;
mod walk;

pub(super) use file::load;
pub(super) use walk::{Found, Listing, list_dir, list_files};
