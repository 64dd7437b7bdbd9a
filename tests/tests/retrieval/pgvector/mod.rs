//! Vectors in a PostgreSQL that each test program starts for itself.

mod server;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use rushlight::ErrorKind;
use rushlight::retrieval::{
    Filter, FlatStore, Metric, PgVectorOptions, PgVectorStore, VectorQuery, VectorRow, VectorStore,
};
use rushlight_tests::support::filters::{any_filter, any_metadata};
use server::{connect, new_table, url};

/// An empty store of 3 dimensions in a table of its own.
async fn store(metric: Metric) -> PgVectorStore {
    open(url().await, 3, new_table().metric(metric)).await
}

async fn open(url: &str, dimensions: usize, options: PgVectorOptions) -> PgVectorStore {
    PgVectorStore::open(url, dimensions, options).await.unwrap_or_else(|error| panic!("{}", error.chain()))
}

mod by_cosine {
    use super::*;

    rushlight_tests::vector_store_suite!(in_turn: store(Metric::Cosine).await);
}

mod by_dot_product {
    use super::*;

    rushlight_tests::vector_store_suite!(in_turn: store(Metric::Dot).await);
}

mod by_distance {
    use super::*;

    rushlight_tests::vector_store_suite!(in_turn: store(Metric::L2).await);
}

mod by_the_graph {
    use super::*;

    /// A table that is so small is otherwise scanned.
    async fn graph() -> PgVectorStore {
        let url = format!("{} options='-c enable_seqscan=off -c enable_bitmapscan=off'", url().await);
        open(&url, 3, new_table()).await
    }

    rushlight_tests::vector_store_suite!(in_turn: graph().await);
}

/// Vectors around centres that overlap: among tight ones a graph, whose layers are drawn by lot, may come apart.
fn rows(count: u64, dimensions: usize) -> Vec<VectorRow> {
    let mut runner = TestRunner::deterministic();
    let values = proptest::collection::vec(-1.0_f32..1.0, dimensions);
    let mut next = || values.new_tree(&mut runner).unwrap().current();
    let centres: Vec<Vec<f32>> = (0..20).map(|_| next()).collect();
    let near = |centre: &[f32], offset: Vec<f32>| {
        centre.iter().zip(offset).map(|(value, offset)| value + offset).collect()
    };
    (0..count).map(|id| VectorRow::new(id, near(&centres[id as usize % centres.len()], next()))).collect()
}

async fn ids(store: &impl VectorStore, query: &VectorQuery) -> Vec<u64> {
    store.search(query).await.unwrap().iter().map(|neighbour| neighbour.id).collect()
}

#[tokio::test]
async fn the_graph_finds_nearly_all_that_a_scan_finds() {
    const COUNT: u64 = 4_000;
    let options = new_table();
    let table = options.table.clone();
    let served = open(url().await, 16, options).await;
    let exact = FlatStore::new(16, Metric::Cosine);
    let mark = |row: VectorRow| {
        let lang = if row.id % 100 == 7 { "rust" } else { "go" };
        row.field("lang", lang)
    };
    let rows: Vec<VectorRow> = rows(COUNT, 16).into_iter().map(mark).collect();
    served.upsert(rows.clone()).await.unwrap();
    exact.upsert(rows.clone()).await.unwrap();
    let client = connect().await;
    client.batch_execute(&format!("ANALYZE {table}")).await.unwrap();

    let (mut found, mut searched) = (0, 0);
    for row in rows.iter().step_by(79) {
        let query = VectorQuery::new(row.vector.clone(), 10);
        let expected = ids(&exact, &query).await;
        searched += expected.len();
        found += ids(&served, &query).await.iter().filter(|id| expected.contains(id)).count();
        let query = query.filter(Filter::equals("lang", "rust"));
        assert_eq!(ids(&served, &query).await.len(), 10);
    }

    assert!(found * 100 >= searched * 95, "{found} of {searched}");
    let nearest = format!("EXPLAIN SELECT id FROM {table} ORDER BY embedding <#> '{:?}' LIMIT 11", [0.5; 16]);
    let plan = client.query(&nearest, &[]).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    assert!(plan.join("\n").contains(&format!("Index Scan using {table}_embedding")), "{plan:#?}");
}

#[tokio::test]
async fn filters_select_the_rows_that_match() {
    let store = store(Metric::Cosine).await;
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRunner::deterministic().rng().clone());
    let metadata: Vec<_> = (0..60).map(|_| any_metadata().new_tree(&mut runner).unwrap().current()).collect();
    let rows = metadata.iter().enumerate().map(|(id, fields)| {
        let row = VectorRow::new(id as u64, vec![1.0, 0.0, 0.0]);
        fields.iter().fold(row, |row, (field, value)| row.field(field, value))
    });
    store.upsert(rows.collect()).await.unwrap();

    for _ in 0..200 {
        let filter = any_filter().new_tree(&mut runner).unwrap().current();
        let query = VectorQuery::new(vec![1.0, 0.0, 0.0], 100).filter(filter.clone());
        let matching: Vec<u64> = (0..60).filter(|id| filter.matches(&metadata[*id as usize])).collect();
        assert_eq!(ids(&store, &query).await, matching, "{filter:?}");
    }
}

