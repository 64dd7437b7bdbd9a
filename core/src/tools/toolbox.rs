use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::try_join_all;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::ending::Ending;
use super::invocation::{Invocation, cut};
use super::member::Member;
use super::task::{CallFuture, CallScope};
use super::{Approver, Tool, ToolContext, ToolRegistry};
use crate::message::{ToolCall, ToolOutput, ToolSpec, ToolStatus};
use crate::schema::excerpt;
use crate::{Error, Result};

const MAX_TOOLS: usize = 256;

/// The tools of this process, with what keeps them in check.
///
/// Arguments are validated before a tool runs, and each tool has a [`ToolPolicy`](super::ToolPolicy). A panic, an error
/// and a timeout become outputs that the model reads. Copies of the handle share the tools, with what their policies count.
///
/// Each call runs on a task of its own. On tokio's multi-thread runtime, a tool that blocks its thread therefore
/// holds up neither its timeout nor whoever waits for it; a runtime of one thread stands still with it.
#[derive(Debug, Clone)]
#[must_use]
pub struct Toolbox {
    tools: Vec<Arc<Member>>,
    places: HashMap<String, usize>,
    timeout: Duration,
    max_output_bytes: usize,
    call_scope: Option<CallScope>,
    approver: Option<Arc<dyn Approver>>,
}

impl Toolbox {
    /// No tools yet; a timeout of 5 seconds and outputs of at most 16 KiB.
    pub fn new() -> Self {
        Self {
            tools: Vec::new(),
            places: HashMap::new(),
            timeout: Duration::from_secs(5),
            max_output_bytes: 16 << 10,
            call_scope: None,
            approver: None,
        }
    }

    /// The same tools and one more.
    ///
    /// Refuses a name that is taken or not made of 1 to 64 of `[a-zA-Z0-9_-]`, the 257th tool, a policy that cannot
    /// be kept, and parameters that are no JSON Schema 2020-12 of an object, larger than 64 KiB or deeper than 32 levels, or
    /// whose patterns take more than 2 MiB when they are compiled.
    #[expect(clippy::should_implement_trait, reason = "a toolbox grows by a tool; it is no number")]
    pub fn add(mut self, tool: impl Tool) -> Result<Self> {
        let member = Member::new(tool)?;
        let name = member.name();
        if self.places.contains_key(name) {
            return Err(Error::invalid(
                "tool name",
                format!("expected names to be unique, got `{name}` twice"),
            ));
        }
        if self.tools.len() == MAX_TOOLS {
            let message = format!("expected at most {MAX_TOOLS}, got `{name}` as one more");
            return Err(Error::invalid("number of tools", message));
        }
        self.places.insert(name.to_owned(), self.tools.len());
        self.tools.push(Arc::new(member));
        Ok(self)
    }

    /// These tools, each with the fields of its [policy](Tool::policy) that `policies` has in the place of its own. A tool
    /// whose policy stays what it is is shared, with what that counts.
    pub(crate) fn with_policies(&self, policies: &BTreeMap<String, Map<String, Value>>) -> Result<Self> {
        if policies.len() != self.len() || !policies.keys().all(|name| self.places.contains_key(name)) {
            let named = names(policies.keys().map(String::as_str));
            let given = names(self.tools.iter().map(|member| member.name()));
            return Err(Error::invalid(
                "tools",
                format!("expected those that the spec names ({named}), got {given}"),
            ));
        }
        let mut changed = self.clone();
        for member in &mut changed.tools {
            let policy = member.policy.with_fields(member.name(), &policies[member.name()])?;
            if policy != member.policy {
                *member = Arc::new(member.with_policy(policy)?);
            }
        }
        Ok(changed)
    }

    /// How long each call may take, where the tool's [policy](Tool::policy) does not say. Default 5 seconds.
    ///
    /// Then an async tool is dropped; one that blocks a thread goes on unheard, and the output says so.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How much of an output the model sees; the rest is cut off. Default 16 KiB.
    pub fn max_output_bytes(mut self, bytes: usize) -> Self {
        self.max_output_bytes = bytes;
        self
    }

