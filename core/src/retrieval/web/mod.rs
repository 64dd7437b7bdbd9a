//! Pages of web sites to documents.

mod address;
mod client;
mod failure;
mod options;
mod page;
mod resolver;
mod robots;
mod site;

pub use options::WebOptions;
pub(crate) use page::PageReader;
pub(super) use site::Site;
