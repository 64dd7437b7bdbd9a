use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use napi::bindgen_prelude::{ClassInstance, Env, Float32Array, Function, PromiseRaw};
use napi_derive::napi;
use rushlight::retrieval::{IngestProgress, IngestReport, KnowledgeBaseOptions, SearchMode};
use rushlight::{Error, Query, Result};

use crate::callback::{JsProgress, Method};
use crate::convert::{from_json, options_from_json, to_json};
use crate::own::JsEmbedder;
use crate::runtime::{Apart, Cancellation, now, promise};

/// An embedder of any kind.
#[napi]
pub struct Embedder {
    embedder: Arc<dyn rushlight::Embedder>,
}

#[napi]
impl Embedder {
    /// Loads a sentence encoder of this machine by name or path.
    #[napi(ts_return_type = "Promise<Embedder>")]
    pub fn open<'env>(
        env: &'env Env,
        name_or_path: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Self>> {
        promise(env, cancellation.cancelled(), async move {
            Ok(Self { embedder: Arc::new(rushlight::LocalEmbedder::open(&name_or_path).await?) })
        })
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
        count_tokens: Option<ClassInstance<'_, Method>>,
    ) -> Self {
        let count_tokens = count_tokens.map(|method| (*method).clone());
        let embedder = JsEmbedder::new(name, dimensions, max_tokens, embed.clone(), count_tokens);
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

    /// The vectors of texts.
    #[napi(ts_return_type = "Promise<Array<Float32Array>>")]
    pub fn embed<'env>(
        &self,
        env: &'env Env,
        texts: Vec<String>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Vec<Float32Array>>> {
        let embedder = Arc::clone(&self.embedder);
        promise(env, cancellation.cancelled(), async move {
            Ok(embedder.embed(texts).await?.into_iter().map(Float32Array::new).collect())
        })
    }
}

/// A knowledge base that `open` opens with an embedder and with options, which are JSON text.
fn opened<'env, Base>(
    env: &'env Env,
    embedder: &Embedder,
    options: String,
    cancellation: &Cancellation,
    open: impl FnOnce(Arc<dyn rushlight::Embedder>, KnowledgeBaseOptions) -> Base + Send + 'static,
) -> napi::Result<PromiseRaw<'env, KnowledgeBase>>
where
    Base: Future<Output = rushlight::Result<rushlight::KnowledgeBase>> + Send,
{
    let embedder = Arc::clone(&embedder.embedder);
    promise(env, cancellation.cancelled(), async move {
        let options = options_from_json("knowledge base options", &options, &[])?;
        Ok(KnowledgeBase { base: Some(Apart::new(open(embedder, options).await?)) })
    })
}

/// The user's documents.
#[napi]
pub struct KnowledgeBase {
    base: Option<Apart<rushlight::KnowledgeBase>>,
}

#[napi]
impl KnowledgeBase {
    /// Opens the store in a directory, or makes one; with options as JSON text.
    #[napi(ts_return_type = "Promise<KnowledgeBase>")]
    pub fn open<'env>(
        env: &'env Env,
        dir: String,
        embedder: &Embedder,
        options: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Self>> {
        opened(env, embedder, options, cancellation, |embedder, options| {
            rushlight::KnowledgeBase::open_with(dir, embedder, options)
        })
    }

    /// Opens an existing store for searching only.
    #[napi(ts_return_type = "Promise<KnowledgeBase>")]
    pub fn open_read_only<'env>(
        env: &'env Env,
        dir: String,
        embedder: &Embedder,
        options: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Self>> {
        opened(env, embedder, options, cancellation, |embedder, options| {
            rushlight::KnowledgeBase::open_read_only(dir, embedder, options)
        })
    }

    /// An empty store in memory.
    #[napi(ts_return_type = "Promise<KnowledgeBase>")]
    pub fn in_memory<'env>(
        env: &'env Env,
        embedder: &Embedder,
        options: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Self>> {
        opened(env, embedder, options, cancellation, |embedder, options| {
            rushlight::KnowledgeBase::in_memory_with(embedder, options)
        })
    }

