use std::sync::Arc;

use napi::bindgen_prelude::{ClassInstance, Env, PromiseRaw};
use napi_derive::napi;
use rushlight::{Query, Result, Retriever, RetrieverOptions};

use crate::convert::{from_json, options_from_json, to_json};
use crate::reranker::Reranker;
use crate::retrieval::KnowledgeBase;
use crate::runtime::{Cancellation, now, promise};

/// The stages in which a knowledge base is searched. It does not hold the base, which closing lets go of.
#[napi]
pub struct KnowledgeRetriever {
    options: RetrieverOptions,
    reranker: Option<Arc<dyn rushlight::Reranker>>,
}

#[napi]
impl KnowledgeRetriever {
    /// Checks options, which are JSON text.
    #[napi(constructor)]
    pub fn new(
        env: Env,
        base: &KnowledgeBase,
        options: String,
        reranker: Option<ClassInstance<'_, Reranker>>,
    ) -> napi::Result<Self> {
        now(env, || {
            let options = options_from_json("retriever options", &options, &[])?;
            let reranker = reranker.map(|given| Arc::clone(&given.reranker));
            let retriever = Self { options, reranker };
            retriever.of(base)?;
            Ok(retriever)
        })
    }

    /// The best passages of a base as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn retrieve<'env>(
        &self,
        env: &'env Env,
        base: &KnowledgeBase,
        query: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let retriever = now(*env, || self.of(base))?;
        promise(env, cancellation.cancelled(), async move {
            let query: Query = from_json("query", &query)?;
            to_json(&retriever.retrieve(&query).await?)
        })
    }
}

impl KnowledgeRetriever {
    /// The retriever of a base.
    pub(crate) fn of(&self, base: &KnowledgeBase) -> Result<rushlight::KnowledgeRetriever> {
        let retriever = base.opened()?.retriever(self.options.clone())?;
        Ok(match &self.reranker {
            Some(reranker) => retriever.reranker(Arc::clone(reranker)),
            None => retriever,
        })
    }
}
