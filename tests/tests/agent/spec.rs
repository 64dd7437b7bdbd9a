//! Assistants that a file describes.

use std::fs;
use std::time::Duration;

use rushlight::{
    AgentExt, AgentSpec, AssistantBuilder, Document, Event, HashedEmbedder, KnowledgeBase, Limits, Llm,
    MemoryCache, Request, Sampling, ScriptedLlm, ScriptedTurn, ToolPolicy, ToolStatus, Toolbox,
};
use rushlight_tests::support::tiny;
use rushlight_tests::support::tools::by_name;
use serde_json::{Value, json};

use super::{events, toolbox};

const HELPER: &str = r#"
    model = "Qwen2.5-Coder-0.5B-Instruct"
    model_options = { context = 2048, kv_reuse = "off", unload_after = "10m" }
    instructions = "You help."
    cache_tool_answers = true
    tools.add = { rate = "1/day", rate_excess = "refuse" }
    tools.echo = {}

    [sampling]
    temperature = 0.2
    top_k = 10

    [limits]
    max_output_tokens = 160
    deadline = "30s"

    [retriever]
    k = 2

    [cache]
    max_entries = 1000
    ttl = "5m"

    [sessions]
    idle = 90

    [profiles.onboarding]
    instructions = "You welcome people."
    sampling = { temperature = 0.7 }
    limits = { max_output_tokens = 150 }

    [profiles.technical]
    sampling.temperature = 0.3
    limits.max_output_tokens = 300
"#;

/// The same in JSON.
fn helper() -> Value {
    json!({
        "model": "Qwen2.5-Coder-0.5B-Instruct",
        "model_options": { "context": 2048, "kv_reuse": "off", "unload_after": 600 },
        "instructions": "You help.",
        "cache_tool_answers": true,
        "tools": { "add": { "rate": "1/day", "rate_excess": "refuse" }, "echo": {} },
        "sampling": { "temperature": 0.2, "top_k": 10 },
        "limits": { "max_output_tokens": 160, "deadline": 30.0 },
        "retriever": { "k": 2 },
        "cache": { "max_entries": 1000, "ttl": "300s" },
        "sessions": { "idle": "1.5m" },
        "profiles": {
            "onboarding": {
                "instructions": "You welcome people.",
                "sampling": { "temperature": 0.7 },
                "limits": { "max_output_tokens": 150 },
            },
            "technical": { "sampling": { "temperature": 0.3 }, "limits": { "max_output_tokens": 300 } },
        },
    })
}

fn scripted() -> ScriptedLlm {
    ScriptedLlm::new(vec![ScriptedTurn::text("Hello."), ScriptedTurn::text("Well.")])
}

fn spec(toml: &str) -> AgentSpec {
    AgentSpec::from_toml(toml).unwrap()
}

fn refused(built: rushlight::Result<AssistantBuilder>) -> String {
    built.map(|_| ()).unwrap_err().to_string()
}

/// How the calls of a run ended.
async fn statuses(builder: AssistantBuilder) -> Vec<ToolStatus> {
    let happened = events(&builder.build().unwrap(), "Go").await;
    let status = |event| if let Event::ToolOutput(output) = event { Some(output.status) } else { None };
    happened.into_iter().filter_map(status).collect()
}

#[test]
fn both_formats_say_the_same_and_it_can_be_written() {
    let spec = spec(HELPER);

    assert_eq!(AgentSpec::from_json(&helper().to_string()).unwrap(), spec);
    assert_eq!(AgentSpec::from_json(&serde_json::to_string(&spec).unwrap()).unwrap(), spec);
    assert_eq!(spec.sampling, Sampling::default().temperature(0.2).top_k(10));
    let limits = Limits::default().max_output_tokens(160).deadline(Duration::from_secs(30));
    assert_eq!(spec.limits, limits);
    assert_eq!(spec.cache.unwrap().ttl, Duration::from_mins(5));
    assert_eq!(spec.sessions.unwrap().idle, Duration::from_secs(90));
    assert_eq!(spec.model_options.unload_after, Some(Duration::from_mins(10)));
    assert_eq!(AgentSpec::from_toml("").unwrap(), AgentSpec::default());
}

