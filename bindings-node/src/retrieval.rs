use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use napi::bindgen_prelude::{Env, Function, PromiseRaw};
use napi_derive::napi;
use rushlight::retrieval::{IngestOptions, IngestProgress, KnowledgeBaseOptions, SearchMode, WebOptions};
use rushlight::{Error, Query, Result};
use serde::Serialize;

use crate::callback::JsProgress;
use crate::convert::{from_json, options_from_json, to_json};
use crate::embedder::Embedder;
use crate::runtime::{Apart, Cancellation, now, promise};

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

    /// Brings the store up to date with the files under a directory; with options as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn ingest_dir<'env>(
        &self,
        env: &'env Env,
        dir: String,
        options: String,
        progress: Function<'_, String, ()>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let base = now(*env, || self.opened())?;
        Self::watched(env, &progress, cancellation, move |tell| async move {
            let options: IngestOptions = options_from_json("ingest options", &options, &[])?;
            base.ingest_dir_with(dir, options, tell).await
        })
    }

    /// Brings the store up to date with a web page or site; with options as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn ingest_url<'env>(
        &self,
        env: &'env Env,
        url: String,
        options: String,
        progress: Function<'_, String, ()>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let base = now(*env, || self.opened())?;
        Self::watched(env, &progress, cancellation, move |tell| async move {
            let options: WebOptions = options_from_json("web options", &options, &["timeout"])?;
            base.ingest_url(&url, options, tell).await
        })
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
        Self::watched(env, &progress, cancellation, move |tell| async move {
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
        Self::watched(env, &progress, cancellation, move |tell| async move {
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

    /// Makes the store's files as small as they can be; gives the report as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn compact<'env>(
        &self,
        env: &'env Env,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let base = now(*env, || self.opened())?;
        promise(env, cancellation.cancelled(), async move { to_json(&base.compact().await?) })
    }

    /// Writes everything that is stored to a file; gives nothing, as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn export_to<'env>(
        &self,
        env: &'env Env,
        path: String,
        progress: Function<'_, String, ()>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let base = now(*env, || self.opened())?;
        Self::watched(
            env,
            &progress,
            cancellation,
            move |tell| async move { base.export_to(path, tell).await },
        )
    }

    /// Stores what such a file holds; gives the report as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn import_from<'env>(
        &self,
        env: &'env Env,
        path: String,
        progress: Function<'_, String, ()>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let base = now(*env, || self.opened())?;
        Self::watched(
            env,
            &progress,
            cancellation,
            move |tell| async move { base.import_from(path, tell).await },
        )
    }

    /// What the store in a directory holds, without opening it, as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn inspect<'env>(
        env: &'env Env,
        dir: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        promise(env, cancellation.cancelled(), async move {
            to_json(&rushlight::KnowledgeBase::inspect(dir).await?)
        })
    }

    /// Looks at everything that the store in a directory holds; gives what it found as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn check<'env>(
        env: &'env Env,
        dir: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        promise(env, cancellation.cancelled(), async move {
            to_json(&rushlight::KnowledgeBase::check(dir).await?)
        })
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

    /// Does work that tells how far it is, and gives its outcome as JSON text; every progress has arrived before the
    /// promise is settled.
    fn watched<'env, T, F>(
        env: &'env Env,
        progress: &Function<'_, String, ()>,
        cancellation: &Cancellation,
        work: impl FnOnce(Tell) -> F,
    ) -> napi::Result<PromiseRaw<'env, String>>
    where
        T: Serialize + Send,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let progress = Arc::new(JsProgress::new(progress)?);
        let teller = Arc::clone(&progress);
        let work = work(Box::new(move |step| {
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
