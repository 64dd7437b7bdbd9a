use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use rushlight::SessionStore;

use crate::convert::{options_from_json, to_json};
use crate::runtime::{Cancellation, now, promise};

/// Conversations in this process's memory.
#[napi]
pub struct MemorySessions {
    pub(crate) store: rushlight::MemorySessions,
}

#[napi]
impl MemorySessions {
    /// No conversations yet; bounds as JSON text.
    #[napi(constructor)]
    pub fn new(env: Env, options: String) -> napi::Result<Self> {
        now(env, || {
            let options = options_from_json("session options", &options, &["idle"])?;
            Ok(Self { store: rushlight::MemorySessions::with_options(options) })
        })
    }

    /// The messages of a session as JSON text, oldest first.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn load<'env>(
        &self,
        env: &'env Env,
        session: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let store = self.store.clone();
        promise(env, cancellation.cancelled(), async move { to_json(&store.load(&session).await?) })
    }

    /// Removes a session.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn forget<'env>(
        &self,
        env: &'env Env,
        session: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let store = self.store.clone();
        promise(env, cancellation.cancelled(), async move { store.forget(&session).await })
    }
}
