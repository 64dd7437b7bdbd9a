use napi::bindgen_prelude::Env;
use napi_derive::napi;

use crate::convert::{from_json, report_from_json, to_json};
use crate::runtime::now;

/// Objectives, and how the recorded runs keep them.
#[napi]
pub struct Slos {
    slos: rushlight::Slos,
}

#[napi]
impl Slos {
    /// Nothing recorded yet; the objectives as JSON text.
    #[napi(constructor)]
    pub fn new(env: Env, slos: String) -> napi::Result<Self> {
        now(env, || {
            let slos: Vec<rushlight::Slo> = from_json("slos", &slos)?;
            Ok(Self { slos: rushlight::Slos::new(slos)? })
        })
    }

    /// Counts one run, by its report as JSON text.
    #[napi]
    pub fn record(&self, env: Env, report: String) -> napi::Result<()> {
        now(env, || {
            self.slos.record(&report_from_json(&report)?);
            Ok(())
        })
    }

    /// How each objective was kept so far, as JSON text.
    #[napi]
    pub fn reports(&self, env: Env) -> napi::Result<String> {
        now(env, || to_json(&self.slos.reports()))
    }

    /// Forgets what was recorded.
    #[napi]
    pub fn reset(&self) {
        self.slos.reset();
    }
}
