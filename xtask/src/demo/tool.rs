use std::path::PathBuf;

use rushlight::{Error, FunctionTool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, JsonSchema)]
struct Where {
    /// An absolute path, for example `/`.
    path: PathBuf,
}

#[derive(Debug, Serialize)]
struct Space {
    free_gib: f64,
    total_gib: f64,
}

/// A real tool with an argument: the model cannot know its answer.
pub(super) fn disk_space() -> FunctionTool {
    FunctionTool::blocking(
        "disk_space",
        "The free and the total disk space, in GiB, of this machine's file system at a path",
        |place: Where| space(&place),
    )
}

fn space(place: &Where) -> rushlight::Result<Space> {
    let stats = fs4::statvfs(&place.path).map_err(|error| Error::io("measure", &place.path, error))?;
    Ok(Space { free_gib: gib(stats.available_space()), total_gib: gib(stats.total_space()) })
}

fn gib(bytes: u64) -> f64 {
    (bytes as f64 / f64::from(1 << 30) * 10.0).round() / 10.0
}
