use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;

use crate::convert::to_json;
use crate::runtime::{Cancellation, compute, promise};

/// The devices of this machine on which models can compute, as JSON text.
#[napi(ts_return_type = "Promise<string>")]
pub fn devices<'env>(env: &'env Env, cancellation: &Cancellation) -> napi::Result<PromiseRaw<'env, String>> {
    promise(env, cancellation.cancelled(), async move { compute(|| to_json(&rushlight::devices())).await })
}
