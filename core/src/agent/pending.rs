use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Request;
use crate::message::{Message, Role, ToolCall, ToolOutput};
use crate::tools::Approval;
use crate::{Error, Result};

/// A run that waits for approvals: all that it takes to go on with it, in this process or another one. The application
/// keeps its JSON form wherever it likes, for as long as it likes, but not where somebody else could change it: a decision is
/// about the calls as they stand here.
///
/// ```
/// use rushlight::tools::{Approval, FunctionApprover, FunctionTool};
/// use rushlight::{AgentExt, Assistant, NoArguments, ScriptedLlm, ScriptedTurn, ToolPolicy, Toolbox};
/// use serde_json::json;
///
/// # #[tokio::main] async fn main() -> rushlight::Result<()> {
/// # let llm = ScriptedLlm::new(vec![
/// #     ScriptedTurn::call("deploy", json!({})),
/// #     ScriptedTurn::text("It is deployed."),
/// # ]);
/// let deploy = FunctionTool::new("deploy", "Deploys the site", async |_: NoArguments| Ok::<_, String>("deployed"));
/// let tools = Toolbox::new()
///     .approver(FunctionApprover::new(async |_call, _context| Approval::Pending))
///     .add(deploy.policy(ToolPolicy::default().approve(true)))?;
/// let assistant = Assistant::builder(llm).tools(tools).build()?;
///
/// let pending = assistant.ask("Deploy the site").await?.pending.expect("the call waits");
/// assert_eq!(pending.calls[0].name, "deploy");
/// // A day later.
/// let request = pending.decide([("call_1", Approval::Approved)])?;
/// assert_eq!(assistant.ask(request).await?.text, "It is deployed.");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PendingRun {
    /// The calls that wait, in the order of the model.
    pub calls: Vec<ToolCall>,
    request: Request,
    progress: Progress,
}

impl PendingRun {
    /// The request that goes on with the run: to the same agent, or to one with the same tools. Calls that are not decided
    /// upon are asked about again. What the run was granted, it is granted again; it has its whole time once more.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for the id of a call that does not wait.
    pub fn decide<S: Into<String>>(
        self,
        decisions: impl IntoIterator<Item = (S, Approval)>,
    ) -> Result<Request> {
        let decisions: BTreeMap<String, Approval> =
            decisions.into_iter().map(|(id, decision)| (id.into(), decision)).collect();
        if let Some(id) = decisions.keys().find(|id| self.calls.iter().all(|call| call.id != **id)) {
            let known: Vec<&str> = self.calls.iter().map(|call| call.id.as_str()).collect();
            return Err(Error::Unknown { what: "waiting call", name: id.clone(), known: known.join(", ") });
        }
        Ok(Request {
            resumed: Some(Box::new(Resumed { progress: self.progress, decisions })),
            ..self.request
        })
    }

    pub(super) fn new(request: Request, exchange: Vec<Message>, turn: Turn) -> Self {
        let calls = turn.open_calls().cloned().collect();
        Self { calls, request, progress: Progress { exchange, turn, routes: Vec::new() } }
    }

    /// Takes note of a router's choice, to which the run comes back.
    pub(super) fn routed_to(&mut self, name: &str) {
        self.progress.routes.push(name.to_owned());
    }
}

/// How far a run got.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Calls and outputs of the turns before.
    exchange: Vec<Message>,
    /// The turn whose calls wait.
    turn: Turn,
    /// The agents that routers chose, the last router's first.
    routes: Vec<String>,
}

/// What a run goes on with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Resumed {
    progress: Progress,
    decisions: BTreeMap<String, Approval>,
}

impl Resumed {
    /// The agent that the next router chose.
    pub(super) fn route(&mut self) -> Option<String> {
        self.progress.routes.pop()
    }

    /// The turns before, the open one, and what was decided about its calls.
    pub(super) fn into_parts(self) -> (Vec<Message>, Turn, BTreeMap<String, Approval>) {
        (self.progress.exchange, self.progress.turn, self.decisions)
    }
}

/// A turn that asks for tools, with the outputs that are there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Turn {
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
    pub(super) outputs: Vec<ToolOutput>,
}

impl Turn {
    pub(super) fn new(text: String, calls: Vec<ToolCall>) -> Self {
        Self { text, calls, outputs: Vec::new() }
    }

    fn output(&self, call: &ToolCall) -> Option<&ToolOutput> {
        self.outputs.iter().find(|output| output.call_id == call.id)
    }

    /// The calls without an output.
    pub(super) fn open_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.calls.iter().filter(|call| self.output(call).is_none())
    }

    /// The calls with an output.
    pub(super) fn ended_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.calls.iter().filter(|call| self.output(call).is_some())
    }

    /// The calls, and their outputs in the same order.
    pub(super) fn into_messages(self) -> Vec<Message> {
        let outputs: Vec<Message> =
            self.calls.iter().filter_map(|call| self.output(call)).map(Message::tool).collect();
        std::iter::once(Message::assistant(self.text, self.calls)).chain(outputs).collect()
    }
}

/// How many turns of the model these messages are.
pub(super) fn turns_in(exchange: &[Message]) -> usize {
    exchange.iter().filter(|message| message.role == Role::Assistant).count()
}
