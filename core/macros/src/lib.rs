//! The attribute `#[tool]` of rushlight. Use it as `rushlight::tool`.

mod argument;
mod duration;
mod expand;
mod policy;

use proc_macro::TokenStream;

/// Makes a function a tool, and leaves it a function.
///
/// The function's name, its doc comment, and the names, types and doc comments of its arguments are what the model is
/// told; an `Option` may be left out of a call. An argument of type `ToolContext` is not the model's: it tells for which run the
/// function is called. `NAME::tool()` gives the tool for a toolbox. An ordinary function runs on a
/// thread for blocking work.
///
/// In parentheses stands what keeps its calls in check, as `ToolPolicy` of rushlight explains it:
/// `#[tool(timeout = "5s", rate = "100/min", concurrency = 3, scopes = ["read:code"], retries = 2, cache = "10m")]`, and
/// `rate_key = "session"`, `rate_excess = "refuse"`, `breaker = "5/30s"` (so many failures in a row, and how long it is left
/// alone), `hidden`, `idempotent`, `approve` and `dry_run`. Times are in `ms`, `s`, `min` or `m`, `h`, and `day` or `d`.
///
/// The function returns a `Result`; a value is shown to the model as JSON, a string as it is, an error with its causes.
/// Types of arguments implement `serde::Deserialize` and `schemars::JsonSchema`.
#[proc_macro_attribute]
pub fn tool(options: TokenStream, function: TokenStream) -> TokenStream {
    let expanded = expand::tool(options.into(), function.into());
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