    /// Brings the store up to date with the files under a directory.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn ingest_dir<'env>(
        &self,
        env: &'env Env,
        dir: String,
        progress: Function<'_, String, ()>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let base = now(*env, || self.opened())?;
        Self::ingesting(
            env,
            &progress,
            cancellation,
            move |tell| async move { base.ingest_dir(dir, tell).await },
        )
    }

    /// Brings the store up to date with these files.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn ingest_files<'env>(
        &self,
        env: &'env Env,
        files: Vec<String>,
        progress: Function<'_, String, ()>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let base = now(*env, || self.opened())?;
        let files = files.into_iter().map(PathBuf::from).collect();
        Self::ingesting(env, &progress, cancellation, move |tell| async move {
            base.ingest_files(files, tell).await
        })
    }

    /// Stores documents, given as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn ingest<'env>(
        &self,
        env: &'env Env,
        documents: String,
        progress: Function<'_, String, ()>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let base = now(*env, || self.opened())?;
        Self::ingesting(env, &progress, cancellation, move |tell| async move {
            base.ingest(from_json("documents", &documents)?, tell).await
        })
    }

    /// Removes documents and gives how many there were.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn delete<'env>(
        &self,
        env: &'env Env,
        sources: Vec<String>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, u32>> {
        let base = now(*env, || self.opened())?;
        promise(env, cancellation.cancelled(), async move {
            Ok(u32::try_from(base.delete(&sources).await?).unwrap_or(u32::MAX))
        })
    }

    /// The best passages as JSON text; `mode` as JSON text too, or null for the store's own.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn retrieve<'env>(
        &self,
        env: &'env Env,
        query: String,
        mode: Option<String>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let base = now(*env, || self.opened())?;
        promise(env, cancellation.cancelled(), async move {
            let query: Query = from_json("query", &query)?;
            let mode: Option<SearchMode> = mode.map(|mode| from_json("mode", &mode)).transpose()?;
            let passages = match mode {
                Some(mode) => base.search(&query, mode).await?,
                None => rushlight::Retriever::retrieve(&base, &query).await?,
            };
            to_json(&passages)
        })
    }

    /// Waits until the graph covers every chunk.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn rebuild<'env>(
        &self,
        env: &'env Env,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let base = now(*env, || self.opened())?;
        promise(env, cancellation.cancelled(), async move { base.rebuild().await })
    }

    /// What is stored and how it is searched, as JSON text.
    #[napi]
    pub fn info(&self, env: Env) -> napi::Result<String> {
        now(env, || to_json(&self.opened()?.info()))
    }

    /// The number of chunks.
    #[napi(getter)]
    pub fn chunks(&self, env: Env) -> napi::Result<u32> {
        now(env, || Ok(u32::try_from(self.opened()?.len()).unwrap_or(u32::MAX)))
    }

    /// The number of documents.
    #[napi(getter)]
    pub fn documents(&self, env: Env) -> napi::Result<u32> {
        now(env, || Ok(u32::try_from(self.opened()?.documents()).unwrap_or(u32::MAX)))
    }

    /// Lets go of the store; later calls are refused.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close<'env>(&mut self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let base = self.base.take();
        promise(env, std::future::pending(), async move {
            match base {
                Some(base) => base.dropped().await,
                None => Ok(()),
            }
        })
    }
}

impl KnowledgeBase {
    /// Another handle of the store.
    pub(crate) fn opened(&self) -> Result<rushlight::KnowledgeBase> {
        self.base.as_deref().cloned().ok_or(Error::Stopped { what: "the knowledge base" })
    }

    /// Runs an ingest; every progress has arrived before the promise is settled.
    fn ingesting<'env, F>(
        env: &'env Env,
        progress: &Function<'_, String, ()>,
        cancellation: &Cancellation,
        ingest: impl FnOnce(Tell) -> F,
    ) -> napi::Result<PromiseRaw<'env, String>>
    where
        F: Future<Output = Result<IngestReport>> + Send + 'static,
    {
        let progress = Arc::new(JsProgress::new(progress)?);
        let teller = Arc::clone(&progress);
        let work = ingest(Box::new(move |step| {
            if let Ok(json) = to_json(&step) {
                teller.tell(json);
            }
        }));
        promise(env, cancellation.cancelled(), async move {
            let outcome = work.await;
            progress.arrived().await;
            to_json(&outcome?)
        })
    }
}

type Tell = Box<dyn Fn(IngestProgress) + Send + Sync>;
