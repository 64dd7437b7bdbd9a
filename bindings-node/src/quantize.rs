use std::sync::Arc;

use napi::bindgen_prelude::{Env, Function, PromiseRaw};
use napi_derive::napi;
use rushlight::llm::{QuantizeProgress, quantize_with_progress};
use serde_json::json;

use crate::callback::JsProgress;
use crate::convert::from_json;
use crate::runtime::{Cancellation, promise};

/// Writes a model in fewer bits, with options as JSON text; what that changes is JSON text too.
#[napi(ts_return_type = "Promise<string>")]
pub fn quantize<'env>(
    env: &'env Env,
    source: String,
    target: String,
    options: String,
    progress: Function<'_, String, ()>,
    cancellation: &Cancellation,
) -> napi::Result<PromiseRaw<'env, String>> {
    let progress = Arc::new(JsProgress::new(&progress)?);
    promise(env, cancellation.cancelled(), async move {
        let options = from_json("quantize options", &options)?;
        let teller = Arc::clone(&progress);
        let tell = move |progress: &QuantizeProgress<'_>| {
            let QuantizeProgress { model, tensor, done, total, .. } = *progress;
            let step = json!({ "model": model, "tensor": tensor, "done": done, "total": total });
            teller.tell(step.to_string());
        };
        let report = quantize_with_progress(&source, target, options, tell).await;
        progress.arrived().await;
        let report = report?;
        let mut json = json!(report);
        json["worst"] = json!(report.worst());
        Ok(json.to_string())
    })
}
