//! JRVS: a chat that has read a folder and a web site, remembers what was said, and names its sources.

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;

use futures::TryStreamExt;
use rushlight::retrieval::{IngestProgress, IngestReport, WebOptions};
use rushlight::{
    Agent, Assistant, Event, KnowledgeBase, Limits, LocalEmbedder, LocalLlm, MemorySessions, Request,
    Sampling,
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/runbooks/node");
const SITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/systems/site");
/// The last one is understood by what was said before.
const QUESTIONS: [&str; 3] = [
    "A RAID array is degraded. What should I do with the node?",
    "When is the maintenance window?",
    "Who has to approve work outside of it?",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().unwrap_or_else(|| "Qwen2.5-Coder-0.5B-Instruct".to_owned());
    let temporary = tempfile::tempdir()?;
    let store = arguments.next().map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let site = serve(SITE)?;

    let documents = KnowledgeBase::open(&store, LocalEmbedder::open("all-MiniLM-L6-v2").await?).await?;
    let show = |step: IngestProgress| eprint!("\r{}/{} ", step.done, step.total);
    let say = |what: &str, report: IngestReport| {
        let failed = report.failed.len();
        println!("{what}: {} added, {} unchanged, {failed} failed", report.added, report.unchanged);
    };
    // The second time nothing has changed, and nothing is embedded again.
    for _ in 0..2 {
        say("folder", documents.ingest_dir(FOLDER, show).await?);
        // Only public hosts are asked, and those that are named here.
        let options = WebOptions::default().depth(2).allowed_hosts(["127.0.0.1"]);
        say("site", documents.ingest_url(&site, options, show).await?);
    }

    let assistant = Assistant::builder(LocalLlm::open(&model).await?)
        .instructions("You help engineers who are on call.")
        .retriever(documents.clone())
        .sessions(MemorySessions::default())
        .sampling(Sampling::greedy())
        .limits(Limits::default().max_output_tokens(128))
        .build()?;
    for question in QUESTIONS {
        println!("\n> {question}");
        let mut events = assistant.run(Request::new(question).session("visitor")).await?;
        while let Some(event) = events.try_next().await? {
            match event {
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
        }
    }

    let info = documents.info();
    println!("\nstored: {} documents, {} chunks, {} bytes", info.documents, info.chunks, info.bytes);
    Ok(())
}

/// Serves the pages in a folder to this machine alone; gives the address of the first.
fn serve(folder: &'static str) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A reader may go away at any time.
            _ = answer(&stream, Path::new(folder));
        }
    });
    Ok(format!("http://{address}/"))
}

fn answer(mut stream: &TcpStream, folder: &Path) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    let _headers = lines.take_while(|line| !line.is_empty()).count();
    let name = Path::new(match request.split(' ').nth(1).unwrap_or_default() {
        "/" => "index.html",
        path => path.trim_start_matches('/'),
    });
    let is_inside = name.components().all(|part| matches!(part, Component::Normal(_)));
    let page = if is_inside { fs::read(folder.join(name)).ok() } else { None };
    let status = if page.is_some() { "200 OK" } else { "404 Not Found" };
    let kind = if name.extension().is_some_and(|end| end == "html") { "text/html" } else { "text/plain" };
    let page = page.unwrap_or_default();
    let length = page.len();
    write!(stream, "HTTP/1.0 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")?;
    stream.write_all(&page)
}
