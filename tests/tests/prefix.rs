//! What prompts begin with, computed beforehand or in an earlier process.

use rushlight::llm::ScriptedTurn;
use rushlight::{
    AgentExt, Assistant, Error, FunctionTool, Limits, Llm, LlmExt, LocalLlm, LocalLlmOptions, Message,
    NoArguments, Prompt, Sampling, ScriptedLlm, Toolbox,
};

const SMALL: &str = "SmolLM2-135M-Instruct";
const RULES: &str = "You are the keeper of a lighthouse. You answer sailors in one sentence, you never guess where a \
rock is, and you say so when you do not know. The lamp is lit at dusk; the horn sounds twice a minute in fog.";

async fn open(options: LocalLlmOptions) -> LocalLlm {
    LocalLlm::open_with(SMALL, options.context(1024)).await.unwrap()
}

async fn llm() -> LocalLlm {
    open(LocalLlmOptions::default()).await
}

fn beginning() -> Prompt {
    Prompt::new(vec![Message::system(RULES)])
}

fn prompt(question: &str) -> Prompt {
    Prompt::new(vec![Message::system(RULES), Message::user(question)])
        .sampling(Sampling::greedy())
        .max_output_tokens(12)
}

#[tokio::test]
async fn a_warm_model_has_computed_the_beginning_and_says_the_same() {
    let (warm, cold) = (llm().await, llm().await);

    warm.warm_up(beginning()).await.unwrap();
    let after_warm_up = warm.stats();
    let first = warm.complete(prompt("When is the lamp lit?")).await.unwrap();

    assert_eq!((after_warm_up.generated_tokens, after_warm_up.finished), (0, 1));
    assert_eq!(first.usage.cached_tokens as u64, after_warm_up.prompt_tokens);
    assert!(first.usage.cached_tokens > 40, "{:?}", first.usage);
    assert_eq!(first.text, cold.complete(prompt("When is the lamp lit?")).await.unwrap().text);
}

#[tokio::test]
async fn what_one_process_saves_the_next_need_not_compute() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keeper.prefix");
    let first = llm().await;
    let expected = first.complete(prompt("When is the lamp lit?")).await.unwrap();
    let saved = first.save_prefix(beginning(), &path).await.unwrap();
    drop(first);
    let llm = llm().await;

    let loaded = llm.load_prefix(&path).await.unwrap();
    let answer = llm.complete(prompt("When is the lamp lit?")).await.unwrap();

    assert_eq!((answer.text, answer.usage.cached_tokens), (expected.text, loaded));
    assert_eq!((saved, loaded > 40), (loaded, true));
    assert_eq!(llm.stats().prompt_tokens as usize, answer.usage.input_tokens - loaded);
}

#[tokio::test]
async fn a_conversation_can_be_saved_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("asked.prefix");
    let asked = prompt("When does the boat come?");

    let saved = llm().await.save_prefix(asked.clone(), &path).await.unwrap();
    let llm = llm().await;
    llm.load_prefix(&path).await.unwrap();
    let usage = llm.complete(asked).await.unwrap().usage;

    assert_eq!((usage.input_tokens, usage.cached_tokens), (saved, saved - 1));
}

#[tokio::test]
async fn what_cannot_be_saved_or_loaded_says_why_and_loads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keeper.prefix");
    let (llm, other) = (llm().await, open(LocalLlmOptions::default().kv_budget(23_040)).await);
    llm.save_prefix(beginning(), &path).await.unwrap();

    let missing = llm.load_prefix(folder.path().join("none")).await.unwrap_err();
    let nowhere = llm.save_prefix(beginning(), folder.path().join("none/x")).await.unwrap_err();
    let long = other.load_prefix(&path).await.unwrap_err();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[1..]).unwrap();
    let damaged = llm.load_prefix(&path).await.unwrap_err();

    assert!(missing.to_string().starts_with("cannot load a prefix from"), "{missing}");
    assert!(nowhere.to_string().starts_with("cannot save a prefix to"), "{nowhere}");
    assert!(long.chain().contains("no room for keys and values"), "{}", long.chain());
    assert!(matches!(&damaged, Error::Corrupt { path: named, .. } if *named == path), "{damaged}");
}

#[tokio::test]
async fn a_prefix_takes_the_place_of_what_was_not_used_for_longest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keeper.prefix");
    let pages = |count: usize| LocalLlmOptions::default().kv_budget(count * 64 * 23_040);
    let count = llm().await.save_prefix(beginning(), &path).await.unwrap();
    let llm = open(pages(4)).await;
    llm.complete(Prompt::new(vec![Message::user("Count the owls. ".repeat(40))]).max_output_tokens(1))
        .await
        .unwrap();

    llm.load_prefix(&path).await.unwrap();

    assert_eq!(llm.complete(prompt("Is there fog?")).await.unwrap().usage.cached_tokens, count);
}

#[tokio::test]
async fn an_assistant_warms_up_with_its_instructions_and_tools() {
    let llm = llm().await;
    let lamp = FunctionTool::new("lamp", "Says whether the lamp is lit.", |_: NoArguments| async {
        Ok::<_, std::convert::Infallible>("lit")
    });
    let assistant = Assistant::builder(llm.clone())
        .instructions(RULES)
        .tools(Toolbox::new().add(lamp).unwrap())
        .sampling(Sampling::greedy())
        .limits(Limits::default().max_turns(1).max_output_tokens(4))
        .build()
        .unwrap();

    assert_eq!(assistant.beginning().tools.len(), 1);
    assistant.warm_up().await.unwrap();
    let warmed = llm.stats();
    let mut asked = assistant.beginning().max_output_tokens(1);
    asked.messages.push(Message::user("Is the lamp lit?"));
    llm.complete(asked).await.unwrap();

    assert_eq!(llm.stats().cached_tokens, warmed.prompt_tokens);
    assert!(warmed.prompt_tokens > 100, "{warmed:?}");
}

#[tokio::test]
async fn a_model_that_keeps_nothing_has_nothing_to_warm_up() {
    let llm = ScriptedLlm::new(vec![ScriptedTurn::text("Hello.")]);
    let assistant = Assistant::builder(llm.clone()).build().unwrap();

    assistant.warm_up().await.unwrap();

    assert!(llm.prompts().is_empty());
    assert_eq!(assistant.ask("Hello?").await.unwrap().text, "Hello.");
}
