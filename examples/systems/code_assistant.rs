//! `NeuroNetes`: a code assistant that searches and reads a repository in sight, and names its sources.
//!
//! `code_assistant.json` holds the limits of its tools. A large model needs no more: one assistant with both tools and
//! the documents. One of half a billion parameters calls a tool well where there is one, with a name of the question or
//! a path from a list; it neither chooses among tools nor goes from a hit to the file. So a router gives each question
//! to the agent of one step.

use std::error::Error;
use std::io::{self, Write};

use futures::TryStreamExt;
use rushlight::tools::builtin::{ReadFileOptions, SearchCodeOptions, read_file, search_code};
use rushlight::{
    Agent, AgentSpec, Assistant, Event, FunctionTool, KnowledgeBase, LocalEmbedder, LocalLlm, Request, Route,
    Router, Tool, Toolbox,
};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/systems");
const QUESTIONS: [&str; 3] = [
    "Where is the class SecureCookieSessionInterface defined?",
    "Which hash function signs the session cookie?",
    "Read lines 44 to 54 of src/flask/logging.py: what is the format of a message?",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().unwrap_or_else(|| "Qwen2.5-Coder-0.5B-Instruct".to_owned());
    let folder = arguments.next().unwrap_or_else(|| format!("{HERE}/repository"));
    let mut questions: Vec<String> = arguments.collect();
    if questions.is_empty() {
        questions = QUESTIONS.map(str::to_owned).to_vec();
    }

    let documents = KnowledgeBase::in_memory(LocalEmbedder::open("all-MiniLM-L6-v2").await?).await?;
    let report = documents.ingest_dir(&folder, |_| {}).await?;
    println!("{} files, {} passages", report.added, documents.info().chunks);
    let parts = Parts {
        spec: AgentSpec::load(format!("{HERE}/code_assistant.json"))?,
        llm: LocalLlm::open(&model).await?,
    };
    let search = search_code(&folder, SearchCodeOptions::default().context_lines(0))?;
    let find = Route::new("find", "Places in the code", parts.agent("find", Some(search), None)?).words([
        "where",
        "which file",
        "who calls",
        "uses",
    ]);
    let read = read_file(&folder, ReadFileOptions::default().list_files(200))?;
    let read = Route::new("read", "What a file says", parts.agent("read", Some(read), None)?)
        .pattern(r"\w/\w+\.\w+");
    let explain = Route::new("explain", "Everything else", parts.agent("explain", None, Some(documents))?);
    let assistant = Router::builder(explain).route(read).route(find).build()?;

    for question in questions {
        println!("\n> {question}");
        // An agent that has a tool calls it, however unlikely the model finds that.
        let request = Request::new(question)
            .session("developer")
            .scopes(["read:code", "read:files"])
            .call_threshold(0.0)
            .parallel_calls(false);
        let mut events = assistant.run(request).await?;
        while let Some(event) = events.try_next().await? {
            show(event)?;
        }
    }
    Ok(())
}

/// What the agents share.
struct Parts {
    spec: AgentSpec,
    llm: LocalLlm,
}

impl Parts {
    fn agent(
        &self,
        profile: &str,
        tool: Option<FunctionTool>,
        documents: Option<KnowledgeBase>,
    ) -> rushlight::Result<Assistant> {
        let mut spec = self.spec.profile(profile)?;
        spec.tools.retain(|name, _| tool.as_ref().is_some_and(|tool| tool.spec().name == *name));
        let tools = tool.into_iter().try_fold(Toolbox::new(), Toolbox::add)?;
        spec.builder(self.llm.clone(), &tools, documents)?.build()
    }
}

fn show(event: Event) -> io::Result<()> {
    match event {
        Event::Routed { to, .. } => println!("{to}:"),
        Event::Retrieved { passages } => {
            for passage in passages {
                println!("  {}", [&[passage.title], passage.headings.as_slice()].concat().join(" › "));
            }
        }
        Event::ToolCall(call) => println!("  {} {}", call.name, call.arguments),
        Event::ToolOutput(output) => {
            for line in output.content.lines().take(5) {
                println!("    {line}");
            }
        }
        Event::Text { text } => {
            print!("{text}");
            io::stdout().flush()?;
        }
        Event::Done(answer) => {
            println!();
            for citation in answer.citations {
                println!("[{}] {}", citation.number, citation.source);
            }
        }
        _ => {}
    }
    Ok(())
}
