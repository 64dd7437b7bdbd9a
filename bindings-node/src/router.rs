use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use napi::bindgen_prelude::{ClassInstance, Env};
use napi_derive::napi;
use rushlight::agent::Rule;
use rushlight::{Request, Result};
use serde::Deserialize;

use crate::agent::Agent;
use crate::assistant::used;
use crate::callback::Method;
use crate::convert::{duration, from_json};
use crate::embedder::Embedder;
use crate::llm::Llm;
use crate::runtime::now;

/// One of the agents of a router, and what chooses it; the router takes it out, so that nothing else holds the agent.
#[napi]
pub struct Route {
    route: Option<rushlight::Route>,
}

/// What chooses an agent, as JSON text has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    patterns: Vec<String>,
    max_deadline_ms: Option<f64>,
    #[serde(default)]
    examples: Vec<String>,
}

#[napi]
impl Route {
    /// A route to an agent; `rules` is JSON text.
    #[napi(constructor)]
    pub fn new(
        env: Env,
        name: String,
        description: String,
        agent: &Agent,
        rules: String,
        when: Option<ClassInstance<'_, Method>>,
    ) -> napi::Result<Self> {
        let when = when.map(|method| JsRule { fits: (*method).clone() });
        now(env, || {
            let rules: Rules = from_json(&format!("route `{name}`"), &rules)?;
            let route = rushlight::Route::new(name, description, agent.open()?).words(rules.words);
            let mut route = rules.patterns.into_iter().fold(route, rushlight::Route::pattern);
            if let Some(milliseconds) = rules.max_deadline_ms {
                route = route.max_deadline(duration("maxDeadlineMs", milliseconds)?);
            }
            if let Some(when) = when {
                route = route.rule(when);
            }
            Ok(Self { route: Some(route.examples(rules.examples)) })
        })
    }
}

/// A JavaScript function that says whether an agent is the right one for a request.
struct JsRule {
    fits: Method,
}

impl fmt::Debug for JsRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JsRule")
    }
}

#[async_trait]
impl Rule for JsRule {
    async fn fits(&self, request: &Request) -> Result<bool> {
        self.fits.call("the rule `when` of a route", request).await
    }
}

/// Collects the parts of a router.
#[napi]
pub struct RouterBuilder {
    builder: Option<rushlight::agent::RouterBuilder>,
}

#[napi]
impl RouterBuilder {
    /// A router whose fallback this is.
    #[napi(constructor)]
    pub fn new(env: Env, fallback: &mut Route) -> napi::Result<Self> {
        let fallback = now(env, || fallback.route.take().ok_or_else(used))?;
        Ok(Self { builder: Some(rushlight::Router::builder(fallback)) })
    }

    /// One more agent.
    #[napi]
    pub fn route(&mut self, env: Env, route: &mut Route) -> napi::Result<()> {
        let route = now(env, || route.route.take().ok_or_else(used))?;
        self.with(env, |builder| builder.route(route))
    }

    /// What compares questions with examples.
    #[napi]
    pub fn embedder(&mut self, env: Env, embedder: &Embedder) -> napi::Result<()> {
        self.with(env, |builder| builder.embedder(Arc::clone(&embedder.embedder)))
    }

    /// From which cosine on a question is like an example.
    #[napi]
    pub fn threshold(&mut self, env: Env, cosine: f64) -> napi::Result<()> {
        self.with(env, |builder| builder.threshold(cosine as f32))
    }

    /// The model that names an agent.
    #[napi]
    pub fn llm(&mut self, env: Env, llm: &Llm) -> napi::Result<()> {
        self.with(env, |builder| builder.llm(Arc::clone(&llm.llm)))
    }

    /// Checks everything once.
    #[napi]
    pub fn build(&mut self, env: Env) -> napi::Result<Agent> {
        now(env, || Ok(Agent::of(Arc::new(self.builder.take().ok_or_else(used)?.build()?))))
    }
}

impl RouterBuilder {
    fn with(
        &mut self,
        env: Env,
        change: impl FnOnce(rushlight::agent::RouterBuilder) -> rushlight::agent::RouterBuilder,
    ) -> napi::Result<()> {
        let builder = self.builder.take();
        self.builder = Some(now(env, || Ok(change(builder.ok_or_else(used)?)))?);
        Ok(())
    }
}
