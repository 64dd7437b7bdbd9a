use serde::{Deserialize, Serialize};

/// What a commit of the store survives.
///
/// Either way a process that is killed, at any point, loses no commit, and the store is always consistent:
/// after a crash each document is there as it was before or as it was after its replacement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// A loss of power, or a crash of the operating system, may undo the latest commits of an ingest that
    /// was going on: those since the write-ahead log was last written back, at most some megabytes. What an
    /// ingest that returned has stored is on the disk.
    #[default]
    Normal,
    /// Every commit is on the disk before the next one begins; costs one wait for the disk a commit.
    Full,
}

impl Durability {
    pub(super) fn synchronous(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Full => "FULL",
        }
    }
}
