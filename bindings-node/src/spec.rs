use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use rushlight::Result;

use crate::llm::Llm;
use crate::runtime::{Cancellation, now, promise};

/// What an assistant is, as far as it is no code.
#[napi]
pub struct AgentSpec {
    pub(crate) spec: rushlight::AgentSpec,
}

#[napi]
impl AgentSpec {
    /// The spec of a file, with what its profile of this name says.
    #[napi(factory)]
    pub fn load(env: Env, path: String, profile: Option<String>) -> napi::Result<Self> {
        now(env, || Self::of(rushlight::AgentSpec::load(path)?, profile.as_deref()))
    }

    /// The same of JSON text.
    #[napi(factory)]
    pub fn from_json(env: Env, json: String, profile: Option<String>) -> napi::Result<Self> {
        now(env, || Self::of(rushlight::AgentSpec::from_json(&json)?, profile.as_deref()))
    }

    /// Opens the model of this machine that it names, or else that of a server.
    #[napi(ts_return_type = "Promise<Llm>")]
    pub fn open_model<'env>(
        &self,
        env: &'env Env,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Llm>> {
        let spec = self.spec.clone();
        promise(env, cancellation.cancelled(), async move {
            if spec.is_remote() {
                return spec.remote_llm().map(Llm::of_server);
            }
            spec.open_model().await.map(Llm::of)
        })
    }
}

impl AgentSpec {
    fn of(spec: rushlight::AgentSpec, profile: Option<&str>) -> Result<Self> {
        let spec = match profile {
            Some(name) => spec.profile(name)?,
            None => spec,
        };
        Ok(Self { spec })
    }
}
