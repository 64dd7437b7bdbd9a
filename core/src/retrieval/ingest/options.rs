use serde::{Deserialize, Serialize};

use crate::setters::setters;

/// What of a directory to ingest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct IngestOptions {
    /// Which files, by their paths below the directory: `*` and `?` stand for parts of a name, `**` for any
    /// number of folders, `{a,b}` for one of several, as in `**/*.{md,txt}`. Default all whose formats are known.
    pub glob: Option<String>,
}

setters!(IngestOptions { ; glob: String });
