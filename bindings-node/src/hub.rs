use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi::bindgen_prelude::{Env, Function, PromiseRaw};
use napi_derive::napi;
use rushlight::Error;
use rushlight::hub::{FetchProgress, Hub, HubMirror, KnownModel, Mirror, ModelKind, Progress, known_models};
use serde_json::{Value, json};

use crate::callback::JsProgress;
use crate::convert::to_json;
use crate::runtime::{Cancellation, compute, promise};

/// Every model that has a name, with its place on this machine, as JSON text.
#[napi(ts_return_type = "Promise<string>")]
pub fn models<'env>(env: &'env Env, cancellation: &Cancellation) -> napi::Result<PromiseRaw<'env, String>> {
    promise(env, cancellation.cancelled(), async move {
        compute(|| {
            let hub = Hub::new().map_err(|error| Error::model("hub", error))?;
            let models: Vec<_> = known_models().iter().map(|model| described(&hub, model)).collect();
            to_json(&models)
        })
        .await
    })
}

fn described(hub: &Hub, model: &KnownModel) -> Value {
    json!({
        "name": model.name,
        "kind": match model.kind {
            ModelKind::Embedder => "embedder",
            _ => "language_model",
        },
        "licence": model.licence,
        "size": model.size(),
        "path": hub.resolve(model.name).ok().map(|found| found.path),
    })
}

/// Fetches what is missing of a named model, from mirrors where the hub fails, and gives its path.
#[napi(ts_return_type = "Promise<string>")]
pub fn fetch_model<'env>(
    env: &'env Env,
    name: String,
    mirrors: Vec<String>,
    progress: Function<'_, String, ()>,
    cancellation: &Cancellation,
) -> napi::Result<PromiseRaw<'env, String>> {
    let progress = Arc::new(JsProgress::new(&progress)?);
    promise(env, cancellation.cancelled(), async move {
        let dropped = Arc::new(AtomicBool::new(false));
        let _guard = RaiseOnDrop(Arc::clone(&dropped));
        let watcher = Watcher { progress: Arc::clone(&progress), dropped };
        let outcome = compute(move || {
            let mirrors = mirrors
                .iter()
                .map(|url| HubMirror::new(url).map(|mirror| Arc::new(mirror) as Arc<dyn Mirror>));
            let mirrors = mirrors.collect::<Result<Vec<_>, _>>();
            let fetched = mirrors.and_then(|mirrors| Hub::new()?.fetch(&name, &mirrors, &watcher));
            fetched.map(|model| model.path.display().to_string()).map_err(|error| Error::model(name, error))
        });
        let outcome = outcome.await;
        progress.arrived().await;
        outcome
    })
}

/// Shows the progress of a fetch to JavaScript, and the end of the caller's interest to the fetch.
struct Watcher {
    progress: Arc<JsProgress>,
    dropped: Arc<AtomicBool>,
}

impl Progress for Watcher {
    fn update(&self, progress: &FetchProgress<'_>) {
        let FetchProgress { model, file, source, done, total, .. } = *progress;
        let step = json!({ "model": model, "file": file, "source": source, "done": done, "total": total });
        self.progress.tell(step.to_string());
    }

    fn cancelled(&self) -> bool {
        self.dropped.load(Ordering::Relaxed)
    }
}

struct RaiseOnDrop(Arc<AtomicBool>);

impl Drop for RaiseOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
