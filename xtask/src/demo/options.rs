use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use rushlight::{Assistant, Request};

use super::prepare;
use super::show::show;
use crate::failure::{Failure, Result};
use crate::workspace;

/// Answered from the documents that the repository carries.
const FROM_DOCUMENTS: &str = "My pod is in a crash loop. What should I check?";
/// Answered with the tool.
const WITH_TOOL: &str = "How much disk space is free at the path / on this machine?";

/// Asks a local model about documents, with citations, a tool and the cache.
///
/// Fetches the models the first time; works offline from then on.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Asks this instead of the prepared questions.
    #[arg(long, value_name = "TEXT")]
    ask: Option<String>,
    /// Answers from the documents in DIR [default: examples/corpus]
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// The language model, by name or as the path of a GGUF file or of a folder with safetensors.
    #[arg(long, value_name = "NAME|PATH", default_value = "Qwen2.5-Coder-0.5B-Instruct")]
    model: String,
    /// A conversation: one question a line, until the input ends.
    #[arg(long, conflicts_with = "ask")]
    chat: bool,
}

pub(crate) fn run(options: Options) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(format!("cannot start the runtime: {error}")))?;
    runtime.block_on(demonstrate(options))
}

async fn demonstrate(options: Options) -> Result<()> {
    let corpus = options.corpus.unwrap_or_else(|| workspace::root().join("examples/corpus"));
    let assistant = prepare::assistant(&options.model, &corpus).await?;
    if options.chat {
        return chat(&assistant).await;
    }
    let questions = match &options.ask {
        Some(question) => vec![question.as_str()],
        None => vec![FROM_DOCUMENTS, WITH_TOOL, FROM_DOCUMENTS],
    };
    for question in questions {
        println!("\n> {question}\n");
        show(&assistant, Request::new(question)).await?;
    }
    Ok(())
}

/// Questions from the standard input, in one session. A question that fails is reported; the next one may succeed.
async fn chat(assistant: &Assistant) -> Result<()> {
    if io::stdin().is_terminal() {
        println!("\nOne question a line; Ctrl-D ends.");
    }
    loop {
        let Some(question) = next_question()? else { return Ok(()) };
        println!();
        if let Err(failure) = show(assistant, Request::new(question).session("demo")).await {
            if !io::stdin().is_terminal() {
                return Err(failure);
            }
            eprintln!("error: {failure}");
        }
    }
}

/// The next line that is not blank; none at the end. Questions that are piped in are shown, as if they were typed.
fn next_question() -> Result<Option<String>> {
    let unreadable = |error: io::Error| Failure::new(format!("cannot read the question: {error}"));
    loop {
        print!("\n> ");
        io::stdout().flush().map_err(unreadable)?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).map_err(unreadable)? == 0 {
            println!();
            return Ok(None);
        }
        let question = line.trim();
        if !question.is_empty() {
            if !io::stdin().is_terminal() {
                println!("{question}");
            }
            return Ok(Some(question.to_owned()));
        }
    }
}
