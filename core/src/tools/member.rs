use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Map;
use tokio::sync::Semaphore;

use super::choices::restrict;
use super::policy::{Breaker, Buckets, Memo};
use super::schema::{ArgumentSchema, check_parameters};
use super::{Choices, Tool, ToolContext, ToolPolicy};
use crate::message::ToolSpec;
use crate::schema::excerpt;
use crate::{Error, Result};

/// Characters of the longest name that a tool may have.
pub(crate) const LONGEST_NAME: usize = 64;

/// A tool of a toolbox, with what its policy counts.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) tool: Arc<dyn Tool>,
    pub(super) schema: ArgumentSchema,
    pub(super) choices: Vec<Choices>,
    pub(super) policy: ToolPolicy,
    pub(super) buckets: Option<Mutex<Buckets>>,
    pub(super) places: Option<Arc<Semaphore>>,
    pub(super) breaker: Option<Breaker>,
    pub(super) memo: Option<Memo>,
}

/// Refuses a name that no tool may have, or that is longer than this. `what` says whose name it is.
pub(crate) fn check_name(what: &str, name: &str, longest: usize) -> Result<()> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    if (1..=longest).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    let message = format!("expected 1 to {longest} of `[a-zA-Z0-9_-]`, got `{}`", excerpt(name));
    Err(Error::invalid(what, message))
}

/// Refuses choices of a parameter that the tool does not have.
fn check_choices(spec: &ToolSpec, choices: &[Choices]) -> Result<()> {
    let parameters = spec.parameters["properties"].as_object();
    let is_unknown = |name: &&str| !parameters.is_some_and(|parameters| parameters.contains_key(*name));
    match choices.iter().map(Choices::parameter).find(is_unknown) {
        None => Ok(()),
        Some(name) => {
            let known: Vec<&str> = parameters.into_iter().flat_map(Map::keys).map(String::as_str).collect();
            let message = format!("expected names of its parameters ({}), got `{name}`", known.join(", "));
            Err(Error::invalid(format!("choices of tool `{}`", spec.name), message))
        }
    }
}

impl Member {
    /// A tool whose name, schema and policy are as they must be.
    pub(super) fn new(tool: impl Tool) -> Result<Self> {
        let policy = tool.policy();
        Self::of(Arc::new(tool), policy)
    }

    /// The same tool with another policy, which counts anew.
    pub(super) fn with_policy(&self, policy: ToolPolicy) -> Result<Self> {
        Self::of(Arc::clone(&self.tool), policy)
    }

    fn of(tool: Arc<dyn Tool>, policy: ToolPolicy) -> Result<Self> {
        let spec = tool.spec();
        check_name("tool name", &spec.name, LONGEST_NAME)?;
        let schema = ArgumentSchema::compile(spec)?;
        policy.validate(&spec.name)?;
        let choices = tool.choices();
        check_choices(spec, &choices)?;
        let buckets = policy.rate.map(|rate| Mutex::new(Buckets::new(rate, policy.rate_key)));
        let places =
            policy.concurrency.map(|calls| Arc::new(Semaphore::new(calls.min(Semaphore::MAX_PERMITS))));
        let breaker = policy.breaker.clone().map(Breaker::new);
        let memo = policy.cache.clone().map(Memo::new);
        Ok(Self { tool, schema, choices, policy, buckets, places, breaker, memo })
    }

    pub(super) fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }

    /// What a run is told of the tool, with the values that its parameters can have now; nothing while one can have none.
    pub(super) async fn offered(&self, context: &ToolContext, timeout: Duration) -> Result<Option<ToolSpec>> {
        let mut spec = self.spec().clone();
        for choices in &self.choices {
            let values = choices.values(context, timeout).await.map_err(|error| self.failed(error))?;
            match values {
                Some(values) if values.is_empty() => return Ok(None),
                Some(values) => restrict(&mut spec.parameters["properties"][choices.parameter()], &values),
                None => {}
            }
        }
        if !self.choices.is_empty() {
            check_parameters(&spec)?;
        }
        Ok(Some(spec))
    }

    fn failed(&self, error: Error) -> Error {
        Error::Foreign { what: format!("tool `{}`", self.name()), source: error.into() }
    }

    pub(super) fn name(&self) -> &str {
        &self.spec().name
    }

    /// Whether a run may be told of the tool.
    pub(super) fn is_visible_to(&self, context: &ToolContext) -> bool {
        !self.policy.hidden || self.missing_scopes(context).is_empty()
    }

    /// What the run was not granted.
    pub(super) fn missing_scopes(&self, context: &ToolContext) -> Vec<&str> {
        let scopes = self.policy.scopes.iter().map(String::as_str);
        scopes.filter(|scope| !context.grants(scope)).collect()
    }
}
