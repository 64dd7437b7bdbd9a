//! Fakes and subjects that several tests share.

pub mod alone;
pub mod filters;
pub mod mcp;
pub mod model_server;
pub mod rounds;
pub mod site;
pub mod tiny;
pub mod tools;
