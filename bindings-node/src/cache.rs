use napi::bindgen_prelude::Env;
use napi_derive::napi;

use crate::convert::options_from_json;
use crate::runtime::now;

/// Answers in this process's memory.
#[napi]
pub struct MemoryCache {
    pub(crate) cache: rushlight::MemoryCache,
}

#[napi]
impl MemoryCache {
    /// A cache with bounds, as JSON text.
    #[napi(constructor)]
    pub fn new(env: Env, options: String) -> napi::Result<Self> {
        now(env, || {
            let options = options_from_json("cache options", &options, &["ttl"])?;
            Ok(Self { cache: rushlight::MemoryCache::new(options) })
        })
    }
}
