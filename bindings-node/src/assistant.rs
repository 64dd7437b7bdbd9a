use std::sync::Arc;

use napi::bindgen_prelude::Env;
use napi_derive::napi;
use rushlight::{Error, Result, ToolSpec, Toolbox};
use serde_json::Value;

use crate::agent::Agent;
use crate::approval::JsApprover;
use crate::cache::MemoryCache;
use crate::callback::Method;
use crate::convert::{duration, from_json, options_from_json};
use crate::function::{Functions, JsTool};
use crate::llm::Llm;
use crate::mcp::McpTools;
use crate::metrics::ToolMetrics;
use crate::own::{JsCache, JsRetriever};
use crate::retrieval::KnowledgeBase;
use crate::retriever::KnowledgeRetriever;
use crate::runtime::now;
use crate::serve::McpServer;
use crate::session::MemorySessions;
use crate::spec::AgentSpec;
use crate::tool::BuiltinTool;

/// Collects the parts of an assistant, or the tools of an [`McpServer`].
#[napi]
pub struct AssistantBuilder {
    builder: Option<rushlight::agent::AssistantBuilder>,
    toolbox: Option<Toolbox>,
}

#[napi]
impl AssistantBuilder {
    /// An assistant of this model.
    #[napi(constructor)]
    pub fn new(llm: &Llm) -> Self {
        Self {
            builder: Some(rushlight::Assistant::builder(Arc::clone(&llm.llm))),
            toolbox: Some(Toolbox::new()),
        }
    }

    /// Tools alone, for a server or a spec.
    #[napi(factory)]
    pub fn of_tools() -> Self {
        Self { builder: None, toolbox: Some(Toolbox::new()) }
    }

    /// Gives the tools that were added the policies of a spec.
    #[napi]
    pub fn policies(&mut self, env: Env, spec: &AgentSpec) -> napi::Result<()> {
        self.with_toolbox(env, |toolbox| spec.spec.toolbox(&toolbox))
    }

    /// An assistant of a model and documents as a spec says, which has given the tools their policies.
    #[napi]
    pub fn spec(
        &mut self,
        env: Env,
        llm: &Llm,
        spec: &AgentSpec,
        base: Option<&KnowledgeBase>,
    ) -> napi::Result<()> {
        let builder = now(env, || {
            let base = base.map(KnowledgeBase::opened).transpose()?;
            let toolbox = self.toolbox.as_ref().ok_or_else(used)?;
            spec.spec.builder(Arc::clone(&llm.llm), toolbox, base)
        })?;
        self.builder = Some(builder);
        Ok(())
    }

    /// What the model is told about its task.
    #[napi]
    pub fn instructions(&mut self, env: Env, instructions: String) -> napi::Result<()> {
        self.with(env, |builder| Ok(builder.instructions(instructions)))
    }

    /// Where passages come from.
    #[napi]
    pub fn retriever(&mut self, env: Env, retriever: &KnowledgeBase) -> napi::Result<()> {
        self.with(env, |builder| Ok(builder.retriever(retriever.opened()?)))
    }

    /// Where passages come from, and in which stages.
    #[napi]
    pub fn knowledge_retriever(
        &mut self,
        env: Env,
        base: &KnowledgeBase,
        retriever: &KnowledgeRetriever,
    ) -> napi::Result<()> {
        self.with(env, |builder| Ok(builder.retriever(retriever.of(base)?)))
    }

    /// Where passages come from: an object's methods; `version` gives its version or null.
    #[napi]
    pub fn own_retriever(&mut self, env: Env, retrieve: &Method, version: &Method) -> napi::Result<()> {
        let retriever = JsRetriever::new(retrieve.clone(), version.clone());
        self.with(env, |builder| Ok(builder.retriever(retriever)))
    }

    /// Where answers are kept.
    #[napi]
    pub fn cache(&mut self, env: Env, cache: &MemoryCache) -> napi::Result<()> {
        let cache = cache.cache.clone();
        self.with(env, |builder| Ok(builder.cache(cache)))
    }

    /// Where answers are kept: an object's methods.
    #[napi]
    pub fn own_cache(&mut self, env: Env, get: &Method, put: &Method, remove: &Method) -> napi::Result<()> {
        let cache = JsCache::new(get.clone(), put.clone(), remove.clone());
        self.with(env, |builder| Ok(builder.cache(cache)))
    }

    /// Where tool calls are counted.
    #[napi]
    pub fn tool_metrics(&mut self, env: Env, metrics: &ToolMetrics) -> napi::Result<()> {
        let metrics = metrics.metrics.clone();
        self.with(env, |builder| Ok(builder.tool_metrics(metrics)))
    }

    /// Where conversations are kept.
    #[napi]
    pub fn sessions(&mut self, env: Env, sessions: &MemorySessions) -> napi::Result<()> {
        let store = sessions.store.clone();
        self.with(env, |builder| Ok(builder.sessions(store)))
    }

