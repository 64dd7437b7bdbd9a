use napi::bindgen_prelude::Env;
use napi_derive::napi;

use crate::convert::to_json;
use crate::runtime::now;

/// How the tool calls of assistants end.
#[napi]
pub struct ToolMetrics {
    pub(crate) metrics: rushlight::ToolMetrics,
}

#[napi]
impl ToolMetrics {
    /// Nothing counted yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self { metrics: rushlight::ToolMetrics::new() }
    }

    /// What was counted so far, as JSON text.
    #[napi]
    pub fn report(&self, env: Env) -> napi::Result<String> {
        now(env, || to_json(&self.metrics.report()))
    }

    /// Forgets what was counted.
    #[napi]
    pub fn reset(&self) {
        self.metrics.reset();
    }
}
