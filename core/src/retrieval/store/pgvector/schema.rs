use tokio_postgres::Transaction;
use tokio_postgres::types::Type;

use super::PgVectorOptions;
use super::database::Database;
use crate::retrieval::Metric;
use crate::{Error, Result};

/// Which vector tables there are, and what they are bound to for their lives.
const REGISTRY: &str = "
CREATE TABLE rushlight_vector_tables (
    name text PRIMARY KEY,
    version integer NOT NULL, -- of its schema: the number of migrations that it has seen
    dimensions integer NOT NULL,
    metric text NOT NULL
)";

/// Held while a schema is looked at and changed, so that of two programs that open a table one makes it: "RSHL".
const LOCK: &str = "SELECT pg_advisory_xact_lock(1381189708)";

/// The oldest pgvector that has the graph.
const OLDEST: [u32; 2] = [0, 5];

/// Dimensions at most: more do not fit a page of the graph.
const MAX_DIMENSIONS: usize = 2_000;

/// How the vectors of a metric are compared in SQL. Those of the cosine have length 1, or 0, which the graph of pgvector's own
/// cosine leaves out.
pub(super) struct Comparison {
    /// The operator that gives the negated score.
    pub(super) operator: &'static str,
    class: &'static str,
    name: &'static str,
}

impl Comparison {
    pub(super) fn of(metric: Metric) -> Self {
        let (operator, class, name) = match metric {
            Metric::Cosine => ("<#>", "vector_ip_ops", "cosine"),
            Metric::Dot => ("<#>", "vector_ip_ops", "dot"),
            Metric::L2 => ("<->", "vector_l2_ops", "l2"),
        };
        Self { operator, class, name }
    }
}

/// What brings a table from each version to the next, from none on. A migration that was published is never changed.
fn migrations(dimensions: usize, options: &PgVectorOptions) -> [String; 1] {
    let PgVectorOptions { table, m, ef_construction, metric, .. } = options;
    let class = Comparison::of(*metric).class;
    [format!(
        r#"
        CREATE TABLE "{table}" (
            id bigint PRIMARY KEY, -- the bits of an unsigned one
            embedding vector({dimensions}) NOT NULL,
            metadata jsonb NOT NULL
        );
        CREATE INDEX "{table}_embedding" ON "{table}" USING hnsw (embedding {class})
            WITH (m = {m}, ef_construction = {ef_construction});
        CREATE INDEX "{table}_metadata" ON "{table}" USING gin (metadata jsonb_path_ops);
        "#
    )]
}

/// Refuses vectors that no table can hold.
pub(super) fn check_dimensions(dimensions: usize) -> Result<()> {
    if (1..=MAX_DIMENSIONS).contains(&dimensions) {
        return Ok(());
    }
    Err(Error::invalid("`dimensions`", format!("expected 1 to {MAX_DIMENSIONS}, got {dimensions}")))
}

/// Makes the table, or brings it to the newest version; all of it or nothing. A table that is up to date is only read.
pub(super) async fn migrate(database: &Database, dimensions: usize, options: &PgVectorOptions) -> Result<()> {
    let mut client = database.fresh_client().await?;
    let failed = |error| database.failed(error);
    let transaction = client.transaction().await.map_err(failed)?;
    transaction.batch_execute(LOCK).await.map_err(failed)?;
    extension(database, &transaction).await?;

    let migrations = migrations(dimensions, options);
    let latest = migrations.len();
    let version = match registered(database, &transaction, &options.table).await? {
        Some(table) => table.check(dimensions, options, latest)?,
        None => 0,
    };
    for (at, migration) in migrations.iter().enumerate().skip(version) {
        transaction.batch_execute(migration).await.map_err(failed)?;
        register(&transaction, at + 1, dimensions, options).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

/// Makes sure that there is a pgvector, and that it has the graph.
async fn extension(database: &Database, transaction: &Transaction<'_>) -> Result<()> {
    let failed = |error| database.failed(error);
    let ask = "SELECT extversion FROM pg_extension WHERE extname = 'vector'";
    let mut found = transaction.query_typed(ask, &[]).await.map_err(failed)?;
    if found.is_empty() {
        transaction.batch_execute("CREATE EXTENSION vector").await.map_err(failed)?;
        found = transaction.query_typed(ask, &[]).await.map_err(failed)?;
    }
    let version: String = found.first().map(|row| row.get(0)).unwrap_or_default();
    let numbers: Vec<u32> = version.split('.').map_while(|number| number.parse().ok()).collect();
    if numbers.as_slice() < OLDEST.as_slice() {
        return Err(database.refused(format!("expected pgvector 0.5 or newer, got `{version}`")));
    }
    Ok(())
}

/// What is known about a table.
struct Registered {
    version: usize,
    dimensions: usize,
    metric: String,
}

impl Registered {
    /// Its version, if it can be used with these settings.
    fn check(&self, dimensions: usize, options: &PgVectorOptions, latest: usize) -> Result<usize> {
        let table = &options.table;
        if self.version > latest {
            let message = format!("expected version {latest} or older of `{table}`, got {}", self.version);
            return Err(Error::invalid("version of the vector table", message));
        }
        if self.dimensions != dimensions {
            let message = format!("expected {}, which `{table}` has, got {dimensions}", self.dimensions);
            return Err(Error::invalid("`dimensions`", message));
        }
        let metric = Comparison::of(options.metric).name;
        if self.metric != metric {
            let message = format!("expected `{}`, which `{table}` has, got `{metric}`", self.metric);
            return Err(Error::invalid("`metric`", message));
        }
        Ok(self.version)
    }
}

async fn registered(
    database: &Database,
    transaction: &Transaction<'_>,
    table: &str,
) -> Result<Option<Registered>> {
    let failed = |error| database.failed(error);
    let ask = "SELECT to_regclass('rushlight_vector_tables') IS NOT NULL";
    let has_registry = transaction.query_typed(ask, &[]).await.map_err(failed)?;
    if !has_registry.iter().any(|row| row.get(0)) {
        transaction.batch_execute(REGISTRY).await.map_err(failed)?;
    }
    let ask = "SELECT version, dimensions, metric FROM rushlight_vector_tables WHERE name = $1";
    let found = transaction.query_typed(ask, &[(&table, Type::TEXT)]).await.map_err(failed)?;
    Ok(found.first().map(|row| Registered {
        version: row.get::<_, i32>(0) as usize,
        dimensions: row.get::<_, i32>(1) as usize,
        metric: row.get(2),
    }))
}

async fn register(
    transaction: &Transaction<'_>,
    version: usize,
    dimensions: usize,
    options: &PgVectorOptions,
) -> Result<(), tokio_postgres::Error> {
    let keep = "INSERT INTO rushlight_vector_tables (name, version, dimensions, metric) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (name) DO UPDATE SET version = excluded.version";
    let (version, dimensions) = (version as i32, dimensions as i32);
    let metric = Comparison::of(options.metric).name;
    let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 4] = [
        (&options.table, Type::TEXT),
        (&version, Type::INT4),
        (&dimensions, Type::INT4),
        (&metric, Type::TEXT),
    ];
    transaction.query_typed(keep, &values).await.map(drop)
}
