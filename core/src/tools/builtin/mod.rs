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
#[cfg(feature = "workspace")]
mod read_file;
#[cfg(all(feature = "workspace", unix))]
mod run_command;
#[cfg(feature = "workspace")]
mod search_code;
#[cfg(feature = "workspace")]
mod workspace;

pub use calculate::calculate;
pub use current_time::{CurrentTimeOptions, current_time, current_time_by};
#[cfg(feature = "workspace")]
pub use read_file::{ReadFileOptions, read_file};
#[cfg(all(feature = "workspace", unix))]
pub use run_command::{AllowedCommand, RunCommandOptions, run_command};
#[cfg(feature = "workspace")]
pub use search_code::{SearchCodeOptions, search_code};
