use std::sync::Arc;

use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use rushlight::agent::BATCH_CONCURRENCY;
use rushlight::{AgentExt, AgentTool, Error, Request, Result, ToolSpec, Toolbox};

use crate::approval::JsApprover;
use crate::cache::MemoryCache;
use crate::callback::{JsTool, Method};
use crate::convert::{answer_to_json, duration, from_json, options_from_json, outcomes_to_json, to_json};
use crate::llm::Llm;
use crate::mcp::McpTools;
use crate::own::{JsCache, JsRetriever};
use crate::retrieval::KnowledgeBase;
use crate::retriever::KnowledgeRetriever;
use crate::runtime::{Apart, Cancellation, now, promise};
use crate::serve::McpServer;
use crate::session::MemorySessions;
use crate::stream::EventStream;
use crate::tool::BuiltinTool;

/// Collects the parts of an [`Assistant`], or the tools of an [`McpServer`].
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

    /// Tools alone, for a server.
    #[napi(factory)]
    pub fn of_tools() -> Self {
        Self { builder: None, toolbox: Some(Toolbox::new()) }
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

    /// Another assistant, to which the model may hand the conversation over.
    #[napi]
    pub fn hand_off_to(
        &mut self,
        env: Env,
        name: String,
        description: String,
        other: &Assistant,
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

    /// Adds a function as a tool; `parameters` is a JSON Schema and `policy` what keeps its calls in check, as JSON text.
    #[napi]
    pub fn tool(
        &mut self,
        env: Env,
        name: String,
        description: String,
        parameters: String,
        policy: String,
        execute: &Method,
    ) -> napi::Result<()> {
        let execute = execute.clone();
        self.with_toolbox(env, |toolbox| {
            let policy = options_from_json(&format!("policy of tool `{name}`"), &policy, &[])?;
            let spec = ToolSpec::new(name, description, from_json("input", &parameters)?);
            toolbox.add(JsTool::new(spec, policy, execute))
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
    pub fn build(&mut self, env: Env) -> napi::Result<Assistant> {
        let toolbox = self.toolbox.take();
        now(env, || {
            let (Some(mut builder), Some(toolbox)) = (self.builder.take(), toolbox) else {
                return Err(used());
            };
            if !toolbox.is_empty() {
                builder = builder.tools(toolbox.clone());
            }
            Ok(Assistant::new(builder.build()?, toolbox))
        })
    }

    /// A server of the tools and of an assistant, which JSON text describes.
    #[napi]
    pub fn server(&mut self, env: Env, about: String, agent: Option<&Assistant>) -> napi::Result<McpServer> {
        let toolbox = self.toolbox.take();
        now(env, || {
            let agent = agent.map(Assistant::open).transpose()?;
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

fn used() -> Error {
    Error::Stopped { what: "the builder" }
}

/// The agent that answers.
#[napi]
pub struct Assistant {
    assistant: Option<Apart<Arc<rushlight::Assistant>>>,
    toolbox: Toolbox,
    closed: Cancellation,
}

#[napi]
impl Assistant {
    /// The assistant of a journal.
    #[napi(factory)]
    pub fn replay(env: Env, path: String) -> napi::Result<Self> {
        now(env, || Ok(Self::new(rushlight::Assistant::replay(path)?, Toolbox::new())))
    }

    /// The answer to a request, both as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn run<'env>(
        &self,
        env: &'env Env,
        request: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (assistant, request) = now(*env, || Ok((self.open()?, asked(&request)?)))?;
        let stopped = self.stopped(cancellation);
        promise(env, stopped, async move { answer_to_json(&assistant.ask(request).await?) })
    }

    /// What becomes of each of several requests, in their order; both as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn run_batch<'env>(
        &self,
        env: &'env Env,
        requests: String,
        concurrency: Option<u32>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (assistant, requests) = now(*env, || Ok((self.open()?, from_json("requests", &requests)?)))?;
        let concurrency = concurrency.map_or(BATCH_CONCURRENCY, |concurrency| concurrency as usize);
        let stopped = self.stopped(cancellation);
        promise(
            env,
            stopped,
            async move { outcomes_to_json(&assistant.ask_batch(requests, concurrency).await?) },
        )
    }

    /// The answer to a request as JSON text that fits a schema; both are JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn extract<'env>(
        &self,
        env: &'env Env,
        request: String,
        schema: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let asked = || Ok((self.open()?, asked(&request)?, from_json("schema", &schema)?));
        let (assistant, request, schema) = now(*env, asked)?;
        let stopped = self.stopped(cancellation);
        promise(env, stopped, async move { to_json(&assistant.extract_json(request, schema).await?) })
    }

    /// The events of a run; the request is JSON text.
    #[napi]
    pub fn stream(&self, env: Env, request: String) -> napi::Result<EventStream> {
        let (assistant, request) = now(env, || Ok((self.open()?, asked(&request)?)))?;
        Ok(EventStream::new(assistant, request, &self.closed))
    }

    /// This assistant as a tool for others; `policy` is JSON text.
    #[napi]
    pub fn as_tool(
        &self,
        env: Env,
        name: String,
        description: String,
        max_depth: Option<u32>,
        policy: String,
    ) -> napi::Result<BuiltinTool> {
        now(env, || {
            let policy = options_from_json(&format!("policy of tool `{name}`"), &policy, &[])?;
            let tool = AgentTool::new(name, description, self.open()?).policy(policy);
            Ok(BuiltinTool::of(match max_depth {
                Some(depth) => tool.max_depth(depth as usize),
                None => tool,
            }))
        })
    }

    /// Forgets what the cache of a tool keeps.
    #[napi]
    pub fn forget_results(&self, env: Env, tool: String) -> napi::Result<()> {
        now(env, || self.toolbox.forget(&tool))
    }

    /// What the prompts of all runs begin with, as JSON text.
    #[napi]
    pub fn beginning(&self, env: Env) -> napi::Result<String> {
        now(env, || to_json(&self.open()?.beginning()))
    }

    /// Lets the model compute what the prompts of all runs begin with.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn warm_up<'env>(
        &self,
        env: &'env Env,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let assistant = now(*env, || self.open())?;
        promise(env, cancellation.cancelled(), async move { assistant.warm_up().await })
    }

    /// Stops all runs; later ones are refused.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close<'env>(&mut self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.closed.cancel();
        let assistant = self.assistant.take();
        self.toolbox = Toolbox::new();
        promise(env, std::future::pending(), async move {
            match assistant {
                Some(assistant) => assistant.dropped().await,
                None => Ok(()),
            }
        })
    }
}

impl Assistant {
    fn new(assistant: rushlight::Assistant, toolbox: Toolbox) -> Self {
        Self { assistant: Some(Apart::new(Arc::new(assistant))), toolbox, closed: Cancellation::new() }
    }

    /// When the caller cancels, or closes the assistant.
    fn stopped(&self, cancellation: &Cancellation) -> impl Future<Output = ()> + Send + use<> {
        let (cancelled, closed) = (cancellation.cancelled(), self.closed.told());
        async move {
            tokio::select! { () = cancelled => (), () = closed => () }
        }
    }

    fn open(&self) -> Result<Arc<rushlight::Assistant>> {
        self.assistant.as_deref().cloned().ok_or(Error::Stopped { what: "the assistant" })
    }
}

/// A request from its JSON text.
fn asked(request: &str) -> Result<Request> {
    from_json("options", request)
}
