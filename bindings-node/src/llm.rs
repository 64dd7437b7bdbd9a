use std::sync::Arc;

use napi::bindgen_prelude::{ClassInstance, Env, Function, PromiseRaw};
use napi_derive::napi;
use rushlight::llm::{LoadProgress, LocalLlmOptions};
use serde_json::json;

use crate::callback::{JsProgress, Method};
use crate::convert::{duration, from_json, options_from_json, to_json};
use crate::own::JsLlm;
use crate::runtime::{Apart, Cancellation, compute, now, promise};

/// A language model of any kind.
#[napi]
pub struct Llm {
    pub(crate) llm: Apart<Arc<dyn rushlight::Llm>>,
    local: Apart<Option<rushlight::LocalLlm>>,
}

#[napi]
impl Llm {
    /// Loads a model of this machine by name or path, with options as JSON text.
    #[napi(ts_return_type = "Promise<Llm>")]
    pub fn open<'env>(
        env: &'env Env,
        name_or_path: String,
        options: String,
        progress: Function<'_, String, ()>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Self>> {
        let progress = Arc::new(JsProgress::new(&progress)?);
        promise(env, cancellation.cancelled(), async move {
            let options = local_options(&options)?;
            let teller = Arc::clone(&progress);
            let tell = move |progress: &LoadProgress<'_>| {
                let LoadProgress { model, stage, done, total, .. } = *progress;
                let step = json!({ "model": model, "stage": stage, "done": done, "total": total });
                teller.tell(step.to_string());
            };
            let local = rushlight::LocalLlm::open_with_progress(&name_or_path, options, tell).await;
            progress.arrived().await;
            local.map(Self::of)
        })
    }

    /// What a model's file says about it, as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn inspect<'env>(
        env: &'env Env,
        name_or_path: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        promise(env, cancellation.cancelled(), async move {
            to_json(&rushlight::LocalLlm::inspect(&name_or_path).await?)
        })
    }

    /// What a model would take of memory with options as JSON text, as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn estimate_memory<'env>(
        env: &'env Env,
        name_or_path: String,
        options: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        promise(env, cancellation.cancelled(), async move {
            let options = local_options(&options)?;
            let memory = rushlight::LocalLlm::estimate_memory(&name_or_path, options).await?;
            let mut json = json!(memory);
            json["total"] = memory.total().into();
            Ok(json.to_string())
        })
    }

    /// Loads the model if it is not loaded.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn load<'env>(
        &self,
        env: &'env Env,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let local = rushlight::LocalLlm::clone(self.local()?);
        promise(env, cancellation.cancelled(), async move { local.load().await })
    }

    /// Gives back the model's memory and threads.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn unload<'env>(
        &self,
        env: &'env Env,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let local = rushlight::LocalLlm::clone(self.local()?);
        promise(env, cancellation.cancelled(), async move { local.unload().await })
    }

    /// Keeps the model in memory for this many milliseconds.
    #[napi]
    pub fn pin_for(&self, env: Env, milliseconds: f64) -> napi::Result<()> {
        let local = self.local()?;
        now(env, || {
            local.pin_for(duration("milliseconds", milliseconds)?);
            Ok(())
        })
    }

    /// Whether a model of this machine is in memory and what computes it, as JSON text.
    #[napi]
    pub fn status(&self, env: Env) -> napi::Result<String> {
        now(env, || to_json(&self.local.as_ref().map(rushlight::LocalLlm::status)))
    }

    /// A model of a server, with options as JSON text.
    #[napi(factory)]
    pub fn remote(env: Env, url: String, model: String, options: String) -> napi::Result<Self> {
        now(env, || {
            let options = options_from_json("model options", &options, &["timeout", "idle_timeout"])?;
            rushlight::RemoteLlm::new(&url, &model, options).map(Self::of_server)
        })
    }

    /// A model of the caller's own, by its methods. `generate` starts a generation, gives its next piece, or closes it.
    #[napi(factory)]
    pub fn own(
        name: String,
        context_window: u32,
        generate: &Method,
        count_tokens: Option<ClassInstance<'_, Method>>,
    ) -> Self {
        let count_tokens = count_tokens.map(|method| (*method).clone());
        let llm = JsLlm::new(name, context_window as usize, generate.clone(), count_tokens);
        Self { llm: Apart::new(Arc::new(llm)), local: Apart::new(None) }
    }

    /// The model's identity.
    #[napi(getter)]
    pub fn name(&self) -> String {
        self.llm.name().to_owned()
    }

    /// How many tokens prompt and answer may have together.
    #[napi(getter)]
    pub fn context_window(&self) -> u32 {
        u32::try_from(self.llm.context_window()).unwrap_or(u32::MAX)
    }

    /// Where a model of this machine computes; empty for other models.
    #[napi(getter)]
    pub fn device(&self) -> String {
        self.local.as_ref().map(|llm| llm.device().to_string()).unwrap_or_default()
    }

    /// What a model of this machine has done, as JSON text.
    #[napi]
    pub fn stats(&self, env: Env) -> napi::Result<String> {
        now(env, || to_json(&self.local.as_ref().map(rushlight::LocalLlm::stats)))
    }

    /// What a model of this machine says about itself, as JSON text.
    #[napi]
    pub fn info(&self, env: Env) -> napi::Result<String> {
        now(env, || to_json(&self.local.as_ref().map(rushlight::LocalLlm::info)))
    }

    /// Computes what prompts begin with; the prompt is JSON text.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn warm_up<'env>(
        &self,
        env: &'env Env,
        prompt: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let llm = Arc::clone(&self.llm);
        promise(
            env,
            cancellation.cancelled(),
            async move { llm.warm_up(from_json("prompt", &prompt)?).await },
        )
    }

    /// Computes what prompts begin with and writes it to a file; gives the number of its tokens.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn save_prefix<'env>(
        &self,
        env: &'env Env,
        prompt: String,
        path: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, u32>> {
        let local = rushlight::LocalLlm::clone(self.local()?);
        promise(env, cancellation.cancelled(), async move {
            let saved = local.save_prefix(from_json("prompt", &prompt)?, path).await?;
            Ok(u32::try_from(saved).unwrap_or(u32::MAX))
        })
    }

    /// Takes over what was written; gives the number of its tokens.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn load_prefix<'env>(
        &self,
        env: &'env Env,
        path: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, u32>> {
        let local = rushlight::LocalLlm::clone(self.local()?);
        promise(env, cancellation.cancelled(), async move {
            let loaded = local.load_prefix(path).await?;
            Ok(u32::try_from(loaded).unwrap_or(u32::MAX))
        })
    }

    /// The number of tokens of a text, without special tokens.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn count_tokens<'env>(
        &self,
        env: &'env Env,
        text: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, u32>> {
        let llm = Arc::clone(&self.llm);
        promise(env, cancellation.cancelled(), async move {
            compute(move || Ok(u32::try_from(llm.count_tokens(&text)?).unwrap_or(u32::MAX))).await
        })
    }
}