#[tokio::test]
async fn a_table_keeps_its_rows_and_what_it_is_bound_to() {
    let options = new_table();
    let first = open(url().await, 3, options.clone()).await;
    first.upsert(vec![VectorRow::new(u64::MAX, vec![1.0, 0.0, 0.0])]).await.unwrap();
    drop(first);

    let again = open(url().await, 3, options.clone()).await;
    assert_eq!(ids(&again, &VectorQuery::new(vec![0.0, 1.0, 0.0], 5)).await, [u64::MAX]);
    let refusal = async |dimensions, options| {
        let refused = PgVectorStore::open(url().await, dimensions, options).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid);
        refused.to_string()
    };
    let table = &options.table;
    assert_eq!(
        refusal(4, options.clone()).await,
        format!("invalid `dimensions`: expected 3, which `{table}` has, got 4")
    );
    assert_eq!(
        refusal(3, options.clone().metric(Metric::L2)).await,
        format!("invalid `metric`: expected `cosine`, which `{table}` has, got `l2`")
    );
    let newer = "UPDATE rushlight_vector_tables SET version = 99 WHERE name = $1";
    connect().await.execute(newer, &[table]).await.unwrap();
    let refused = refusal(3, options.clone()).await;
    assert!(refused.ends_with(&format!("or older of `{table}`, got 99")), "{refused}");
}

#[tokio::test]
async fn of_many_who_open_a_table_one_makes_it() {
    let options = new_table();

    let opened = (0..6).map(|_| async { open(url().await, 3, options.clone()).await });
    let stores = futures::future::join_all(opened).await;

    stores[0].upsert(vec![VectorRow::new(1, vec![1.0, 0.0, 0.0])]).await.unwrap();
    assert_eq!(stores[5].count().await.unwrap(), 1);
}

#[tokio::test]
async fn an_upsert_of_several_statements_is_stored_whole_or_not_at_all() {
    const DIMENSIONS: usize = 2_000;
    let store = open(url().await, DIMENSIONS, new_table().m(4).ef_construction(8)).await;
    let mut rows = rows(600, DIMENSIONS);
    let last = rows.pop().unwrap();

    let refused = store.upsert([rows.clone(), vec![last.clone().field("a", "b\0")]].concat()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(store.count().await.unwrap(), 0);

    store.upsert([rows, vec![last]].concat()).await.unwrap();
    assert_eq!(store.count().await.unwrap(), 600);
}

#[tokio::test]
async fn rows_that_two_programs_write_at_once_are_not_mixed() {
    let options = new_table();
    let (left, right) = (open(url().await, 3, options.clone()).await, open(url().await, 3, options).await);
    let rows = |value: f32| (0..50).map(|id| VectorRow::new(id, vec![value, 1.0, 0.0])).collect::<Vec<_>>();
    let reversed = |value: f32| rows(value).into_iter().rev().collect::<Vec<_>>();
    let all: Vec<u64> = (0..50).collect();

    for _ in 0..10 {
        let changes = (left.upsert(rows(1.0)), right.upsert(reversed(-1.0)), right.delete(&all));
        let (one, two, three) = futures::join!(changes.0, changes.1, changes.2);
        one.and(two).and(three).unwrap_or_else(|error| panic!("{}", error.chain()));

        let scores = left.search(&VectorQuery::new(vec![1.0, 0.0, 0.0], 50)).await.unwrap();
        let positive = scores.iter().filter(|neighbour| neighbour.score > 0.0).count();
        assert!(positive == 0 || positive == scores.len(), "{positive} of {}", scores.len());
    }
}

#[tokio::test]
async fn no_message_tells_the_password() {
    for url in [
        "postgresql://user:sesame@127.0.0.1:1/database",
        "postgresql://user:sesame@host:port/database",
        "password=sesame host=127.0.0.1 hots=b",
        "sesame",
    ] {
        let error = PgVectorStore::open(url, 3, PgVectorOptions::default()).await.unwrap_err();

        let all = format!("{} {error:?}", error.chain());
        assert!(!all.contains("sesame"), "{all}");
    }
    let url = format!("{} password=sesame", url().await);
    assert!(!format!("{:?}", open(&url, 3, new_table()).await).contains("sesame"));
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_a_timeout() {
    let store = open(url().await, 3, new_table().timeout(std::time::Duration::from_millis(300))).await;
    let client = connect().await;
    client.batch_execute(&format!("BEGIN; LOCK TABLE {}", table_of(&store))).await.unwrap();

    let error = store.count().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Timeout, "{}", error.chain());
    assert!(error.is_retryable());
}

fn table_of(store: &PgVectorStore) -> String {
    let shown = format!("{store:?}");
    shown.split("table: \"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}