#[tokio::test]
async fn a_spec_asks_the_model_what_the_builder_asks() {
    let (own, built) = (scripted(), scripted());
    let tools = toolbox(&["add", "echo"]);
    let mut described = spec(HELPER);
    described.retriever = None;

    let assistant = described.builder(own.clone(), &tools, None).unwrap().build().unwrap();
    assistant.ask(Request::new("Hi").session("ann")).await.unwrap();
    let assistant = rushlight::Assistant::builder(built.clone())
        .instructions("You help.")
        .sampling(Sampling::default().temperature(0.2).top_k(10))
        .limits(Limits::default().max_output_tokens(160).deadline(Duration::from_secs(30)))
        .tools(tools);
    assistant.build().unwrap().ask("Hi").await.unwrap();

    let asked = |llm: &ScriptedLlm| serde_json::to_value(llm.prompts()).unwrap();
    assert_eq!(asked(&own), asked(&built));
}

#[tokio::test]
async fn profiles_over_one_engine_differ_in_their_parameters_alone() {
    let mut spec = spec(HELPER);
    spec.retriever = None;
    let llm = scripted();
    let tools = toolbox(&["add", "echo"]);

    for name in ["onboarding", "technical"] {
        let profile = spec.profile(name).unwrap();
        profile.builder(llm.clone(), &tools, None).unwrap().build().unwrap().ask("Hi").await.unwrap();
    }

    let prompts = llm.prompts();
    let temperatures: Vec<f32> = prompts.iter().map(|prompt| prompt.sampling.temperature).collect();
    assert_eq!(temperatures, [0.7, 0.3]);
    assert!(prompts.iter().all(|prompt| prompt.sampling.top_k == 10));
    let caps: Vec<_> = prompts.iter().map(|prompt| prompt.max_output_tokens).collect();
    assert_eq!(caps, [Some(150), Some(300)]);
    let told: Vec<&str> = prompts.iter().map(|prompt| prompt.messages[0].content.as_str()).collect();
    assert!(told[0].contains("You welcome people.") && told[1].contains("You help."), "{told:?}");
    let unknown = spec.profile("sales").unwrap_err().to_string();
    assert_eq!(unknown, "unknown profile `sales`, expected one of: onboarding, technical");
}

#[tokio::test]
async fn a_policy_of_the_spec_changes_the_fields_that_it_names() {
    let adds = |a| ScriptedTurn::call("add", json!({"a": a, "b": 2}));
    let llm = || ScriptedLlm::new(vec![adds(1), adds(2), ScriptedTurn::text("3")]);
    let limited = spec("tools.add = { rate = '1/day', rate_excess = 'refuse' }");
    let dry = spec("tools.add = { dry_run = true }");
    let tools = Toolbox::new().add(by_name("add").policy(ToolPolicy::default().concurrency(2))).unwrap();

    let used = statuses(limited.builder(llm(), &tools, None).unwrap()).await;
    let shown = statuses(dry.builder(llm(), &tools, None).unwrap()).await;

    assert_eq!(used, [ToolStatus::Success, ToolStatus::RateLimited]);
    assert_eq!(shown, [ToolStatus::DryRun, ToolStatus::DryRun]);
}

#[tokio::test]
async fn a_tool_whose_policy_stays_is_shared_with_what_that_counts() {
    let repeats = || ScriptedTurn::call("rare", json!({"text": "a"}));
    let llm = || ScriptedLlm::new(vec![repeats(), ScriptedTurn::text("a")]);
    let tools = toolbox(&["rare"]);
    let changed = spec("tools.rare = { concurrency = 1 }");
    let once = changed.toolbox(&tools).unwrap();

    let first = statuses(changed.builder(llm(), &once, None).unwrap()).await;
    let again = statuses(changed.builder(llm(), &once, None).unwrap()).await;
    let anew = statuses(changed.builder(llm(), &tools, None).unwrap()).await;

    assert_eq!((first, again), (vec![ToolStatus::Success], vec![ToolStatus::RateLimited]));
    assert_eq!(anew, [ToolStatus::Success]);
}

#[tokio::test]
async fn documents_are_searched_as_the_spec_says() {
    let base = KnowledgeBase::in_memory(HashedEmbedder::new(64)).await.unwrap();
    let documents = (0..3).map(|number| Document::new(format!("{number}.md"), format!("Card {number}")));
    base.ingest(documents.collect(), |_| ()).await.unwrap();
    let spec = spec("retriever.k = 2");

    let assistant = spec.builder(scripted(), &Toolbox::new(), Some(base.clone())).unwrap().build().unwrap();
    let found = events(&assistant, "Which card?").await;

    assert!(matches!(&found[0], Event::Retrieved { passages } if passages.len() == 2), "{found:?}");
    let none = refused(spec.builder(scripted(), &Toolbox::new(), None));
    assert_eq!(none, "invalid retriever: expected a knowledge base to search, got none");
    let range = AgentSpec::from_toml("retriever.mmr = 2").unwrap();
    let range = refused(range.builder(scripted(), &Toolbox::new(), Some(base)));
    assert_eq!(range, "invalid `mmr`: expected a number from 0 to 1, got 2");
}

