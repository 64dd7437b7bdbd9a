//! Answers from documents and says which passages the answer rests on.

use rushlight::{AgentExt, Assistant, Document, KnowledgeBase, LocalEmbedder, LocalLlm};

#[tokio::main]
async fn main() -> rushlight::Result<()> {
    let model = std::env::args().nth(1).unwrap_or_else(|| "SmolLM2-135M-Instruct".to_owned());
    let documents = KnowledgeBase::in_memory(LocalEmbedder::open("all-MiniLM-L6-v2").await?).await?;
    let handbook = vec![
        Document::new("leave.md", "Every employee has 28 days of leave a year.").title("Leave"),
        Document::new("travel.md", "Trains are booked in second class, through the office.").title("Travel"),
    ];
    documents.ingest(handbook, |_| {}).await?;
    let assistant = Assistant::builder(LocalLlm::open(&model).await?).retriever(documents).build()?;

    let answer = assistant.ask("How many days of leave do I have?").await?;

    println!("{}", answer.text);
    for citation in &answer.citations {
        println!("[{}] {}", citation.number, citation.source);
    }
    Ok(())
}
