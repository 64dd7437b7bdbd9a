//! Citations that a local model is held to.

use rushlight::llm::LlmExt;
use rushlight::{
    Agent, AgentExt, Assistant, Citable, CitationOrigin, Citing, Limits, LocalLlm, LocalLlmOptions, Message,
    Prompt, Request, Sampling, ToolChoice, ToolSpec,
};
use rushlight_tests::support::tiny;
use serde_json::json;

use super::Shelf;

const QWEN: &str = "Qwen2.5-Coder-0.5B-Instruct";

/// The numbers in the square brackets of a text; panics if anything else is in one.
fn cited(text: &str) -> Vec<usize> {
    let inside = |rest: &str| rest.split_once(']').map(|(number, _)| number.to_owned());
    let numbers = text.split('[').skip(1).map(inside);
    numbers
        .map(|number| number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{text}")))
        .collect()
}

/// A model of random weights that knows every byte writes brackets and digits at every turn.
#[tokio::test]
async fn only_passages_that_there_are_can_be_cited_whatever_the_model_thinks() {
    let folder = tempfile::tempdir().unwrap();
    let path = tiny::model(folder.path(), "tiny");
    let llm = LocalLlm::open_with(path.to_str().unwrap(), LocalLlmOptions::default()).await.unwrap();
    let mut all = Vec::new();
    for (seed, passages) in [(1, 1), (2, 2), (3, 12), (4, 120), (5, 0)] {
        let sampling = Sampling::default().temperature(2.0).top_k(0).top_p(1.0).min_p(0.0);
        let prompt = Prompt::new(vec![Message::user("Well?")])
            .sampling(sampling.seed(seed))
            .citable(Citable { passages, required: true })
            .max_output_tokens(3000);

        let text = llm.complete(prompt).await.unwrap().text;
        // The limit may cut within a citation.
        let whole = text.rfind(']').map_or("", |end| &text[..=end]);

        let numbers = cited(whole);
        assert!(numbers.iter().all(|number| (1..=passages).contains(number)), "{numbers:?}");
        all.extend(numbers);
    }
    assert!(all.len() > 20 && all.iter().any(|&number| number > 9), "{all:?}");
}

#[tokio::test]
async fn an_answer_that_needs_a_citation_ends_with_the_passage_it_is_from() {
    let passages = [
        "Swifts sleep on the wing and land only to breed.",
        "Owls hunt at night and sleep during the day.",
        "Ravens count up to seven and remember faces for years.",
        "Cuckoos lay their eggs into the nests of other birds.",
        "Storks clatter with their bills because they have no voice.",
    ];
    let questions = [
        "Where do swifts sleep?",
        "When do owls hunt?",
        "How far do ravens count?",
        "Where do cuckoos lay their eggs?",
        "Why do storks clatter?",
    ];
    let llm = LocalLlm::open_with(QWEN, LocalLlmOptions::default().context(4096)).await.unwrap();
    let limits = Limits::default().max_passages(5);
    let retriever = Shelf::new(&passages);
    let assistant = Assistant::builder(llm)
        .retriever(retriever)
        .sampling(Sampling::greedy())
        .limits(limits)
        .build()
        .unwrap();
    let mut right = 0;
    for (place, question) in questions.into_iter().enumerate() {
        let answer = assistant.ask(Request::new(question).citing(Citing::Required)).await.unwrap();

        let numbers = cited(&answer.text);
        assert!(answer.text.ends_with(']') && numbers.len() == 1, "{}", answer.text);
        let citation = &answer.citations[0];
        assert_eq!((citation.number, citation.origin), (numbers[0], CitationOrigin::Written));
        right += usize::from(citation.number == place + 1);
    }
    assert!(right >= 3, "it tells passages apart: {right} of 5");
}

/// A call's arguments may hold lists, and what is said after a call is not the answer.
#[tokio::test]
async fn calls_are_made_as_without_citations() {
    let llm = LocalLlm::open_with(QWEN, LocalLlmOptions::default().context(4096)).await.unwrap();
    let parameters = json!({
        "type": "object",
        "properties": {"numbers": {"type": "array", "items": {"type": "integer"}}},
        "required": ["numbers"],
    });
    let free = Prompt::new(vec![Message::user("What is the sum of 4, 17 and 21?")])
        .tools(vec![ToolSpec::new("sum", "Adds numbers", parameters)])
        .sampling(Sampling::greedy())
        .max_output_tokens(200);
    for choice in [ToolChoice::Auto, ToolChoice::Required] {
        let free = free.clone().tool_choice(choice);

        let citing =
            llm.complete(free.clone().citable(Citable { passages: 2, required: true })).await.unwrap();

        assert_eq!(citing.tool_calls[0].arguments, json!({"numbers": [4, 17, 21]}));
        assert_eq!(citing.tool_calls, llm.complete(free).await.unwrap().tool_calls);
    }
}

#[tokio::test]
async fn an_answer_with_a_schema_cites_nothing() {
    let llm = rushlight::ScriptedLlm::new(Vec::new());
    let assistant = Assistant::builder(llm).build().unwrap();
    let request = Request::new("Well?").citing(Citing::Retrieved).schema(json!({"type": "object"}));

    let refused = assistant.run(request).await.err().unwrap();

    assert_eq!(
        refused.to_string(),
        "invalid citing: expected `free` beside a schema, which the answer has to fit"
    );
}