#[tokio::test]
async fn answers_are_kept_and_conversations_remembered_as_the_spec_says() {
    let llm = scripted();
    let spec = spec("cache = {}\nsessions = {}");

    let assistant = spec.builder(llm.clone(), &Toolbox::new(), None).unwrap().build().unwrap();
    assistant.ask(Request::new("Hi").session("a")).await.unwrap();
    let again = assistant.ask(Request::new("Hi").session("b")).await.unwrap();
    assistant.ask(Request::new("And?").session("a")).await.unwrap();

    assert!(again.cached);
    let prompts = llm.prompts();
    let said: Vec<&str> = prompts[1].messages.iter().map(|message| &*message.content).collect();
    assert_eq!(said[1..], ["Hi", "Hello.", "And?"]);
    let shared = MemoryCache::default();
    let own = spec.builder(scripted(), &Toolbox::new(), None).unwrap().cache(shared.clone());
    own.build().unwrap().ask("Hi").await.unwrap();
    assert_eq!(shared.len().await, 1, "a part that is set comes in the place of the spec's");
}

#[test]
fn what_is_wrong_is_named_with_its_path() {
    let message = |text: &str| AgentSpec::from_toml(text).unwrap_err().to_string();
    let cases = [
        ("instruction = 'x'", "`instruction`: unknown field `instruction`, expected one of `model`"),
        ("limits.max_turn = 1", "`limits.max_turn`: unknown field `max_turn`, expected one of `max_turns`"),
        (
            "model_options.dtype = 'f16'",
            "`model_options.dtype`: unknown field `dtype`, expected one of `device`",
        ),
        (
            "sampling.temperature = 'hot'",
            "`sampling.temperature`: invalid type: string \"hot\", expected f32",
        ),
        ("sampling.temperature = 3", "`sampling.temperature`: expected 0 to 2, got 3"),
        ("sampling.seed = nan", "`sampling.seed`: expected a finite number"),
        ("sampling = [0.2]", "`sampling`: invalid type: sequence, expected a map"),
        ("profiles.a = ['x']", "`profiles.a`: invalid type: sequence, expected a map"),
        ("limits.max_turns = 0", "`limits.max_turns`: expected at least 1, got 0"),
        (
            "limits.deadline = 'soon'",
            "`limits.deadline`: expected seconds, or a duration as in `5s`, `250ms` or `10m`, got `soon`",
        ),
        ("tools.add.rate = 'often'", "`tools.add.rate`: "),
        ("tools.add.retry = 1", "`tools.add.retry`: unknown field `retry`"),
        ("tools.add = 1", "`tools.add`: invalid type: integer `1`, expected a map"),
        ("tools = ['add']", "`tools`: invalid type: sequence, expected a map"),
        (
            "profiles.a.model = 'x'",
            "`profiles.a.model`: unknown field `model`, expected one of `instructions`",
        ),
        ("profiles.a.sampling.temperature = 3", "`profiles.a.sampling.temperature`: expected 0 to 2, got 3"),
        ("profiles.a.sampling.heat = 3", "`profiles.a.sampling.heat`: unknown field `heat`"),
        ("profiles.a.limits = 3", "`profiles.a.limits`: invalid type: integer `3`, expected a map"),
        ("profiles = 3", "`profiles`: invalid type: integer `3`, expected a map"),
    ];
    for (text, expected) in cases {
        let told = message(text);
        assert!(told.starts_with(&format!("invalid agent spec: {expected}")), "{text}: {told}");
    }
    assert!(message("model = 'x'\na = ").ends_with(" at line 2"), "{}", message("model = 'x'\na = "));
    let list = AgentSpec::from_json("[]").unwrap_err().to_string();
    assert_eq!(list, "invalid agent spec: invalid type: sequence, expected a map");
    let deep = format!("{{\"tools\": {}1{}}}", "[".repeat(500), "]".repeat(500));
    assert!(AgentSpec::from_json(&deep).unwrap_err().to_string().contains("recursion limit"));
}