    /// Wraps the work of every call before it goes to a task of its own; called in the task of whoever invokes.
    /// It carries into the tools what is local to that task, for example with
    /// [`LocalKey::scope`](tokio::task::LocalKey::scope). Default: nothing is carried but the tracing span.
    pub fn call_scope(mut self, scope: impl Fn(CallFuture) -> CallFuture + Send + Sync + 'static) -> Self {
        self.call_scope = Some(CallScope(Arc::new(scope)));
        self
    }

    /// Who decides about calls of tools that need an [approval](super::ToolPolicy::approve). Default: nobody, and such
    /// a call does not run.
    pub fn approver(mut self, approver: impl Approver) -> Self {
        self.approver = Some(Arc::new(approver));
        self
    }

    /// Forgets what the [cache](super::ToolPolicy::cache) of a tool keeps, also of calls that still run. Nothing happens
    /// if the tool has no cache.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a name that no tool has.
    pub fn forget(&self, name: &str) -> Result<()> {
        let Some(&place) = self.places.get(name) else {
            let known: Vec<&str> = self.tools.iter().map(|member| member.name()).collect();
            return Err(Error::Unknown { what: "tool", name: excerpt(name), known: known.join(", ") });
        };
        if let Some(memo) = &self.tools[place].memo {
            memo.clear();
        }
        Ok(())
    }

    /// The number of tools.
    pub fn len(&self) -> usize {
        self.tools.len()
    }

    /// Whether there is no tool.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    async fn output(&self, call: &ToolCall, context: &ToolContext) -> Result<ToolOutput, Ending> {
        let Some(member) = self.places.get(&call.name).map(|&place| &self.tools[place]) else {
            return Err(Ending::new(ToolStatus::UnknownTool, self.unknown(&call.name, context)));
        };
        let invocation = Invocation {
            member,
            call,
            context,
            approver: self.approver.as_deref(),
            scope: self.call_scope.as_ref(),
            timeout: self.timeout_of(member),
            max_output_bytes: self.max_output_bytes,
        };
        invocation.output().await
    }

    fn timeout_of(&self, member: &Member) -> Duration {
        member.policy.timeout.unwrap_or(self.timeout)
    }

    fn visible(&self, context: &ToolContext) -> impl Iterator<Item = &Member> {
        self.tools.iter().map(|member| &**member).filter(|member| member.is_visible_to(context))
    }

    fn unknown(&self, name: &str, context: &ToolContext) -> String {
        let name = excerpt(name);
        let known: Vec<&str> = self.visible(context).map(Member::name).collect();
        if known.is_empty() {
            return format!("no tool is named `{name}`: there are no tools");
        }
        format!("no tool is named `{name}`, expected one of: {}", known.join(", "))
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl Default for Toolbox {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ToolRegistry for Toolbox {
    fn specs(&self) -> Vec<ToolSpec> {
        self.visible(&ToolContext::new()).map(|member| member.spec().clone()).collect()
    }

    async fn invoke(&self, call: &ToolCall) -> Result<ToolOutput> {
        self.invoke_for(call, &ToolContext::new()).await
    }

    async fn specs_for(&self, context: &ToolContext) -> Result<Vec<ToolSpec>> {
        let offered = self.visible(context).map(|member| member.offered(context, self.timeout_of(member)));
        Ok(try_join_all(offered).await?.into_iter().flatten().collect())
    }

    async fn invoke_for(&self, call: &ToolCall, context: &ToolContext) -> Result<ToolOutput> {
        let started = Instant::now();
        let output = match self.output(call, context).await {
            Ok(output) => ToolOutput { call_id: call.id.clone(), name: call.name.clone(), ..output },
            Err(ending) => {
                let text = cut(ending.content, self.max_output_bytes);
                ToolOutput { usage: ending.usage, ..ToolOutput::new(call, ending.status, text) }
            }
        };
        Ok(ToolOutput { elapsed: started.elapsed(), ..output })
    }
}
