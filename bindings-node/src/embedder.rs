use std::sync::Arc;

use napi::bindgen_prelude::{ClassInstance, Env, Float32Array, PromiseRaw};
use napi_derive::napi;
use rushlight::CachedEmbedder;

use crate::cache::MemoryCache;
use crate::callback::Method;
use crate::convert::options_from_json;
use crate::own::{JsCache, JsEmbedder};
use crate::runtime::{Cancellation, promise};

/// An embedder of any kind.
#[napi]
pub struct Embedder {
    pub(crate) embedder: Arc<dyn rushlight::Embedder>,
}

#[napi]
impl Embedder {
    /// Loads a sentence encoder of this machine by name or path; with options as JSON text.
    #[napi(ts_return_type = "Promise<Embedder>")]
    pub fn open<'env>(
        env: &'env Env,
        name_or_path: String,
        options: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Self>> {
        promise(env, cancellation.cancelled(), async move {
            let options = options_from_json("embedder options", &options, &[])?;
            let embedder = rushlight::LocalEmbedder::open_with(&name_or_path, options).await?;
            Ok(Self { embedder: Arc::new(embedder) })
        })
    }

    /// A model of a server; with options as JSON text.
    #[napi(ts_return_type = "Promise<Embedder>")]
    pub fn remote<'env>(
        env: &'env Env,
        url: String,
        model: String,
        options: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Self>> {
        promise(env, cancellation.cancelled(), async move {
            let options = options_from_json("embedder options", &options, &["timeout"])?;
            let embedder = rushlight::RemoteEmbedder::open(&url, &model, options).await?;
            Ok(Self { embedder: Arc::new(embedder) })
        })
    }

    /// An embedder whose vectors of passages are kept.
    #[napi(factory)]
    pub fn cached(embedder: &Embedder, cache: &MemoryCache) -> Self {
        let embedder = Arc::clone(&embedder.embedder);
        Self { embedder: Arc::new(CachedEmbedder::new(embedder, cache.cache.clone())) }
    }

    /// The same with a cache of the caller's own, by its methods.
    #[napi(factory)]
    pub fn cached_by(embedder: &Embedder, get: &Method, put: &Method, remove: &Method) -> Self {
        let embedder = Arc::clone(&embedder.embedder);
        let cache = JsCache::new(get.clone(), put.clone(), remove.clone());
        Self { embedder: Arc::new(CachedEmbedder::new(embedder, cache)) }
    }

    /// An embedder without a model.
    #[napi(factory)]
    pub fn hashed(dimensions: u32) -> Self {
        Self { embedder: Arc::new(rushlight::HashedEmbedder::new(dimensions as usize)) }
    }

    /// An embedder of the caller's own, by its methods.
    #[napi(factory)]
    pub fn own(
        name: String,
        dimensions: u32,
        max_tokens: Option<u32>,
        embed: &Method,
        embed_queries: Option<ClassInstance<'_, Method>>,
        count_tokens: Option<ClassInstance<'_, Method>>,
    ) -> Self {
        let [embed_queries, count_tokens] =
            [embed_queries, count_tokens].map(|method| method.map(|method| (*method).clone()));
        let embed_queries = embed_queries.unwrap_or_else(|| embed.clone());
        let embedder =
            JsEmbedder::new(name, dimensions, max_tokens, embed.clone(), embed_queries, count_tokens);
        Self { embedder: Arc::new(embedder) }
    }

    /// The embedder's identity.
    #[napi(getter)]
    pub fn name(&self) -> String {
        self.embedder.name().to_owned()
    }

    /// Length of every vector.
    #[napi(getter)]
    pub fn dimensions(&self) -> u32 {
        u32::try_from(self.embedder.dimensions()).unwrap_or(u32::MAX)
    }

    /// How many tokens of a text count.
    #[napi(getter)]
    pub fn max_tokens(&self) -> u32 {
        u32::try_from(self.embedder.max_tokens()).unwrap_or(u32::MAX)
    }

    /// The vectors of passages.
    #[napi(ts_return_type = "Promise<Array<Float32Array>>")]
    pub fn embed<'env>(
        &self,
        env: &'env Env,
        texts: Vec<String>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Vec<Float32Array>>> {
        let embedder = Arc::clone(&self.embedder);
        promise(env, cancellation.cancelled(), async move { Ok(arrays(embedder.embed(texts).await?)) })
    }

    /// The vectors of questions.
    #[napi(ts_return_type = "Promise<Array<Float32Array>>")]
    pub fn embed_queries<'env>(
        &self,
        env: &'env Env,
        texts: Vec<String>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Vec<Float32Array>>> {
        let embedder = Arc::clone(&self.embedder);
        promise(
            env,
            cancellation.cancelled(),
            async move { Ok(arrays(embedder.embed_queries(texts).await?)) },
        )
    }
}

fn arrays(vectors: Vec<Vec<f32>>) -> Vec<Float32Array> {
    vectors.into_iter().map(Float32Array::new).collect()
}
