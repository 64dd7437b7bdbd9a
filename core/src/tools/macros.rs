//! What the code that `#[tool]` writes names, so that whoever uses it need not depend on it.

pub use {schemars, serde};
