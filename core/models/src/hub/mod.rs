//! Named models: which files they are, where they lie, and how they get there.
//!
//! A model is found in this order: a path on this machine, then the cache (`$RUSHLIGHT_HOME/models`, or
//! `rushlight/models` in the platform's cache directory). [`Hub::resolve`] ends there and never touches the
//! network. Only [`Hub::fetch`] goes on: to the Hugging Face Hub, then to the [`Mirror`]s that the caller
//! configured. Every file is checked against the manifest's size and SHA-256 before it gets its name.
//!
//! ```no_run
//! use rushlight_models::hub::{Hub, Quiet};
//!
//! # fn main() -> rushlight_models::Result<()> {
//! let hub = Hub::new()?;
//! let model = hub.fetch("smollm2-135m", &[], &Quiet)?;
//! println!("{} lies at {}", model.name, model.path.display());
//! # Ok(())
//! # }
//! ```
//!
//! | variable | meaning |
//! |---|---|
//! | `RUSHLIGHT_HOME` | the directory that holds `models/` |
//! | `RUSHLIGHT_OFFLINE` | `1` or `true` forbids every fetch |
//! | `HF_ENDPOINT` | another address of the Hugging Face Hub |
//! | `HF_TOKEN` | sent to the Hugging Face Hub as a bearer token |

mod download;
mod fetch;
mod local;
mod manifest;
mod mirror;
mod source;

pub use local::{Hub, LocalModel};
pub use manifest::{KnownModel, ModelFile, ModelKind, known_models};
pub use mirror::HubMirror;
pub use source::{FetchProgress, Mirror, Progress, Quiet};
