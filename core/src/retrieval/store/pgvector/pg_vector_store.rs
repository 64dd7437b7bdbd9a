use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql, Type};

use super::PgVectorOptions;
use super::condition::{Condition, Parameter, can_be_stored};
use super::database::Database;
use super::schema::{self, Comparison};
use crate::retrieval::store::remote::{prepared, settled};
use crate::retrieval::{Filter, Metric, Neighbour, VectorQuery, VectorRow, VectorStore};
use crate::{Error, Result};

/// Values of vectors in one statement at most; a larger upsert is several, in one transaction.
const VALUES_A_STATEMENT: usize = 1 << 20;

/// Vectors in a table of PostgreSQL, with pgvector 0.5 or newer, for many processes and machines.
///
/// The table and its indexes (a graph over the vectors, an inverted one over the fields) are made when a store is opened,
/// and brought up to date by later versions of this crate. Ids of 2⁶³ and more are negative there. Fields and values must
/// not hold zero bytes, which PostgreSQL does not store.
///
/// A search goes through the graph, by the filter or by both, as PostgreSQL plans it; if the graph gives fewer than `k`
/// rows, the search is repeated without it. Clones share their connections.
///
/// # Cancellation
///
/// Dropping the future gives up the answer: the server finishes the statement, and an upsert that was not complete is
/// taken back.
#[derive(Clone)]
pub struct PgVectorStore {
    database: Database,
    dimensions: usize,
    options: Arc<PgVectorOptions>,
}

/// How rows are found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// As the server plans it.
    Planned,
    /// Without the graph.
    Exact,
}

impl PgVectorStore {
    /// A store in the database at `url`, `postgresql://USER:PASSWORD@HOST/DATABASE` or `name=value` pairs as libpq takes
    /// them, for vectors of this length, 1 to 2 000. Makes pgvector available there if it is installed and the user may.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an option out of its range, or a table of other dimensions, another metric or a newer
    /// version; [`Error::Timeout`] or [`Error::Foreign`] if the server does not answer or refuses.
    pub async fn open(url: &str, dimensions: usize, options: PgVectorOptions) -> Result<Self> {
        options.check()?;
        schema::check_dimensions(dimensions)?;
        let database = Database::new(url, &options)?;
        schema::migrate(&database, dimensions, &options).await?;
        Ok(Self { database, dimensions, options: Arc::new(options) })
    }

