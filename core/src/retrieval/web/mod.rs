//! Pages of web sites to documents.

mod address;
mod client;
mod failure;
mod options;
mod resolver;
mod robots;
mod site;

pub use options::WebOptions;
pub(super) use site::Site;
