//! Tools that ship: what most agents need, each with what it can never do.
//!
//! Each function makes one tool, under the name that the model calls it by. What bounds a tool is said when it is
//! made, by the program that makes it; a model's arguments can only narrow it.
//!
//! ```
//! use rushlight::Toolbox;
//! use rushlight::tools::builtin::{CurrentTimeOptions, calculate, current_time};
//!
//! # fn main() -> rushlight::Result<()> {
//! let berlin = CurrentTimeOptions::default().zone("Europe/Berlin".to_owned());
//! let tools = Toolbox::new().add(calculate())?.add(current_time(berlin)?)?;
//! assert_eq!(tools.len(), 2);
//! # Ok(())
//! # }
//! ```

mod calculate;
mod current_time;
#[cfg(feature = "web")]
mod fetch_page;
#[cfg(feature = "workspace")]
mod read_file;
#[cfg(all(feature = "workspace", unix))]
mod run_command;
#[cfg(feature = "workspace")]
mod search_code;
mod search_knowledge;
#[cfg(feature = "workspace")]
mod workspace;

pub use calculate::calculate;
pub use current_time::{CurrentTimeOptions, current_time, current_time_by};
#[cfg(feature = "web")]
pub use fetch_page::{FetchPageOptions, fetch_page};
#[cfg(feature = "workspace")]
pub use read_file::{ReadFileOptions, read_file};
#[cfg(all(feature = "workspace", unix))]
pub use run_command::{AllowedCommand, RunCommandOptions, run_command};
#[cfg(feature = "workspace")]
pub use search_code::{SearchCodeOptions, search_code};
pub use search_knowledge::{SearchKnowledgeOptions, search_knowledge};
