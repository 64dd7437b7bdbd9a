//! rag-k8s: a request becomes one kubectl command, from cards, that can only be an allowed one.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use futures::TryStreamExt;
use rushlight::llm::ScriptedTurn;
use rushlight::retrieval::SearchMode;
use rushlight::tools::builtin::{AllowedCommand, RunCommandOptions, run_command};
use rushlight::{
    Agent, AgentExt, Assistant, Event, KnowledgeBase, Limits, LocalEmbedder, LocalLlm, Passage, Query,
    Request, Sampling, ScriptedLlm, Toolbox,
};
use serde::Deserialize;
use serde_json::{Value, json};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/systems/kubectl");
const REQUESTS: [&str; 6] = [
    "Which pods run in the namespace shop?",
    "Show the logs of the pod cart-58f6d",
    "Scale the deployment web to 3 replicas",
    "Delete the deployment cart",
    "Open a shell in the pod web-7d4b9c",
    "What is the capital of France?",
];
const REFUSED: [&str; 2] = ["delete", "apply"];
const INSTRUCTIONS: &str =
    "You turn a request into one kubectl command. Names and numbers are those of the request.";
/// Cards that are less similar say nothing about a request.
const NEAR: f32 = 0.35;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Deserialize)]
struct Rules {
    words: BTreeMap<String, String>,
    commands: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    command: String,
    does: String,
    #[serde(default)]
    form: String,
    #[serde(default)]
    options: String,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().unwrap_or_else(|| "Qwen2.5-Coder-0.5B-Instruct".to_owned());
    let kubectl = arguments.next().unwrap_or_else(|| format!("{HERE}/kubectl"));
    let approved = arguments.any(|argument| argument == "--approve");

    let documents = KnowledgeBase::in_memory(LocalEmbedder::open("all-MiniLM-L6-v2").await?).await?;
    documents.ingest_files(vec![PathBuf::from(HERE).join("cards.jsonl")], |_| {}).await?;
    let llm = LocalLlm::open(&model).await?;
    let mut rules: Rules = serde_json::from_str(&std::fs::read_to_string(format!("{HERE}/commands.json"))?)?;
    rules.commands.retain(|rule| rule.does != "session" && !REFUSED.contains(&rule.command.as_str()));
    let mut system = System { documents, llm, rules, kubectl, approved };
    let list = ["get", "namespaces,deployments,pods", "--all-namespaces", "--output=name"];
    let listed = system.run(list.map(str::to_owned).to_vec(), false).await?;
    // `pod/web-0` in the output of the tool
    let names: Vec<&str> = listed.lines().filter_map(|line| Some(line.split_once('/')?.1)).collect();
    system.rules.words.insert("name".to_owned(), names.join("|").replace('.', r"\."));
    system.rules.words.insert("namespace".to_owned(), "{name}".to_owned());
    for request in REQUESTS {
        println!("\n> {request}\n{}", system.answer(request).await?);
    }
    Ok(())
}

struct System {
    documents: KnowledgeBase,
    llm: LocalLlm,
    /// Of the commands that are allowed.
    rules: Rules,
    kubectl: String,
    approved: bool,
}

impl System {
    async fn answer(&self, request: &str) -> Outcome<String> {
        let start = Instant::now();
        let cards = self.documents.search(&Query::new(request).k(4), SearchMode::Dense).await?;
        let Some(best) = cards.first().filter(|best| best.score >= NEAR) else {
            return Ok("refused: no card is about this".to_owned());
        };
        if self.rule(best).is_none() {
            return Ok(format!("refused: `kubectl {}` is not allowed", best.metadata["command"]));
        }
        let retrieved = Instant::now();
        let plan = self.plan(request, &cards).await?;
        let planned = Instant::now();
        let arguments: Vec<String> = split(&plan).into_iter().skip(1).collect();
        let checked = self.run(arguments.clone(), true).await?;
        if !checked.starts_with("dry run") {
            return Ok(format!("refused: {plan}: {checked}"));
        }
        let (retrieval, planning, validation) = (retrieved - start, planned - retrieved, planned.elapsed());
        eprintln!("retrieval {retrieval:.3?}, planning {planning:.3?}, validation {validation:.3?}");
        let is_meant = |rule: &&Rule| format!("{plan} ").starts_with(&format!("kubectl {} ", rule.command));
        let meant = self.rules.commands.iter().filter(is_meant).max_by_key(|rule| rule.command.len());
        if meant.is_none_or(|rule| rule.does == "change") && !self.approved {
            return Ok(format!("plan: {plan}\nneeds an approval: {checked}"));
        }
        Ok(format!("plan: {plan}\n{}", self.run(arguments, false).await?))
    }

