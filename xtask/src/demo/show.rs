use std::io;
use std::path::Path;

use futures::TryStreamExt;
use rushlight::{Agent, Answer, Assistant, Event, Request};

use crate::failure::{Failure, Result};
use crate::screen::Screen;

/// Runs one question, prints what happens as it happens, and ends with one line of facts.
pub(super) async fn show(assistant: &Assistant, request: Request) -> Result<()> {
    let mut screen = Screen::new();
    let mut events = assistant.run(request).await?;
    while let Some(event) = events.try_next().await? {
        match event {
            Event::Text { text } => screen.stream(&text).map_err(cannot_print)?,
            Event::ToolCall(call) => {
                screen.end().map_err(cannot_print)?;
                println!("[{} {}]", call.name, call.arguments);
            }
            Event::ToolOutput(output) => println!("[{} gave {}]\n", output.name, output.content),
            Event::Done(answer) => {
                screen.end().map_err(cannot_print)?;
                println!();
                screen.facts(&facts(&answer));
            }
            _ => {}
        }
    }
    Ok(())
}

fn facts(answer: &Answer) -> Vec<String> {
    let report = &answer.report;
    let first_token = report.first_token.map_or_else(
        || "no token".to_owned(),
        |elapsed| format!("first token {:.2} s", elapsed.as_secs_f64()),
    );
    let rate = report
        .tokens_per_second
        .map_or_else(|| "- tokens/s".to_owned(), |rate| format!("{rate:.1} tokens/s"));
    let cited: Vec<_> = answer
        .citations
        .iter()
        .map(|citation| {
            let file = Path::new(&citation.source).file_name().unwrap_or_default();
            format!("[{}] {}", citation.number, file.to_string_lossy())
        })
        .collect();
    vec![
        first_token,
        rate,
        format!("retrieval {:.1} ms", report.retrieval.as_secs_f64() * 1e3),
        format!("tool calls {}", report.tool_calls),
        format!("cache {}", if answer.cached { "hit" } else { "miss" }),
        format!("cites {}", if cited.is_empty() { "nothing".to_owned() } else { cited.join(", ") }),
    ]
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands the error over")]
fn cannot_print(error: io::Error) -> Failure {
    Failure::new(format!("cannot print: {error}"))
}
