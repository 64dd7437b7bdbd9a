//! The scenarios that all languages share: `scenarios/*.json`.
//!
//! With `RUSHLIGHT_UPDATE_SCENARIOS=1` the events that happened are written into the files instead of compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use rushlight::{
    Agent, AgentSpec, AgentTool, Approval, Assistant, AssistantBuilder, Document, FunctionApprover,
    HashedEmbedder, KnowledgeBase, Limits, MemoryCache, MemorySessions, PendingRun, Request,
    RetrieverOptions, Route, Router, ScriptedLlm, ScriptedTurn, Toolbox,
};
use rushlight_tests::support::tools::by_name;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    /// What the assistant is, in the place of `instructions`, `retriever`, `cache`, `sessions` and `limits`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spec: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    documents: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retriever: Option<RetrieverOptions>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tools: Vec<String>,
    /// Assistants that the assistant may ask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    agents: Vec<Other>,
    /// Assistants to which it may hand over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hand_offs: Vec<Other>,
    /// Assistants that a router chooses from; the scenario's own is its fallback `general` then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    routes: Vec<To>,
    /// What the router's model says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    choices: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tool_timeout_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "is_false")]
    cache: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    sessions: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limits: Option<Value>,
    script: Vec<Value>,
    runs: Vec<Run>,
}

/// An assistant beside the one that is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    name: String,
    description: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tools: Vec<String>,
    script: Vec<Value>,
}

/// An assistant that a router may choose.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct To {
    name: String,
    description: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    words: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    examples: Vec<String>,
    script: Vec<Value>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    /// None for a run that goes on with the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Request>,
    /// What is decided about the calls that wait: true, or why not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    decisions: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop_after: Option<usize>,
    events: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ExpectedError>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedError {
    kind: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

fn model(script: &[Value]) -> ScriptedLlm {
    let turn = |turn: &Value| serde_json::from_value::<ScriptedTurn>(turn.clone()).unwrap();
    ScriptedLlm::new(script.iter().map(turn).collect())
}

fn toolbox(names: &[String]) -> Toolbox {
    let later = FunctionApprover::new(async |_, _| Approval::Pending);
    names.iter().try_fold(Toolbox::new().approver(later), |tools, name| tools.add(by_name(name))).unwrap()
}

fn other(other: &Other) -> Assistant {
    Assistant::builder(model(&other.script)).tools(toolbox(&other.tools)).build().unwrap()
}

async fn documents(scenario: &Scenario) -> Option<KnowledgeBase> {
    if scenario.documents.is_empty() {
        return None;
    }
    let text = |document: &Value, field: &str| document[field].as_str().unwrap_or_default().to_owned();
    let documents = scenario.documents.iter().map(|document| {
        let made = Document::new(text(document, "source"), text(document, "text"));
        let fields = document["metadata"].as_object().into_iter().flatten();
        fields.fold(made.title(text(document, "title")), |document, (name, value)| {
            document.field(name, value.as_str().unwrap())
        })
    });
    let base = KnowledgeBase::in_memory(HashedEmbedder::new(64)).await.unwrap();
    base.ingest(documents.collect(), |_| ()).await.unwrap();
    Some(base)
}

fn tools(scenario: &Scenario) -> Toolbox {
    let mut tools = toolbox(&scenario.tools);
    for agent in &scenario.agents {
        tools = tools.add(AgentTool::new(&agent.name, &agent.description, other(agent))).unwrap();
    }
    match scenario.tool_timeout_ms {
        Some(timeout) => tools.timeout(Duration::from_millis(timeout)),
        None => tools,
    }
}

async fn assistant(scenario: &Scenario, journal: &Path) -> Assistant {
    let (llm, tools, base) = (model(&scenario.script), tools(scenario), documents(scenario).await);
    let mut builder = match &scenario.spec {
        Some(spec) => AgentSpec::from_json(&spec.to_string()).unwrap().builder(llm, &tools, base).unwrap(),
        None => built(scenario, llm, tools, base),
    };
    for to in &scenario.hand_offs {
        builder = builder.hand_off_to(&to.name, &to.description, other(to));
    }
    builder.record(journal).build().unwrap()
}

fn built(
    scenario: &Scenario,
    llm: ScriptedLlm,
    tools: Toolbox,
    base: Option<KnowledgeBase>,
) -> AssistantBuilder {
    let mut builder = Assistant::builder(llm);
    if let Some(instructions) = &scenario.instructions {
        builder = builder.instructions(instructions);
    }
    match (base, &scenario.retriever) {
        (Some(base), Some(options)) => builder = builder.retriever(base.retriever(options.clone()).unwrap()),
        (Some(base), None) => builder = builder.retriever(base),
        (None, _) => {}
    }
    if !tools.is_empty() {
        builder = builder.tools(tools);
    }
    if scenario.cache {
        builder = builder.cache(MemoryCache::default());
    }
    if scenario.sessions {
        builder = builder.sessions(MemorySessions::new());
    }
    match &scenario.limits {
        Some(limits) => builder.limits(serde_json::from_value::<Limits>(limits.clone()).unwrap()),
        None => builder,
    }
}

/// A router of the scenario's routes, with the assistant as the fallback.
fn router(scenario: &Scenario, assistant: Assistant) -> Router {
    let mut builder = Router::builder(Route::new("general", "Everything else", assistant));
    for To { name, description, words, examples, script } in &scenario.routes {
        let to = Assistant::builder(model(script)).build().unwrap();
        builder = builder.route(Route::new(name, description, to).words(words).examples(examples));
    }
    if scenario.routes.iter().any(|to| !to.examples.is_empty()) {
        builder = builder.embedder(HashedEmbedder::new(64));
    }
    if !scenario.choices.is_empty() {
        builder = builder.llm(model(&scenario.choices));
    }
    builder.build().unwrap()
}

/// What a run asks; `before` are the events of the run before.
fn request(run: &Run, before: &[Value]) -> Request {
    if let Some(request) = &run.request {
        return request.clone();
    }
    let pending = before.last().expect("a run came before")["pending"].clone();
    let decided = run
        .decisions
        .iter()
        .map(|(id, decision)| (id, decision.as_str().map_or(Approval::Approved, Approval::refused)));
    serde_json::from_value::<PendingRun>(pending).unwrap().decide(decided).unwrap()
}

/// What a run gives: its events, and the error at the end.
async fn outcome(agent: &impl Agent, run: &Run, before: &[Value]) -> (Vec<Value>, Option<ExpectedError>) {
    let failed = |error: rushlight::Error| Some(ExpectedError { kind: error.kind().as_str().to_owned() });
    let mut stream = match agent.run(request(run, before)).await {
        Ok(stream) => stream,
        Err(error) => return (Vec::new(), failed(error)),
    };
    let mut events = Vec::new();
    while run.stop_after != Some(events.len()) {
        match stream.next().await {
            Some(Ok(event)) => events.push(serde_json::to_value(event).unwrap()),
            Some(Err(error)) => return (events, failed(error)),
            None => break,
        }
    }
    (events, None)
}

/// Whether two values are the same but for rounding.
fn agree(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Number(found), Value::Number(expected)) => {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            (found - expected).abs() <= 1e-5 * expected.abs().max(f64::MIN_POSITIVE)
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| agree(found, expected))
        }
        (Value::Object(found), Value::Object(expected)) => {
            let same = |(name, value): (&String, &Value)| {
                expected.get(name).is_some_and(|expected| agree(value, expected))
            };
            found.len() == expected.len() && found.iter().all(same)
        }
        (found, expected) => found == expected,
    }
}