    /// At most `limit` rows, nearest first.
    async fn nearest(
        &self,
        vector: &[f32],
        filter: Option<&Filter>,
        limit: usize,
        search: Search,
    ) -> Result<Vec<Neighbour>> {
        let condition = Condition::new(filter.unwrap_or(&Filter::All(Vec::new())), 3);
        let operator = Comparison::of(self.options.metric).operator;
        let statement = format!(
            r#"SELECT id, embedding {operator} $1::real[]::vector AS distance FROM "{}" WHERE {} ORDER BY distance LIMIT $2"#,
            self.options.table, condition.sql
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut values: Vec<(&(dyn ToSql + Sync), Type)> =
            vec![(&vector, Type::FLOAT4_ARRAY), (&limit, Type::INT8)];
        values.extend(condition.parameters.iter().map(Parameter::typed));
        let rows = self.select(&statement, &values, search).await?;
        Ok(rows.iter().map(neighbour).collect())
    }

    async fn select(
        &self,
        statement: &str,
        values: &[(&(dyn ToSql + Sync), Type)],
        search: Search,
    ) -> Result<Vec<Row>> {
        let failed = |error| self.database.failed(error);
        let mut client = self.database.client().await?;
        if search == Search::Planned {
            return client.query_typed(statement, values).await.map_err(failed);
        }
        let transaction = client.build_transaction().read_only(true).start().await.map_err(failed)?;
        let without_graph = "SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = on";
        transaction.batch_execute(without_graph).await.map_err(failed)?;
        let rows = transaction.query_typed(statement, values).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(rows)
    }

    /// The statement that stores rows: ids, then all their vectors one after the other, then fields.
    fn insertion(&self) -> String {
        let (table, dimensions) = (&self.options.table, self.dimensions);
        format!(
            r#"INSERT INTO "{table}" (id, embedding, metadata)
            SELECT id, ($2::real[])[(number::int - 1) * {dimensions} + 1 : number::int * {dimensions}]::vector, metadata
            FROM unnest($1::bigint[], $3::jsonb[]) WITH ORDINALITY AS given (id, metadata, number)
            ON CONFLICT (id) DO UPDATE SET embedding = excluded.embedding, metadata = excluded.metadata"#
        )
    }
}

/// The row of an id and a negated score.
fn neighbour(row: &Row) -> Neighbour {
    // A difference, because a negated zero would not be equal to zero.
    Neighbour { id: row.get::<_, i64>(0) as u64, score: (0.0 - row.get::<_, f64>(1)) as f32 }
}

/// Refuses fields that the server would.
fn check_fields(rows: &[VectorRow]) -> Result<()> {
    let mut fields = rows.iter().flat_map(|row| &row.metadata);
    match fields.find(|(field, value)| !can_be_stored(field) || !can_be_stored(value)) {
        Some((field, value)) => {
            let message = format!("expected text without zero bytes, got {value:?}");
            Err(Error::invalid(format!("field {field:?}"), message))
        }
        None => Ok(()),
    }
}

#[async_trait]
impl VectorStore for PgVectorStore {
    async fn upsert(&self, rows: Vec<VectorRow>) -> Result<()> {
        check_fields(&rows)?;
        let mut rows = prepared(self.dimensions, self.options.metric, rows)?;
        if rows.is_empty() {
            return Ok(());
        }
        // All who lock rows do so in the same order, so that nobody waits for each other.
        rows.sort_unstable_by_key(|row| row.id as i64);
        let failed = |error| self.database.failed(error);
        let mut client = self.database.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let statement = self.insertion();
        for rows in rows.chunks((VALUES_A_STATEMENT / self.dimensions).max(1)) {
            let ids: Vec<i64> = rows.iter().map(|row| row.id as i64).collect();
            let vectors: Vec<f32> = rows.iter().flat_map(|row| &row.vector).copied().collect();
            let metadata: Vec<Json<_>> = rows.iter().map(|row| Json(&row.metadata)).collect();
            let values: [(&(dyn ToSql + Sync), Type); 3] =
                [(&ids, Type::INT8_ARRAY), (&vectors, Type::FLOAT4_ARRAY), (&metadata, Type::JSONB_ARRAY)];
            transaction.query_typed(&statement, &values).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn search(&self, query: &VectorQuery) -> Result<Vec<Neighbour>> {
        Metric::check(self.dimensions, &query.vector)?;
        if query.k == 0 {
            return Ok(Vec::new());
        }
        let (vector, filter) = (self.options.metric.prepare(&query.vector), query.filter.as_ref());
        let mut limit = query.k.saturating_add(1);
        loop {
            let mut found = self.nearest(&vector, filter, limit, Search::Planned).await?;
            if found.len() < query.k {
                found = self.nearest(&vector, filter, limit, Search::Exact).await?;
            }
            if let Some(nearest) = settled(&found, query.k, limit) {
                return Ok(nearest);
            }
            limit = limit.saturating_mul(2);
        }
    }

    async fn delete(&self, ids: &[u64]) -> Result<()> {
        let ids: Vec<i64> = ids.iter().map(|id| *id as i64).collect();
        let table = &self.options.table;
        let statement = format!(
            r#"DELETE FROM "{table}" WHERE id IN (SELECT id FROM "{table}" WHERE id = ANY ($1) ORDER BY id FOR UPDATE)"#
        );
        let client = self.database.client().await?;
        let deleted = client.query_typed(&statement, &[(&ids, Type::INT8_ARRAY)]).await;
        deleted.map(drop).map_err(|error| self.database.failed(error))
    }

    async fn count(&self) -> Result<usize> {
        let client = self.database.client().await?;
        let statement = format!(r#"SELECT count(*) FROM "{}""#, self.options.table);
        let rows = client.query_typed(&statement, &[]).await.map_err(|error| self.database.failed(error))?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0) as usize))
    }
}

impl fmt::Debug for PgVectorStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PgVectorStore")
            .field("place", &self.database.place())
            .field("dimensions", &self.dimensions)
            .field("options", &self.options)
            .finish()
    }
}