    /// How tokens are chosen, as JSON text.
    #[napi]
    pub fn sampling(&mut self, env: Env, sampling: String) -> napi::Result<()> {
        self.with(env, |builder| Ok(builder.sampling(options_from_json("sampling", &sampling, &[])?)))
    }

    /// What a run may spend, as JSON text.
    #[napi]
    pub fn limits(&mut self, env: Env, limits: String) -> napi::Result<()> {
        self.with(env, |builder| Ok(builder.limits(options_from_json("limits", &limits, &["deadline"])?)))
    }

    /// Another agent, to which the model may hand the conversation over.
    #[napi]
    pub fn hand_off_to(
        &mut self,
        env: Env,
        name: String,
        description: String,
        other: &Agent,
    ) -> napi::Result<()> {
        self.with(env, |builder| Ok(builder.hand_off_to(name, description, other.open()?)))
    }

    /// Keeps answers that needed tools, too.
    #[napi]
    pub fn cache_tool_answers(&mut self, env: Env) -> napi::Result<()> {
        self.with(env, |builder| Ok(builder.cache_tool_answers()))
    }

    /// Where everything that runs are told is kept.
    #[napi]
    pub fn record(&mut self, env: Env, path: String) -> napi::Result<()> {
        self.with(env, |builder| Ok(builder.record(path)))
    }

    /// How long a tool may run.
    #[napi]
    pub fn tool_timeout(&mut self, env: Env, milliseconds: f64) -> napi::Result<()> {
        self.with_toolbox(env, |toolbox| Ok(toolbox.timeout(duration("tool timeout", milliseconds)?)))
    }

    /// Who decides about calls of tools that need an approval.
    #[napi]
    pub fn approver(&mut self, env: Env, decide: &Method) -> napi::Result<()> {
        let approver = JsApprover::new(decide.clone());
        self.with_toolbox(env, |toolbox| Ok(toolbox.approver(approver)))
    }

    /// Adds a function as a tool; `definition` is a list as JSON text: what the model is told, what keeps its calls in check, and the
    /// names of parameters of which `choose` tells the values; `version` tells what its values depend on.
    #[napi]
    pub fn tool(
        &mut self,
        env: Env,
        definition: String,
        execute: &Method,
        version: Option<&Method>,
        choose: &Method,
    ) -> napi::Result<()> {
        let (execute, version, choose) = (execute.clone(), version.cloned(), choose.clone());
        self.with_toolbox(env, |toolbox| {
            let (spec, policy, choices): (ToolSpec, Value, Vec<String>) = from_json("tool", &definition)?;
            let what = format!("policy of tool `{}`", spec.name);
            let policy = options_from_json(&what, &policy.to_string(), &[])?;
            let functions = Functions { execute, version, choose, choices };
            toolbox.add(JsTool::new(spec, policy, functions))
        })
    }

    /// Adds a tool that ships.
    #[napi]
    pub fn builtin_tool(&mut self, env: Env, tool: &BuiltinTool) -> napi::Result<()> {
        let tool = tool.shared();
        self.with_toolbox(env, |toolbox| toolbox.add(tool))
    }

    /// Adds the tools of a server.
    #[napi]
    pub fn mcp_tools(&mut self, env: Env, server: &McpTools) -> napi::Result<()> {
        let tools = server.shared();
        self.with_toolbox(env, |toolbox| tools.into_iter().try_fold(toolbox, Toolbox::add))
    }

    /// Checks everything once.
    #[napi]
    pub fn build(&mut self, env: Env) -> napi::Result<Agent> {
        let toolbox = self.toolbox.take();
        now(env, || {
            let (Some(mut builder), Some(toolbox)) = (self.builder.take(), toolbox) else {
                return Err(used());
            };
            if !toolbox.is_empty() {
                builder = builder.tools(toolbox.clone());
            }
            Ok(Agent::assistant(builder.build()?, toolbox))
        })
    }

    /// A server of the tools and of an agent, which JSON text describes.
    #[napi]
    pub fn server(&mut self, env: Env, about: String, agent: Option<&Agent>) -> napi::Result<McpServer> {
        let toolbox = self.toolbox.take();
        now(env, || {
            let agent = agent.map(Agent::open).transpose()?;
            McpServer::new(&about, toolbox.ok_or_else(used)?, agent)
        })
    }
}

impl AssistantBuilder {
    fn with(
        &mut self,
        env: Env,
        change: impl FnOnce(rushlight::agent::AssistantBuilder) -> Result<rushlight::agent::AssistantBuilder>,
    ) -> napi::Result<()> {
        let builder = self.builder.take();
        self.builder = Some(now(env, || change(builder.ok_or_else(used)?))?);
        Ok(())
    }

    fn with_toolbox(
        &mut self,
        env: Env,
        change: impl FnOnce(Toolbox) -> Result<Toolbox>,
    ) -> napi::Result<()> {
        let toolbox = self.toolbox.take();
        self.toolbox = Some(now(env, || change(toolbox.ok_or_else(used)?))?);
        Ok(())
    }
}

/// What is wrong with parts that were taken out already.
pub(crate) fn used() -> Error {
    Error::Stopped { what: "the builder" }
}