    /// The command that the model writes, which is one of those that the cards are about.
    async fn plan(&self, request: &str, cards: &[Passage]) -> Outcome<String> {
        let used: Vec<(&Passage, &Rule)> =
            cards.iter().filter_map(|card| Some((card, self.rule(card)?))).collect();
        let examples = used.iter().map(|(card, _)| {
            let (asked, command) = card.text.split_once('\n').unwrap_or_default();
            format!("\n- {asked} {}", json!({"command": command}))
        });
        let instructions =
            format!("{INSTRUCTIONS}\n\nExamples of other requests:{}", examples.collect::<String>());
        let written: BTreeSet<String> = used.iter().map(|(_, rule)| rule.written()).collect();
        let planner = Assistant::builder(self.llm.clone())
            .instructions(instructions)
            .sampling(Sampling::greedy())
            .limits(Limits::default().max_output_tokens(160))
            .build()?;
        let plan = planner.extract_json(request, self.schema(written)).await?;
        Ok(plan["command"].as_str().unwrap_or_default().to_owned())
    }

    /// The rule of a card's command, if that is allowed.
    fn rule(&self, card: &Passage) -> Option<&Rule> {
        self.rules.commands.iter().find(|rule| rule.command == card.metadata["command"])
    }

    /// What the model may write: one of these, about the names that there are.
    fn schema(&self, written: BTreeSet<String>) -> Value {
        let written: Vec<_> = written.into_iter().collect();
        let mut pattern = format!("^kubectl ({})$", written.join("|"));
        loop {
            let expand = |text: String, (name, word): (&String, &String)| {
                text.replace(&format!("{{{name}}}"), &format!("({word})"))
            };
            let expanded = self.rules.words.iter().fold(pattern.clone(), expand);
            if expanded == pattern {
                break;
            }
            pattern = expanded;
        }
        let command = json!({"type": "string", "pattern": pattern});
        json!({"type": "object", "properties": {"command": command}, "required": ["command"]})
    }

    /// Runs kubectl by the shipped tool, which checks every argument once more; a script stands in for a model that calls it.
    async fn run(&self, arguments: Vec<String>, dry_run: bool) -> Outcome<String> {
        let words = "-{0,2}[A-Za-z0-9][A-Za-z0-9._/:=,%-]*";
        let allow = |rule: &Rule| AllowedCommand::new(&self.kubectl, rule.command.split(' ')).more(words);
        let allowed = self.rules.commands.iter().map(allow).collect();
        let options = RunCommandOptions::default().environment(["HOME", "KUBECONFIG"]).dry_run(dry_run);
        let tool = run_command(HERE, allowed, options)?;
        let call = json!({"program": self.kubectl, "arguments": arguments});
        let script =
            ScriptedLlm::new(vec![ScriptedTurn::call("run_command", call), ScriptedTurn::text("Done.")]);
        let runner = Assistant::builder(script).tools(Toolbox::new().add(tool)?).build()?;
        let mut events = runner.run(Request::new("Run")).await?;
        while let Some(event) = events.try_next().await? {
            if let Event::ToolOutput(output) = event {
                return Ok(output.content);
            }
        }
        Err("the tool said nothing".into())
    }
}

impl Rule {
    fn written(&self) -> String {
        let Self { command, form, options, .. } = self;
        let options = if options.is_empty() { String::new() } else { format!("( ({options})){{0,4}}") };
        format!("{command}{form}{options}")
    }
}

/// The words of a command; those in quotes lose them.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, part) in line.split('\'').enumerate() {
        let is_quoted = index % 2 == 1;
        for (place, text) in
            if is_quoted { vec![part] } else { part.split(' ').collect() }.into_iter().enumerate()
        {
            if place > 0 {
                words.push(String::new());
            }
            words.last_mut().expect("there is always one").push_str(text);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
