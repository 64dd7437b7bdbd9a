//! Answers as values of a type.

use rushlight::llm::ScriptedTurn;
use rushlight::{
    AgentExt, Assistant, Error, FunctionTool, LocalLlm, MemoryCache, MemorySessions, NoArguments, Request,
    Sampling, ScriptedLlm, SessionStore, Toolbox,
};
use rushlight_tests::support::tiny;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Review {
    verdict: Verdict,
    #[schemars(range(min = 1, max = 5))]
    stars: u8,
    #[schemars(length(max = 2))]
    words: Vec<Word>,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Buy,
    Wait,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Word {
    #[schemars(length(max = 5))]
    text: String,
}

const FITTING: &str = r#"{"verdict": "buy", "stars": 4, "words": [{"text": "fine"}]}"#;

fn says(text: &str) -> ScriptedLlm {
    ScriptedLlm::new(vec![ScriptedTurn::text(text)])
}

async fn mistake(text: &str) -> String {
    let assistant = Assistant::builder(says(text)).build().unwrap();
    let error = assistant.extract::<Review>("How was it?").await.unwrap_err();
    assert!(matches!(error, Error::Model { .. }), "{error:?}");
    error.chain()
}

#[tokio::test]
async fn an_answer_that_fits_is_a_value_and_the_model_was_told_of_the_schema() {
    let llm = says(FITTING);
    let assistant = Assistant::builder(llm.clone()).build().unwrap();

    let review: Review = assistant.extract("How was it?").await.unwrap();

    let words = vec![Word { text: "fine".to_owned() }];
    assert_eq!(review, Review { verdict: Verdict::Buy, stars: 4, words });
    let prompt = &llm.prompts()[0];
    let schema = prompt.schema.as_ref().unwrap();
    assert_eq!(schema["properties"]["stars"]["maximum"], 5);
    let asked = &prompt.messages.last().unwrap().content;
    assert!(
        asked.starts_with("Question: How was it?\n\nAnswer with nothing but one line of JSON"),
        "{asked}"
    );
    assert!(asked.ends_with(&schema.to_string()), "{asked}");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_an_error_with_place_and_rule() {
    let wrong = mistake(r#"{"verdict": "sell", "stars": 9, "words": [{"text": 7}]}"#).await;
    for part in ["at `/verdict` (`enum`)", "at `/stars` (`maximum`)", "at `/words/0/text` (`type`)"] {
        assert!(wrong.contains(part), "{wrong}");
    }
    let none = mistake("It was fine.").await;
    assert!(none.contains("its answer does not fit the schema: expected JSON, got `It was fine.`"), "{none}");
}

#[tokio::test]
async fn nothing_of_an_answer_that_does_not_fit_is_kept() {
    let llm = ScriptedLlm::new(vec![ScriptedTurn::text("No."), ScriptedTurn::text(FITTING)]);
    let (sessions, cache) = (MemorySessions::new(), MemoryCache::default());
    let assistant = Assistant::builder(llm.clone()).sessions(sessions.clone()).cache(cache).build().unwrap();
    let request = || Request::new("How was it?").session("a");

    assert!(assistant.extract::<Review>(request()).await.is_err());
    assert!(sessions.load("a").await.unwrap().is_empty());
    assistant.extract::<Review>(request()).await.unwrap();
    assert_eq!(sessions.load("a").await.unwrap().len(), 2);
    let first: Review = assistant.extract(Request::new("How was it?").session("b")).await.unwrap();

    assert_eq!(first.stars, 4, "from the cache");
    assert_eq!(llm.prompts().len(), 2);
    let words = assistant.ask("How was it?").await;
    assert!(words.is_err(), "an answer in words is another one: the script has no more turns");
}

#[tokio::test]
async fn tools_are_used_before_the_value_is_given() {
    let script = vec![ScriptedTurn::call("stars", json!({})), ScriptedTurn::text(FITTING)];
    let llm = ScriptedLlm::new(script);
    let stars =
        FunctionTool::new("stars", "How many stars it has", async |_: NoArguments| Ok::<_, String>(4));
    let tools = Toolbox::new().add(stars).unwrap();
    let assistant = Assistant::builder(llm.clone()).tools(tools).build().unwrap();

    let review: Review = assistant.extract("How was it?").await.unwrap();

    assert_eq!(review.stars, 4);
    assert!(llm.prompts().iter().all(|prompt| prompt.schema.is_some() && !prompt.tools.is_empty()));
}

#[tokio::test]
async fn a_schema_that_is_none_is_refused_before_any_work() {
    let llm = says(FITTING);
    let assistant = Assistant::builder(llm.clone()).build().unwrap();

    let error = assistant.extract_json("How?", json!({"type": "whole"})).await.unwrap_err();
    let in_request = assistant.ask(Request::new("How?").schema(json!({"type": "whole"}))).await.unwrap_err();

    assert!(error.to_string().starts_with("invalid schema: expected JSON Schema 2020-12"), "{error}");
    assert_eq!(in_request.to_string(), error.to_string());
    assert_eq!(llm.prompts().len(), 0);
}

#[tokio::test]
async fn a_local_model_gives_a_value_whatever_it_thinks() {
    let folder = tempfile::tempdir().unwrap();
    let path = tiny::model(folder.path(), "tiny");
    let llm = LocalLlm::open(path.to_str().unwrap()).await.unwrap();
    for seed in 0..3 {
        let sampling = Sampling::default().temperature(1.0).seed(seed);
        let assistant = Assistant::builder(llm.clone()).sampling(sampling).build().unwrap();

        let review: Review = assistant.extract("How was it?").await.unwrap();
        let flag: Value = assistant.extract_json("Was it good?", json!({"type": "boolean"})).await.unwrap();

        assert!((1..=5).contains(&review.stars) && review.words.len() <= 2, "{review:?}");
        assert!(flag.is_boolean());
    }
}
