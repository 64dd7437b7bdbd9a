//! HTML to the text that people read.

mod format;
mod page;
mod writer;

pub(super) use format::FORMAT;
#[cfg(feature = "web")]
pub(super) use format::titled;
#[cfg(feature = "web")]
pub(super) use page::Page;
