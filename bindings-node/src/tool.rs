use std::sync::Arc;

use napi::bindgen_prelude::Env;
use napi_derive::napi;
use rushlight::tools::builtin::{self, SearchKnowledgeOptions};
use rushlight::{FunctionTool, Result, Retriever, Tool};

use crate::callback::Method;
use crate::convert::{from_json, options_from_json, to_json};
use crate::own::JsRetriever;
use crate::retrieval::KnowledgeBase;
use crate::retriever::KnowledgeRetriever;
use crate::runtime::{Apart, now};

/// A tool that ships, or an assistant as one. All options are JSON text.
#[napi]
pub struct BuiltinTool {
    tool: Apart<Arc<dyn Tool>>,
}

#[napi]
impl BuiltinTool {
    /// Arithmetic.
    #[napi(factory)]
    pub fn calculate() -> Self {
        Self::of(builtin::calculate())
    }

    /// The clock.
    #[napi(factory)]
    pub fn current_time(env: Env, options: String) -> napi::Result<Self> {
        Self::new(env, || builtin::current_time(options_from_json("current time options", &options, &[])?))
    }

    /// Files below a folder.
    #[napi(factory)]
    pub fn read_file(env: Env, root: String, options: String) -> napi::Result<Self> {
        Self::new(env, || builtin::read_file(root, options_from_json("read file options", &options, &[])?))
    }

    /// Lines of files below a folder.
    #[napi(factory)]
    pub fn search_code(env: Env, root: String, options: String) -> napi::Result<Self> {
        Self::new(env, || {
            builtin::search_code(root, options_from_json("search code options", &options, &[])?)
        })
    }

    /// Commands in a folder; those that are allowed are JSON text.
    #[napi(factory)]
    pub fn run_command(env: Env, dir: String, commands: String, options: String) -> napi::Result<Self> {
        Self::new(env, || {
            let options = options_from_json("run command options", &options, &["timeout"])?;
            builtin::run_command(dir, from_json("commands", &commands)?, options)
        })
    }

    /// Passages of a knowledge base.
    #[napi(factory)]
    pub fn search_base(env: Env, base: &KnowledgeBase, options: String) -> napi::Result<Self> {
        Self::new(env, || searching(base.opened()?, &options))
    }

    /// Passages of a knowledge base, found in stages.
    #[napi(factory)]
    pub fn search_stages(
        env: Env,
        base: &KnowledgeBase,
        retriever: &KnowledgeRetriever,
        options: String,
    ) -> napi::Result<Self> {
        Self::new(env, || searching(retriever.of(base)?, &options))
    }

    /// Passages of an object's methods.
    #[napi(factory)]
    pub fn search_own(env: Env, retrieve: &Method, version: &Method, options: String) -> napi::Result<Self> {
        Self::new(env, || searching(JsRetriever::new(retrieve.clone(), version.clone()), &options))
    }

    /// Pages of the web.
    #[napi(factory)]
    pub fn fetch_page(env: Env, options: String) -> napi::Result<Self> {
        Self::new(env, || {
            builtin::fetch_page(options_from_json("fetch page options", &options, &["timeout"])?)
        })
    }

    /// What the model is told, as JSON text.
    #[napi]
    pub fn spec(&self, env: Env) -> napi::Result<String> {
        now(env, || to_json(self.tool.spec()))
    }

    /// Milliseconds that one call may run; none leaves it to the assistant.
    #[napi(getter)]
    pub fn timeout(&self) -> Option<f64> {
        self.tool.policy().timeout.map(|timeout| timeout.as_secs_f64() * 1000.0)
    }
}

impl BuiltinTool {
    fn new(env: Env, make: impl FnOnce() -> Result<FunctionTool>) -> napi::Result<Self> {
        now(env, make).map(Self::of)
    }

    pub(crate) fn of(tool: impl Tool) -> Self {
        Self { tool: Apart::new(Arc::new(tool)) }
    }

    /// The tool for a toolbox.
    pub(crate) fn shared(&self) -> Arc<dyn Tool> {
        Arc::clone(&self.tool)
    }
}

fn searching(retriever: impl Retriever, options: &str) -> Result<FunctionTool> {
    let options: SearchKnowledgeOptions = options_from_json("search knowledge options", options, &[])?;
    builtin::search_knowledge(retriever, options)
}
