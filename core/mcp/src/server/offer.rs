use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use rushlight::tools::builtin::{SearchKnowledgeOptions, search_knowledge};
use rushlight::{Agent, Error, Result, Retriever, ToolContext, ToolRegistry, ToolSpec, Toolbox};

use super::ask::{Ask, AskOptions};

/// How long a search may take: models on small machines embed slowly.
const SEARCH: Duration = Duration::from_secs(30);

/// What is offered to clients of the protocol: tools, documents as tools that search them, and an agent as a tool that is
/// asked.
///
/// Tools are listed in the order in which they were added. Their policies hold, and whoever connects is granted what
/// [`context`](Self::context) says. At most 64 calls run at once, further ones wait.
///
/// ```no_run
/// use rushlight::{FunctionTool, NoArguments, Toolbox};
/// use rushlight_mcp::McpServer;
///
/// # async fn example() -> rushlight::Result<()> {
/// let roll = FunctionTool::new("roll", "Rolls a die", async |_: NoArguments| Ok::<_, String>(4));
/// McpServer::new("dice").tools(Toolbox::new().add(roll)?).serve_stdio().await
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct McpServer {
    pub(super) name: String,
    pub(super) instructions: Option<String>,
    pub(super) registries: Vec<Arc<dyn ToolRegistry>>,
    pub(super) ask: Option<Arc<Ask>>,
    pub(super) context: ToolContext,
}

impl McpServer {
    /// A server of this name that offers nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            instructions: None,
            registries: Vec::new(),
            ask: None,
            context: ToolContext::new(),
        }
    }

    /// The same with the tools of a registry, after those before.
    pub fn tools(mut self, registry: impl ToolRegistry) -> Self {
        self.registries.push(Arc::new(registry));
        self
    }

    /// The same with a tool that searches documents, after those before.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]: a limit is zero, or the name is none for a tool.
    pub fn documents(self, retriever: impl Retriever, options: SearchKnowledgeOptions) -> Result<Self> {
        let search = search_knowledge(retriever, options)?;
        Ok(self.tools(Toolbox::new().timeout(SEARCH).add(search)?))
    }

    /// The same with a tool that asks this agent, as the last one.
    ///
    /// A client that asks for it hears of each tool that the agent calls. Questions are on their own: no client hears what
    /// another one asked.
    pub fn agent(mut self, agent: impl Agent, options: AskOptions) -> Self {
        self.ask = Some(Arc::new(Ask::new(agent, options)));
        self
    }

    /// The same with words to the client's model on how to use it. Default: none.
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// The same with what whoever connects is granted. Default: nothing.
    pub fn context(mut self, context: ToolContext) -> Self {
        self.context = context;
        self
    }

    /// What is on offer now, in order.
    pub(super) async fn specs(&self) -> Result<Vec<ToolSpec>> {
        let offered = self.registries.iter().map(|registry| registry.specs_for(&self.context));
        let mut specs = try_join_all(offered).await?.concat();
        specs.extend(self.ask.iter().map(|ask| ask.spec().clone()));
        Ok(specs)
    }

    /// Refuses two tools of one name.
    pub(super) async fn check(&self) -> Result<()> {
        let mut names = HashSet::new();
        match self.specs().await?.into_iter().find(|spec| !names.insert(spec.name.clone())) {
            None => Ok(()),
            Some(spec) => {
                let message = format!("expected names to be unique, got `{}` twice", spec.name);
                Err(Error::invalid("tool name", message))
            }
        }
    }
}
