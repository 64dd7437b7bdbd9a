//! The tools of the scenarios: all but `panics` exist in every language's runner.

use std::path::PathBuf;
use std::time::Duration;

use rushlight::tools::builtin::{ReadFileOptions, SearchCodeOptions, calculate, read_file, search_code};
use rushlight::{FunctionTool, NoArguments, RateExcess, ToolContext, ToolPolicy};
use schemars::JsonSchema;
use serde::Deserialize;

/// The argument of [`add`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Sum {
    a: i64,
    b: i64,
}

/// The argument of [`echo`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Echo {
    text: String,
}

/// The argument of [`note`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Note {
    name: String,
}

/// Adds two numbers.
pub fn add() -> FunctionTool {
    FunctionTool::new("add", "Add two numbers", async |sum: Sum| {
        sum.a.checked_add(sum.b).ok_or("the sum is too large")
    })
}

/// Repeats a text.
pub fn echo() -> FunctionTool {
    FunctionTool::new("echo", "Repeat a text", async |echo: Echo| Ok::<_, String>(echo.text))
}

/// Always fails.
pub fn boom() -> FunctionTool {
    FunctionTool::new("boom", "Always fails", async |_: NoArguments| Err::<(), _>("boom"))
}

/// Never ends.
pub fn slow() -> FunctionTool {
    FunctionTool::new("slow", "Never ends", async |_: NoArguments| {
        std::future::pending::<()>().await;
        Ok::<_, String>(())
    })
}

/// Never ends, and says itself how long it may run.
pub fn brief() -> FunctionTool {
    FunctionTool::new("brief", "Never ends, briefly", async |_: NoArguments| {
        std::future::pending::<()>().await;
        Ok::<_, String>(())
    })
    .timeout(Duration::from_millis(50))
}

/// Repeats a text once a day.
pub fn rare() -> FunctionTool {
    let policy = ToolPolicy::default().rate("1/day".parse().unwrap()).rate_excess(RateExcess::Refuse);
    FunctionTool::new("rare", "Repeat a text, seldom", async |echo: Echo| Ok::<_, String>(echo.text))
        .policy(policy)
}

/// Needs a scope.
pub fn secret() -> FunctionTool {
    FunctionTool::new("secret", "Tell the secret", async |_: NoArguments| Ok::<_, String>("42"))
        .policy(ToolPolicy::default().scopes(["read:code"]))
}

/// Needs an approval.
pub fn deploy() -> FunctionTool {
    FunctionTool::new("deploy", "Deploy the site", async |_: NoArguments| Ok::<_, String>("deployed"))
        .policy(ToolPolicy::default().approve(true))
}

/// Opens a note: each conversation has its own, and one has none.
pub fn note() -> FunctionTool {
    let tool = FunctionTool::with_context("note", "Open a note", async |note: Note, context: ToolContext| {
        let whose = context.session.unwrap_or_else(|| "nobody".to_owned());
        Ok::<_, String>(format!("{} of {whose}", note.name))
    });
    tool.choices("name", async |context: ToolContext| {
        Ok::<_, String>(match context.session.as_deref() {
            Some("new") => vec![],
            Some(session) => vec![format!("{session}.md")],
            None => vec!["a.md".to_owned(), "b.md".to_owned()],
        })
    })
}

/// Panics.
pub fn panics() -> FunctionTool {
    FunctionTool::new("panics", "Panics", async |_: NoArguments| -> Result<(), String> {
        panic!("out of luck")
    })
}

/// The folder that tools of the scenarios read.
fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/workspace")
}

/// The tool of this name.
pub fn by_name(name: &str) -> FunctionTool {
    match name {
        "add" => add(),
        "echo" => echo(),
        "boom" => boom(),
        "slow" => slow(),
        "brief" => brief(),
        "rare" => rare(),
        "secret" => secret(),
        "deploy" => deploy(),
        "note" => note(),
        "panics" => panics(),
        "calculate" => calculate(),
        "read_file" => read_file(workspace(), ReadFileOptions::default()).unwrap(),
        "search_code" => search_code(workspace(), SearchCodeOptions::default().context_lines(0)).unwrap(),
        other => panic!("no test tool is named `{other}`"),
    }
}