#[tokio::test]
async fn a_file_is_read_by_its_ending_and_named_in_errors() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        AgentSpec::load(&path).map_err(|error| error.to_string())
    };

    assert_eq!(written("a.toml", HELPER).unwrap(), written("a.json", &helper().to_string()).unwrap());
    let ending = written("a.yaml", "").unwrap_err();
    assert!(ending.ends_with("a.yaml`: expected a name that ends in `.toml` or `.json`"), "{ending}");
    let named = written("b.json", r#"{"sampling": 1}"#).unwrap_err();
    assert!(named.contains("b.json`: `sampling`: invalid type"), "{named}");
    assert!(written("c.json", "[").unwrap_err().contains("c.json`: EOF while parsing"));
    assert!(AgentSpec::load(folder.path().join("none.toml")).unwrap_err().to_string().contains("none.toml"));
}

#[tokio::test]
async fn paths_of_models_begin_at_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let model = tiny::model(folder.path(), "tiny");
    let name = model.file_name().unwrap().to_str().unwrap();
    let loaded = |text: &str| {
        let path = folder.path().join("agent.toml");
        fs::write(&path, text).unwrap();
        AgentSpec::load(&path).unwrap()
    };

    let spec =
        loaded(&format!("model = './{name}'\nmodel_options = {{ context = 100, draft_model = '{name}' }}"));
    let opened = spec.open_model().await.unwrap();

    assert_eq!(opened.context_window(), 100);
    assert_eq!(spec.model_options.draft_model.as_deref(), model.to_str());
    let name = "SmolLM2-135M-Instruct";
    assert_eq!(loaded(&format!("model = '{name}'")).model.as_deref(), Some(name), "a name stays");
    let missing = loaded("model = 'models/none.gguf'").open_model().await.unwrap_err().chain();
    assert!(missing.contains(folder.path().join("models/none.gguf").to_str().unwrap()), "{missing}");
    let none = loaded("").open_model().await.unwrap_err().to_string();
    assert_eq!(none, "invalid model: expected a name or a path, or a model of the caller's, got none");
}

#[test]
fn a_spec_names_the_model_of_a_server_without_its_key() {
    let server = "remote_model = { url = 'http://127.0.0.1:1/v1', name = 'm'";
    let described = spec(&format!("{server}, options = {{ context_window = 500, idle_timeout = '5s' }} }}"));

    let llm = described.remote_llm().unwrap();

    assert_eq!((llm.name(), llm.context_window()), ("m at http://127.0.0.1:1/v1", 500));
    assert_eq!(AgentSpec::from_json(&serde_json::to_string(&described).unwrap()).unwrap(), described);
    let keyed = spec(&format!("{server}, api_key_env = 'RUSHLIGHT_NO_SUCH_KEY' }}")).remote_llm();
    let unset = "invalid remote_model.api_key_env: expected `RUSHLIGHT_NO_SUCH_KEY` to be set";
    assert_eq!(keyed.unwrap_err().to_string(), unset);
    assert!(
        spec("").remote_llm().unwrap_err().to_string().contains("expected a server and its model, got none")
    );
    let wrong = [
        (
            ", options = { api_key = 'secret' } }",
            "`remote_model`: expected no key in a spec, but `api_key_env`",
        ),
        (
            ", options = { context_window = 0 } }",
            "`remote_model`: invalid `context_window`: expected at least 1",
        ),
        (", key = 'secret' }", "`remote_model.key`: unknown field `key`, expected one of `url`"),
    ];
    for (rest, expected) in wrong {
        let told = AgentSpec::from_toml(&format!("{server}{rest}")).unwrap_err().to_string();
        assert!(told.contains(expected) && !told.contains("secret"), "{told}");
    }
    let no_url = AgentSpec::from_toml("remote_model = { url = 'here', name = 'm' }").unwrap_err().to_string();
    assert!(no_url.contains("got `here`"), "{no_url}");
}

#[test]
fn the_tools_are_those_that_the_spec_names() {
    let asked = |text: &str, tools: &[&str]| refused(spec(text).builder(scripted(), &toolbox(tools), None));

    let missing = asked("tools.search = {}\ntools.add = {}", &["add"]);
    let extra = asked("tools.add = {}", &["add", "echo"]);

    assert_eq!(missing, "invalid tools: expected those that the spec names (add, search), got add");
    assert_eq!(extra, "invalid tools: expected those that the spec names (add), got add, echo");
    assert_eq!(asked("", &["add"]), "invalid tools: expected those that the spec names (none), got add");
    let policy = asked("tools.add.concurrency = 0", &["add"]);
    assert_eq!(policy, "invalid policy of tool `add`: expected a `concurrency` of at least 1, got 0");
}
