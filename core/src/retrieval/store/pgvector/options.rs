use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::retrieval::Metric;
use crate::setters::setters;
use crate::{Error, Result};

/// Characters of a table's name at most: PostgreSQL cuts names off at 63, and those of its indexes are longer.
const MAX_NAME: usize = 40;

/// Settings of a [`PgVectorStore`](super::PgVectorStore).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PgVectorOptions {
    /// The table, made if it is not there: lower-case letters, digits and `_`, not a digit first, at most 40.
    /// Default `rushlight_vectors`.
    pub table: String,
    /// What nearness means; that of the table for its life. Default the cosine.
    pub metric: Metric,
    /// Neighbours of a node of the graph, 2 to 100; counts when the table is made. Default 16.
    pub m: usize,
    /// Candidates considered for each node while the graph grows, at least twice `m`, at most 1 000; counts when the
    /// table is made. Default 64.
    pub ef_construction: usize,
    /// Candidates considered by a search before the filter, 1 to 1 000. More finds more and takes longer. Default 100.
    pub ef: usize,
    /// Connections at most. Default 8.
    pub connections: usize,
    /// How long a statement, and waiting for a connection, may take. Default 30 s.
    pub timeout: Duration,
    /// A file with the certificates, in PEM, of those who may vouch for the server. Default the public authorities.
    pub certificate: Option<PathBuf>,
}

setters!(PgVectorOptions {
    table: String,
    metric: Metric,
    m: usize,
    ef_construction: usize,
    ef: usize,
    connections: usize,
    timeout: Duration;
    certificate: PathBuf
});

impl Default for PgVectorOptions {
    fn default() -> Self {
        Self {
            table: "rushlight_vectors".to_owned(),
            metric: Metric::Cosine,
            m: 16,
            ef_construction: 64,
            ef: 100,
            connections: 8,
            timeout: Duration::from_secs(30),
            certificate: None,
        }
    }
}

impl PgVectorOptions {
    pub(super) fn check(&self) -> Result<()> {
        let begins_well = self.table.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
        let is_name = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        if !begins_well || !self.table.chars().all(is_name) || self.table.len() > MAX_NAME {
            let message = format!(
                "expected at most {MAX_NAME} lower-case letters, digits and `_`, not a digit first, got {:?}",
                self.table
            );
            return Err(Error::invalid("`table`", message));
        }
        let ranges = [
            ("`m`", self.m, 2..=100),
            ("`ef_construction`", self.ef_construction, self.m.saturating_mul(2)..=1_000),
            ("`ef`", self.ef, 1..=1_000),
            ("`connections`", self.connections, 1..=10_000),
        ];
        for (what, value, range) in ranges {
            if !range.contains(&value) {
                let message = format!("expected {} to {}, got {value}", range.start(), range.end());
                return Err(Error::invalid(what, message));
            }
        }
        if self.timeout < Duration::from_millis(1) || self.timeout.as_millis() > i32::MAX as u128 {
            let message = format!("expected 1 ms to {} ms, got {:?}", i32::MAX, self.timeout);
            return Err(Error::invalid("`timeout`", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_by_a_plain_identifier_only() {
        for name in ["", "Vectors", "1a", "a b", "a\"; drop table users; --", "ä", &"a".repeat(41)] {
            let error = PgVectorOptions::default().table(name.to_owned()).check().expect_err(name);
            assert!(error.to_string().starts_with("invalid `table`: expected at most 40"), "{error}");
        }
        for name in ["vectors", "_a1", &"a".repeat(40)] {
            assert!(PgVectorOptions::default().table(name.to_owned()).check().is_ok(), "{name}");
        }
    }

    #[test]
    fn options_out_of_their_ranges_are_refused() {
        let options = PgVectorOptions::default;
        for wrong in [
            options().m(1),
            options().ef_construction(31),
            options().ef(0),
            options().ef(1_001),
            options().connections(0),
            options().timeout(Duration::ZERO),
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
