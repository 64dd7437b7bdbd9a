use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use rushlight::{LocalReranker, Passage, Query, Result};

use crate::callback::Method;
use crate::convert::from_json;
use crate::runtime::{Cancellation, promise};

/// What puts passages in a new order.
#[napi]
pub struct Reranker {
    pub(crate) reranker: Arc<dyn rushlight::Reranker>,
}

#[napi]
impl Reranker {
    /// Opens a cross-encoder by its name or the path of its directory.
    #[napi(ts_return_type = "Promise<Reranker>")]
    pub fn open<'env>(
        env: &'env Env,
        name_or_path: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Self>> {
        promise(env, cancellation.cancelled(), async move {
            Ok(Self { reranker: Arc::new(LocalReranker::open(&name_or_path).await?) })
        })
    }

    /// A reranker of the caller's own, by its method.
    #[napi(factory)]
    pub fn own(name: String, score: &Method) -> Self {
        Self { reranker: Arc::new(JsReranker { name, score: score.clone() }) }
    }

    /// The reranker's identity.
    #[napi(getter)]
    pub fn name(&self) -> String {
        self.reranker.name().to_owned()
    }

    /// One number for each passage, which are JSON text.
    #[napi(ts_return_type = "Promise<Array<number>>")]
    pub fn score<'env>(
        &self,
        env: &'env Env,
        question: String,
        passages: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Vec<f64>>> {
        let reranker = Arc::clone(&self.reranker);
        promise(env, cancellation.cancelled(), async move {
            let passages: Vec<Passage> = from_json("passages", &passages)?;
            let scores = reranker.score(&Query::new(question), &passages).await?;
            Ok(scores.into_iter().map(f64::from).collect())
        })
    }
}

/// A JavaScript object with `score(question, passages)` as a reranker.
struct JsReranker {
    name: String,
    score: Method,
}

impl fmt::Debug for JsReranker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("JsReranker").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl rushlight::Reranker for JsReranker {
    async fn score(&self, query: &Query, passages: &[Passage]) -> Result<Vec<f32>> {
        self.score.call("the reranker", &(&query.text, passages)).await
    }

    fn name(&self) -> &str {
        &self.name
    }
}