/// The events of the run before.
fn before(runs: &[Run], number: usize) -> &[Value] {
    number.checked_sub(1).map_or(&[], |before| &runs[before].events)
}

/// Compares what a run gives with what its file says.
async fn check(agent: &impl Agent, runs: &[Run], number: usize, place: &str) {
    let (run, place) = (&runs[number], format!("{place}, run {}", number + 1));
    let (events, error) = outcome(agent, run, before(runs, number)).await;
    let (found, expected) = (Value::Array(events), Value::Array(run.events.clone()));
    assert!(agree(&found, &expected), "{place}:\nfound    {found:#}\nexpected {expected:#}");
    assert_eq!(error, run.error, "{place}");
}

/// Plays a scenario, and then once more from its journal: that of an assistant, since a router has none.
async fn play(path: &Path, update: bool) {
    let mut scenario: Scenario = serde_json::from_str(&fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("run.jsonl");
    let assistant = assistant(&scenario, &journal).await;
    let agent: Arc<dyn Agent> =
        if scenario.routes.is_empty() { Arc::new(assistant) } else { Arc::new(router(&scenario, assistant)) };
    for number in 0..scenario.runs.len() {
        if update {
            let run = &scenario.runs[number];
            let (events, error) = outcome(&agent, run, before(&scenario.runs, number)).await;
            (scenario.runs[number].events, scenario.runs[number].error) = (events, error);
        } else {
            check(&agent, &scenario.runs, number, &path.display().to_string()).await;
        }
    }
    if scenario.routes.is_empty() {
        let replayed = Assistant::replay(&journal).unwrap();
        for number in 0..scenario.runs.len() {
            check(&replayed, &scenario.runs, number, &format!("{}, replayed", path.display())).await;
        }
    }
    if update {
        fs::write(path, serde_json::to_string_pretty(&scenario).unwrap() + "\n").unwrap();
    }
}

#[tokio::test]
async fn every_scenario_gives_the_events_that_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let update = std::env::var_os("RUSHLIGHT_UPDATE_SCENARIOS").is_some_and(|value| value == "1");

    assert!(files.len() >= 10);
    for file in files {
        play(&file, update).await;
    }
}
