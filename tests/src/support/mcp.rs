//! What tests offer to MCP clients.

use rushlight::tools::builtin::SearchKnowledgeOptions;
use rushlight::{
    Assistant, Document, HashedEmbedder, KnowledgeBase, RetrieverOptions, ScriptedLlm, ScriptedTurn, Toolbox,
};
use rushlight_mcp::{AskOptions, McpServer};

use super::tools::by_name;

/// The tools of the conformance suite, a tool that searches two documents, and an assistant that answers once.
pub async fn server() -> McpServer {
    let names = ["add", "echo", "boom", "slow", "panics"];
    let tools = names.iter().try_fold(Toolbox::new(), |tools, name| tools.add(by_name(name))).unwrap();
    let base = KnowledgeBase::in_memory(HashedEmbedder::new(64)).await.unwrap();
    let documents =
        vec![Document::new("bees.md", "Bees dance."), Document::new("moon.md", "The moon is far.")];
    base.ingest(documents, |_| ()).await.unwrap();
    let documents = base.retriever(RetrieverOptions::default()).unwrap();
    let assistant = Assistant::builder(ScriptedLlm::new(vec![ScriptedTurn::text("Nine.")])).build().unwrap();
    McpServer::new("tests")
        .tools(tools)
        .documents(documents, SearchKnowledgeOptions::default())
        .unwrap()
        .agent(assistant, AskOptions::default())
        .instructions("Ask for sums.")
}