impl Llm {
    pub(crate) fn of(local: rushlight::LocalLlm) -> Self {
        Self { llm: Apart::new(Arc::new(local.clone())), local: Apart::new(Some(local)) }
    }

    pub(crate) fn of_server(remote: rushlight::RemoteLlm) -> Self {
        Self { llm: Apart::new(Arc::new(remote)), local: Apart::new(None) }
    }

    fn local(&self) -> napi::Result<&rushlight::LocalLlm> {
        self.local.as_ref().ok_or_else(|| napi::Error::from_reason("not a model of this machine"))
    }
}

/// The options of a model; times are milliseconds.
pub(crate) fn local_options(json: &str) -> rushlight::Result<LocalLlmOptions> {
    options_from_json("model options", json, &["unload_after"])
}

/// A model that says what it was told to say.
#[napi]
pub struct Script {
    llm: rushlight::ScriptedLlm,
}

#[napi]
impl Script {
    /// The script as JSON text.
    #[napi(constructor)]
    pub fn new(env: Env, turns: String) -> napi::Result<Self> {
        now(env, || Ok(Self { llm: rushlight::ScriptedLlm::new(from_json("script", &turns)?) }))
    }

    /// The model that follows it.
    #[napi]
    pub fn llm(&self) -> Llm {
        Llm { llm: Apart::new(Arc::new(self.llm.clone())), local: Apart::new(None) }
    }

    /// Every prompt so far, as JSON text.
    #[napi]
    pub fn prompts(&self, env: Env) -> napi::Result<String> {
        now(env, || to_json(&self.llm.prompts()))
    }

    /// How many deltas were taken: it stands still once nobody reads them.
    #[napi]
    pub fn deltas(&self) -> u32 {
        u32::try_from(self.llm.deltas()).unwrap_or(u32::MAX)
    }
}
