use serde::{Deserialize, Serialize};

use crate::setters::setters;
use crate::{Error, Result};

/// Parameters of a hierarchical navigable small-world graph (Malkov and Yashunin, 2016).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HnswOptions {
    /// Neighbours of a node in each layer, twice as many in the lowest; 2 to 128. More finds more and needs
    /// more memory. Default 16.
    pub m: usize,
    /// Candidates considered for each node while the graph is built. Default 200.
    pub ef_construction: usize,
    /// Candidates considered by a search, never fewer than results asked for. More finds more and takes
    /// longer. Default 96.
    pub ef: usize,
    /// Changed rows after which the graph is rebuilt in the background, or a tenth of all rows where that
    /// is more. Until then new rows are searched exactly. Default 1 000.
    pub rebuild_after: usize,
}

setters!(HnswOptions { m: usize, ef_construction: usize, ef: usize, rebuild_after: usize });

impl Default for HnswOptions {
    fn default() -> Self {
        Self { m: 16, ef_construction: 200, ef: 96, rebuild_after: 1_000 }
    }
}

impl HnswOptions {
    pub(in crate::retrieval) fn check(&self) -> Result<()> {
        if !(2..=128).contains(&self.m) {
            return Err(Error::invalid("`m` of the graph", format!("expected 2 to 128, got {}", self.m)));
        }
        for (name, value) in [("ef_construction", self.ef_construction), ("ef", self.ef)] {
            if value == 0 {
                return Err(Error::invalid(format!("`{name}` of the graph"), "expected at least 1, got 0"));
            }
        }
        Ok(())
    }
}
