use std::fs;
use std::path::Path;

use rushlight_models::{ChatTemplate, Conversation};
use serde::Deserialize;
use serde_json::Value;

use super::{Figure, Options};
use crate::failure::{Failure, Result};
use crate::workspace;

/// A template, a conversation, and what llama.cpp renders.
#[derive(Debug, Deserialize)]
struct Case {
    name: String,
    template: String,
    expected: String,
    bos_token: String,
    eos_token: String,
    messages: Value,
    add_generation_prompt: bool,
    /// False where llama.cpp renders with code of its own, because the template needs more than a conversation.
    #[serde(default = "yes")]
    supported_with_jinja: bool,
    /// Whether the reference, Python's jinja2, renders what is expected. Where it does not, llama.cpp deviates.
    #[serde(default = "yes")]
    python_jinja2_exact: bool,
}

fn yes() -> bool {
    true
}

/// Rendered conversations against recorded ones, and the share of published templates that parse.
pub(super) fn run(options: &Options) -> Result<()> {
    let mut seen = 0;
    for set in options.sets("render_cases.jsonl")? {
        let cases: Vec<Case> = super::json_lines(&set.path.join("render_cases.jsonl"))?;
        for case in &cases {
            let name = format!("{}/{}", set.name, case.name);
            if !options.wants(&name) {
                continue;
            }
            if !case.supported_with_jinja {
                eprintln!("{name}: left out, the template needs more than a conversation");
                continue;
            }
            seen += 1;
            let figure =
                if case.python_jinja2_exact { "agreement" } else { "agreement_where_jinja2_differs" };
            Figure::new(figure, &name, f64::from(u8::from(agrees(case)))).print();
        }
        let parsed = format!("{}/*.jinja", set.name);
        if options.wants(&parsed) {
            seen += parse(&set.path, &parsed)?;
        }
    }
    if seen == 0 { Err(Failure::new("no case has this name")) } else { Ok(()) }
}

fn agrees(case: &Case) -> bool {
    let conversation = Conversation {
        messages: case.messages.clone(),
        tools: Value::Null,
        add_generation_prompt: case.add_generation_prompt,
    };
    let rendered = ChatTemplate::new(&case.template, &case.bos_token, &case.eos_token)
        .and_then(|template| template.prompt(&conversation));
    match rendered {
        Ok(text) if text == case.expected => true,
        Ok(text) => {
            eprintln!("{}: expected {:?}, got {text:?}", case.name, case.expected);
            false
        }
        Err(error) => {
            eprintln!("{}: {error}", case.name);
            false
        }
    }
}

/// Prints the share of the folder's templates that parse, and gives 1 if it has any.
fn parse(folder: &Path, case: &str) -> Result<usize> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::io("read", folder, &error))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jinja"));
    files.sort();
    if files.is_empty() {
        return Ok(0);
    }
    let mut parsed = 0;
    for file in &files {
        match ChatTemplate::new(&workspace::read(file)?, "<s>", "</s>") {
            Ok(_) => parsed += 1,
            Err(error) => eprintln!("{}: {error}", file.display()),
        }
    }
    Figure::new("parsed", case, f64::from(parsed) / files.len() as f64).print();
    Ok(1)
}
