use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use rushlight::llm::EvictionPriority;

use crate::convert::{from_json, options_from_json, to_json};
use crate::llm::{Llm, local_options};
use crate::runtime::{Cancellation, now, promise};

/// Models by name that share a budget of memory.
#[napi]
pub struct ModelRegistry {
    registry: rushlight::ModelRegistry,
}

#[napi]
impl ModelRegistry {
    /// A registry without models; bounds as JSON text.
    #[napi(constructor)]
    pub fn new(env: Env, options: String) -> napi::Result<Self> {
        now(env, || {
            let options = options_from_json("registry options", &options, &[])?;
            Ok(Self { registry: rushlight::ModelRegistry::new(options) })
        })
    }

    /// Adds a model with a priority and options as JSON text.
    #[napi(ts_return_type = "Promise<Llm>")]
    pub fn add<'env>(
        &self,
        env: &'env Env,
        name: String,
        name_or_path: String,
        priority: String,
        options: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Llm>> {
        let registry = self.registry.clone();
        promise(env, cancellation.cancelled(), async move {
            let priority: EvictionPriority = from_json("priority", &priority)?;
            registry.add(name, &name_or_path, local_options(&options)?, priority).await.map(Llm::of)
        })
    }

    /// The model of this name.
    #[napi]
    pub fn get(&self, env: Env, name: String) -> napi::Result<Llm> {
        now(env, || self.registry.get(&name).map(Llm::of))
    }

    /// The models in the order in which they were added, as JSON text.
    #[napi]
    pub fn models(&self, env: Env) -> napi::Result<String> {
        now(env, || to_json(&self.registry.models()))
    }

    /// The bytes that all loaded models may take together.
    #[napi(getter)]
    pub fn memory_budget(&self) -> f64 {
        self.registry.memory_budget() as f64
    }
}
