//! Conversations as the text that a model was trained on.
//!
//! A model file carries its chat template, written for Python's Jinja2 as the `transformers` library sets it up.
//! [`ChatTemplate`] renders it the same way. What a template cannot express (tools, a system message) is
//! written into the messages instead, so that every model can be asked the same things.

mod adapt;
mod environment;
mod python;
mod rewrite;
mod syntax;
mod template;

pub use adapt::ToolSupport;
pub use syntax::CallSyntax;
pub use template::{ChatTemplate, Conversation};
