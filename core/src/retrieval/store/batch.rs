use rushlight_kernels::for_each;

use crate::Result;
use crate::retrieval::{Neighbour, VectorQuery, VectorStore};

/// What `store` finds for each query.
pub(in crate::retrieval) async fn one_by_one<S: VectorStore + ?Sized>(
    store: &S,
    queries: &[VectorQuery],
) -> Result<Vec<Vec<Neighbour>>> {
    let mut found = Vec::with_capacity(queries.len());
    for query in queries {
        found.push(store.search(query).await?);
    }
    Ok(found)
}

/// What `find` gives for each query, found by all threads.
pub(super) fn on_all_threads(
    queries: &[VectorQuery],
    find: impl Fn(&VectorQuery) -> Result<Vec<Neighbour>> + Sync,
) -> Result<Vec<Vec<Neighbour>>> {
    let mut found: Vec<_> = queries.iter().map(|query| (query, Ok(Vec::new()))).collect();
    for_each(found.iter_mut().collect(), |(query, found)| *found = find(query));
    found.into_iter().map(|(_, found)| found).collect()
}
