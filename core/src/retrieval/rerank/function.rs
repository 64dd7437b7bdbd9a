use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::Result;
use crate::retrieval::{Passage, Query, Reranker};

type Function = Arc<dyn Fn(&Query, &Passage) -> f32 + Send + Sync>;

/// A function as a reranker: for tests, and for rules of the caller's own. Copies share the function.
///
/// ```
/// use rushlight::retrieval::FunctionReranker;
///
/// let shortest_first = FunctionReranker::new("shortest", |_, passage| -(passage.text.len() as f32));
/// ```
///
/// The function runs on the async threads and must be quick.
#[derive(Clone)]
pub struct FunctionReranker {
    name: String,
    function: Function,
}

impl FunctionReranker {
    /// A reranker that asks `function` about each passage on its own.
    pub fn new(
        name: impl Into<String>,
        function: impl Fn(&Query, &Passage) -> f32 + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), function: Arc::new(function) }
    }
}

impl fmt::Debug for FunctionReranker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FunctionReranker").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl Reranker for FunctionReranker {
    async fn score(&self, query: &Query, passages: &[Passage]) -> Result<Vec<f32>> {
        Ok(passages.iter().map(|passage| (self.function)(query, passage)).collect())
    }

    fn name(&self) -> &str {
        &self.name
    }
}
