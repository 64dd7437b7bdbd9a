use std::collections::BTreeMap;
use std::sync::Arc;

use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use rushlight::agent::BATCH_CONCURRENCY;
use rushlight::{AgentExt, AgentTool, Error, PendingRun, Request, Result, Toolbox};
use serde_json::Value;

use crate::approval::decision;
use crate::convert::{answer_to_json, from_json, options_from_json, outcomes_to_json, to_json};
use crate::runtime::{Apart, Cancellation, now, promise};
use crate::stream::EventStream;
use crate::tool::BuiltinTool;

/// Whoever answers: an assistant, or a router.
#[napi]
pub struct Agent {
    agent: Option<Apart<Arc<dyn rushlight::Agent>>>,
    /// The same, where it is an assistant.
    assistant: Option<Apart<Arc<rushlight::Assistant>>>,
    toolbox: Toolbox,
    closed: Cancellation,
}

#[napi]
impl Agent {
    /// The assistant of a journal.
    #[napi(factory)]
    pub fn replay(env: Env, path: String) -> napi::Result<Self> {
        now(env, || Ok(Self::assistant(rushlight::Assistant::replay(path)?, Toolbox::new())))
    }

    /// The request that goes on with a run that waits, as JSON text; run and decisions are JSON text, too.
    #[napi]
    pub fn decide(env: Env, pending: String, decisions: String) -> napi::Result<String> {
        now(env, || {
            let pending: PendingRun = from_json("pending run", &pending)?;
            let said: BTreeMap<String, Value> = from_json("decisions", &decisions)?;
            let decided = said.into_iter().map(|(id, said)| match decision(&said) {
                Ok(decided) => Ok((id, decided)),
                Err(message) => Err(Error::invalid(format!("decision about `{id}`"), message)),
            });
            to_json(&pending.decide(decided.collect::<Result<Vec<_>>>()?)?)
        })
    }

    /// The answer to a request, both as JSON text.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn run<'env>(
        &self,
        env: &'env Env,
        request: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (agent, request) = now(*env, || Ok((self.open()?, asked(&request)?)))?;
        let stopped = self.stopped(cancellation);
        promise(env, stopped, async move { answer_to_json(&agent.ask(request).await?) })
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
        let (agent, requests) = now(*env, || Ok((self.open()?, from_json("requests", &requests)?)))?;
        let concurrency = concurrency.map_or(BATCH_CONCURRENCY, |concurrency| concurrency as usize);
        let stopped = self.stopped(cancellation);
        promise(env, stopped, async move { outcomes_to_json(&agent.ask_batch(requests, concurrency).await?) })
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
        let (agent, request, schema) = now(*env, asked)?;
        let stopped = self.stopped(cancellation);
        promise(env, stopped, async move { to_json(&agent.extract_json(request, schema).await?) })
    }

    /// The events of a run; the request is JSON text.
    #[napi]
    pub fn stream(&self, env: Env, request: String) -> napi::Result<EventStream> {
        let (agent, request) = now(env, || Ok((self.open()?, asked(&request)?)))?;
        Ok(EventStream::new(agent, request, &self.closed))
    }

    /// This agent as a tool for assistants; `policy` is JSON text.
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
        now(env, || to_json(&self.open_assistant()?.beginning()))
    }

    /// Lets the model compute what the prompts of all runs begin with.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn warm_up<'env>(
        &self,
        env: &'env Env,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let assistant = now(*env, || self.open_assistant())?;
        promise(env, cancellation.cancelled(), async move { assistant.warm_up().await })
    }

    /// Stops all runs; later ones are refused.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close<'env>(&mut self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.closed.cancel();
        let (agent, assistant) = (self.agent.take(), self.assistant.take());
        self.toolbox = Toolbox::new();
        promise(env, std::future::pending(), async move {
            if let Some(assistant) = assistant {
                assistant.dropped().await?;
            }
            match agent {
                Some(agent) => agent.dropped().await,
                None => Ok(()),
            }
        })
    }
}

impl Agent {
    pub(crate) fn assistant(assistant: rushlight::Assistant, toolbox: Toolbox) -> Self {
        let assistant = Arc::new(assistant);
        let agent: Arc<dyn rushlight::Agent> = Arc::clone(&assistant) as _;
        Self { assistant: Some(Apart::new(assistant)), toolbox, ..Self::of(agent) }
    }

    pub(crate) fn of(agent: Arc<dyn rushlight::Agent>) -> Self {
        let agent = Some(Apart::new(agent));
        Self { agent, assistant: None, toolbox: Toolbox::new(), closed: Cancellation::new() }
    }

    /// When the caller cancels, or closes the assistant.
    fn stopped(&self, cancellation: &Cancellation) -> impl Future<Output = ()> + Send + use<> {
        let (cancelled, closed) = (cancellation.cancelled(), self.closed.told());
        async move {
            tokio::select! { () = cancelled => (), () = closed => () }
        }
    }

    pub(crate) fn open(&self) -> Result<Arc<dyn rushlight::Agent>> {
        self.agent.as_deref().cloned().ok_or(Error::Stopped { what: "the agent" })
    }

    fn open_assistant(&self) -> Result<Arc<rushlight::Assistant>> {
        self.assistant.as_deref().cloned().ok_or(Error::Stopped { what: "the assistant" })
    }
}

/// A request from its JSON text.
fn asked(request: &str) -> Result<Request> {
    from_json("options", request)
}
