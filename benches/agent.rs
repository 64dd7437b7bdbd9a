//! What does the agent's own work cost in each turn of a run? The model is a script and the tools do next to nothing.
//!
//! A question takes two turns: a call, and the answer with what it gave. All times are those of one turn. Beside it the
//! same by hand: model, function, model, with nothing checked, limited, remembered or told on the way.

use std::time::{Duration, Instant};

use criterion::{Bencher, BenchmarkId, Criterion, criterion_group, criterion_main};
use rushlight::llm::{LlmExt, Prompt, ScriptedTurn};
use rushlight::tools::ResultCache;
use rushlight::{
    AgentExt, Assistant, AssistantBuilder, FunctionTool, MemoryCache, MemorySessions, Message, Request,
    ScriptedLlm, SessionStore, Tool, ToolCall, ToolPolicy, Toolbox,
};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

const QUESTION: &str = "What is 19 plus 23?";
const ANSWER: &str = "19 plus 23 is 42.";
const MINUTE: Duration = Duration::from_mins(1);

fn add(name: &str) -> FunctionTool {
    let sum = async |arguments: Value| {
        Ok::<_, String>(arguments["a"].as_i64().unwrap_or(0) + arguments["b"].as_i64().unwrap_or(0))
    };
    let number = json!({"type": "integer"});
    let parameters =
        json!({"type": "object", "properties": {"a": number, "b": number}, "required": ["a", "b"]});
    FunctionTool::from_spec(rushlight::ToolSpec::new(name, "Add two numbers", parameters), sum)
}

fn arguments() -> Value {
    json!({"a": 19, "b": 23})
}

fn toolbox(tools: impl IntoIterator<Item = FunctionTool>) -> Toolbox {
    tools.into_iter().try_fold(Toolbox::new(), Toolbox::add).expect("the tools are valid")
}

/// A model that asks for these tools in one turn and answers in the next.
fn model(calls: &[&str]) -> ScriptedLlm {
    let ask = calls.iter().fold(ScriptedTurn::default(), |turn, name| turn.and_call(*name, arguments()));
    ScriptedLlm::new(vec![ask, ScriptedTurn::text(ANSWER)])
}

/// Asks one new assistant after the other, which takes so many turns, and gives the time of one turn.
fn turns(
    bencher: &mut Bencher<'_>,
    runtime: &Runtime,
    turns: u32,
    assistant: impl Fn() -> AssistantBuilder,
    request: impl Fn() -> Request,
) {
    bencher.iter_custom(|iterations| {
        let mut spent = Duration::ZERO;
        for _ in 0..iterations {
            let assistant = assistant().build().expect("the options are in their ranges");
            let request = request();
            let start = Instant::now();
            let answer = runtime.block_on(assistant.ask(request)).expect("the script is long enough");
            spent += start.elapsed();
            assert_eq!(answer.text, ANSWER);
        }
        spent / turns
    });
}

/// One call and the answer, by hand.
async fn by_hand(llm: &ScriptedLlm, tool: &FunctionTool) -> String {
    let mut messages = vec![Message::system("You are a helpful assistant."), Message::user(QUESTION)];
    let prompt = Prompt::new(messages.clone()).tools(vec![tool.spec().clone()]);
    let asked = llm.complete(prompt).await.expect("the script is long enough");
    let call: &ToolCall = &asked.tool_calls[0];
    let value = tool.invoke(call).await.expect("numbers can be added");
    messages.push(Message::assistant(asked.text.clone(), asked.tool_calls.clone()));
    messages.push(Message::user(value));
    let prompt = Prompt::new(messages).tools(vec![tool.spec().clone()]);
    llm.complete(prompt).await.expect("the script is long enough").text
}

fn agent(criterion: &mut Criterion) {
    let threads = Runtime::new().expect("the machine can start threads");
    let one_thread = Builder::new_current_thread().enable_all().build().expect("a runtime needs little");
    for (name, runtime) in [("agent", &threads), ("agent on one thread", &one_thread)] {
        tools(criterion, name, runtime);
    }
    parts(criterion, &threads);
}

/// Runs with more and with fewer tools.
fn tools(criterion: &mut Criterion, name: &str, runtime: &Runtime) {
    let request = || Request::new(QUESTION);
    let mut group = criterion.benchmark_group(name);
    group.bench_function("no tool", |bencher| {
        let llm = || ScriptedLlm::new(vec![ScriptedTurn::text(ANSWER)]);
        turns(bencher, runtime, 1, || Assistant::builder(llm()), request);
    });
    let names = ["add", "sum", "plus", "total"];
    for count in [1, 4] {
        let calls = &names[..count];
        let toolbox = toolbox(calls.iter().copied().map(add));
        group.bench_function(BenchmarkId::new("tools", count), |bencher| {
            turns(bencher, runtime, 2, || Assistant::builder(model(calls)).tools(toolbox.clone()), request);
        });
    }
    group.bench_function("by hand", |bencher| {
        let tool = add("add");
        bencher.iter_custom(|iterations| {
            let mut spent = Duration::ZERO;
            for _ in 0..iterations {
                let llm = model(&["add"]);
                let start = Instant::now();
                let answer = runtime.block_on(by_hand(&llm, &tool));
                spent += start.elapsed();
                assert_eq!(answer, ANSWER);
            }
            spent / 2
        });
    });
    group.finish();
}

/// Runs with one tool and one part more.
fn parts(criterion: &mut Criterion, runtime: &Runtime) {
    let calls = &["add"];
    let plain = toolbox([add("add")]);
    let assistant = || Assistant::builder(model(calls)).tools(plain.clone());
    let request = || Request::new(QUESTION);
    let mut group = criterion.benchmark_group("agent with one tool");

    let policy = ToolPolicy::default().rate("1000000/s".parse().expect("it is a rate")).timeout(MINUTE);
    let policy = policy.concurrency(3).scopes(["read:sums"]);
    let kept = toolbox([add("add").policy(policy.clone())]);
    group.bench_function("policy", |bencher| {
        let assistant = || Assistant::builder(model(calls)).tools(kept.clone());
        turns(bencher, runtime, 2, assistant, || request().scopes(["read:*"]));
    });
    let kept = toolbox([add("add").policy(policy.cache(ResultCache::new(MINUTE)))]);
    group.bench_function("policy, value kept", |bencher| {
        let assistant = || Assistant::builder(model(calls)).tools(kept.clone());
        turns(bencher, runtime, 2, assistant, || request().scopes(["read:*"]));
    });
    group.bench_function("cache, new question", |bencher| {
        turns(
            bencher,
            runtime,
            2,
            || assistant().cache(MemoryCache::default()).cache_tool_answers(),
            request,
        );
    });
    let cache = MemoryCache::default();
    group.bench_function("cache, same question", |bencher| {
        let assistant = || assistant().cache(cache.clone()).cache_tool_answers();
        // The first fills the cache; the others have no turn at all.
        turns(bencher, runtime, 1, assistant, request);
    });
    group.bench_function("session", |bencher| {
        let assistant = || assistant().sessions(conversation(runtime));
        turns(bencher, runtime, 2, assistant, || request().session("ann"));
    });
    group.finish();
}

/// A session in which one question was answered before.
fn conversation(runtime: &Runtime) -> MemorySessions {
    let sessions = MemorySessions::new();
    let messages = vec![Message::user(QUESTION), Message::assistant(ANSWER, Vec::new())];
    runtime.block_on(sessions.append("ann", messages)).expect("memory takes it");
    sessions
}

criterion_group!(benches, agent);
criterion_main!(benches);
