//! Answers that are held to a schema, and calls that are held to their tools.

use futures::future::join_all;
use rushlight::llm::LlmExt;
use rushlight::{
    Completion, FinishReason, LocalLlm, LocalLlmOptions, Message, Prompt, Sampling, ToolCall, ToolChoice,
    ToolSpec,
};
use rushlight_tests::support::tiny;
use serde_json::{Value, json};
use tempfile::TempDir;

const QWEN: &str = "Qwen2.5-Coder-0.5B-Instruct";

/// A small model of random weights, which would never say anything that fits.
async fn random_llm(options: LocalLlmOptions) -> (TempDir, LocalLlm) {
    let folder = tempfile::tempdir().unwrap();
    let path = tiny::model(folder.path(), "tiny");
    let llm = LocalLlm::open_with(path.to_str().unwrap(), options).await.unwrap();
    (folder, llm)
}

/// Three tools whose parameters have others within.
fn tools() -> Vec<ToolSpec> {
    let weather = json!({
        "type": "object",
        "properties": {
            "place": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "maxLength": 40},
                    "country": {"type": "string", "enum": ["CH", "DE", "FR", "JP"]},
                },
                "required": ["city"],
            },
            "units": {"type": "string", "enum": ["metric", "imperial"]},
        },
        "required": ["place", "units"],
    });
    let order = json!({
        "type": "object",
        "properties": {
            "items": {
                "type": "array",
                "minItems": 1,
                "maxItems": 4,
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "maxLength": 30},
                        "count": {"type": "integer", "minimum": 1, "maximum": 99},
                    },
                    "required": ["name", "count"],
                },
            },
            "express": {"type": "boolean"},
        },
        "required": ["items"],
    });
    let schedule = json!({
        "type": "object",
        "properties": {
            "title": {"type": "string", "minLength": 1, "maxLength": 40},
            "time": {
                "type": "object",
                "properties": {
                    "hour": {"type": "integer", "minimum": 0, "maximum": 23},
                    "minute": {"type": "integer", "minimum": 0, "maximum": 59},
                },
                "required": ["hour", "minute"],
            },
        },
        "required": ["title", "time"],
    });
    vec![
        ToolSpec::new("get_weather", "The weather at a place", weather),
        ToolSpec::new("order", "Orders items from the shop", order),
        ToolSpec::new("schedule", "Puts a meeting into the calendar", schedule),
    ]
}

fn prompt(question: &str) -> Prompt {
    let system = Message::system("You use functions where they help.");
    Prompt::new(vec![system, Message::user(question)])
        .tools(tools())
        .sampling(Sampling::greedy())
        .max_output_tokens(300)
}

fn assert_valid(call: &ToolCall) {
    let tools = tools();
    let tool = tools.iter().find(|tool| tool.name == call.name);
    let tool = tool.unwrap_or_else(|| panic!("no tool is called `{}`", call.name));
    let validator = jsonschema::validator_for(&tool.parameters).unwrap();
    if let Err(error) = validator.validate(&call.arguments) {
        panic!("{error}: {}({})", call.name, call.arguments);
    }
}

fn small_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "answer": {"enum": ["yes", "no"]},
            "reasons": {"type": "array", "items": {"type": "string", "maxLength": 8}, "maxItems": 2},
            "share": {"type": "integer", "minimum": 0, "maximum": 100},
        },
        "required": ["answer", "reasons", "share"],
    })
}

fn assert_fits(completion: &Completion, schema: &Value) {
    let value: Value = serde_json::from_str(&completion.text).unwrap();
    assert!(jsonschema::validator_for(schema).unwrap().is_valid(&value), "{value}");
    assert_eq!(completion.finish_reason, FinishReason::Stop);
}

#[tokio::test]
async fn an_answer_with_a_schema_fits_it_whatever_the_model_thinks() {
    let (_folder, llm) = random_llm(LocalLlmOptions::default().constrain_calls(true)).await;
    let schema = small_schema();
    for seed in 0..6 {
        let sampling = Sampling::default().temperature(if seed == 0 { 0.0 } else { 1.0 }).seed(seed);
        let prompt = Prompt::new(vec![Message::user("Well?")]).sampling(sampling).schema(schema.clone());

        assert_fits(&llm.complete(prompt).await.unwrap(), &schema);
    }
    assert!(llm.stats().forced_tokens > 100);
}

#[tokio::test]
async fn what_is_forced_is_computed_in_few_passes() {
    let (_folder, llm) =
        random_llm(LocalLlmOptions::default().constrain_calls(true).speculation(false)).await;
    let schema = json!({"const": {"greeting": "Hello, how do you do?", "language": "English"}});
    let certain = Prompt::new(vec![Message::user("Hello")]).schema(schema.clone());
    let mut choice = certain.clone();
    choice.schema = Some(json!({"type": "object", "properties": {
        "a long name that is certain": {"enum": [1, 2]},
        "another long name": {"enum": ["x", "y"]},
    }, "required": ["a long name that is certain", "another long name"]}));

    let said = llm.complete(certain).await.unwrap();
    let before = llm.stats();
    let chosen = llm.complete(choice).await.unwrap();
    let stats = llm.stats();

    assert_eq!(serde_json::from_str::<Value>(&said.text).unwrap(), schema["const"]);
    assert_eq!(before.forward_passes, 0, "nothing is to be computed where nothing is to be chosen");
    assert_eq!(before.forced_tokens as usize, said.usage.output_tokens);
    assert!(chosen.usage.output_tokens > 50);
    let passes = stats.forward_passes - before.forward_passes;
    assert!(passes <= 6, "{passes} passes");
    assert_eq!(stats.prompt_tokens as usize, chosen.usage.input_tokens);
}

#[tokio::test]
async fn a_call_that_must_be_is_valid_and_of_the_tool_that_was_named() {
    let (_folder, llm) = random_llm(LocalLlmOptions::default().constrain_calls(true)).await;
    for seed in 0..4 {
        let sampling = Sampling::default().temperature(1.0).seed(seed);
        let any = prompt("Whatever").sampling(sampling).max_output_tokens(2000);
        let required = llm.complete(any.clone().tool_choice(ToolChoice::Required)).await.unwrap();
        let named = any.tool_choice(ToolChoice::Named("order".to_owned())).parallel_calls(false);
        let named = llm.complete(named).await.unwrap();

        assert!(!required.tool_calls.is_empty() && required.text.is_empty(), "{required:?}");
        required.tool_calls.iter().for_each(assert_valid);
        assert_eq!(named.tool_calls.len(), 1);
        assert_eq!(named.tool_calls[0].name, "order");
        assert_valid(&named.tool_calls[0]);
        assert_eq!(named.finish_reason, FinishReason::ToolCalls);
    }
}

#[tokio::test]
async fn a_call_that_is_cut_off_is_none() {
    let (_folder, llm) = random_llm(LocalLlmOptions::default().constrain_calls(true)).await;
    let cut = prompt("Whatever").tool_choice(ToolChoice::Required).max_output_tokens(70);

    let completion = llm.complete(cut).await.unwrap();

    assert_eq!(completion.usage.output_tokens, 70);
    assert_eq!((completion.tool_calls, completion.finish_reason), (Vec::new(), FinishReason::Length));
}

#[tokio::test]
async fn answers_do_not_depend_on_who_shares_the_batch_or_on_guesses() {
    let (_folder, llm) = random_llm(LocalLlmOptions::default().constrain_calls(true)).await;
    let (_other, plain) =
        random_llm(LocalLlmOptions::default().constrain_calls(true).speculation(false).batch(1)).await;
    let schema = small_schema();
    let prompts: Vec<Prompt> = (0..6)
        .map(|index| {
            let free = prompt(&format!("Question {index}")).max_output_tokens(60);
            match index % 3 {
                0 => free,
                1 => free.tool_choice(ToolChoice::Required).max_output_tokens(400),
                _ => free.schema(schema.clone()).tools(Vec::new()),
            }
        })
        .collect();

    let together = join_all(prompts.iter().cloned().map(|prompt| llm.complete(prompt))).await;
    for (prompt, together) in prompts.into_iter().zip(together) {
        let (alone, together) = (plain.complete(prompt).await.unwrap(), together.unwrap());

        assert_eq!((alone.text, alone.tool_calls), (together.text, together.tool_calls));
    }
}

#[tokio::test]
async fn choices_and_schemas_that_cannot_be_are_refused_by_name() {
    let (_folder, llm) = random_llm(LocalLlmOptions::default().constrain_calls(true)).await;
    let message = async |prompt: Prompt| llm.complete(prompt).await.unwrap_err().to_string();
    let plain = Prompt::new(vec![Message::user("Hello")]);
    let broken = ToolSpec::new(
        "broken",
        "",
        json!({"type": "object", "properties": {"x": {"$ref": "#/nowhere"}}, "required": ["x"]}),
    );

    let unknown = message(prompt("?").tool_choice(ToolChoice::Named("sing".to_owned()))).await;
    let none = message(plain.clone().tool_choice(ToolChoice::Required)).await;
    let impossible =
        message(plain.clone().schema(json!({"type": "integer", "minimum": 2, "maximum": 1}))).await;
    let likely = message(plain.clone().call_threshold(1.5)).await;
    let tool = message(plain.tools(vec![broken])).await;

    assert_eq!(unknown, "unknown tool `sing`, expected one of: get_weather, order, schedule");
    assert_eq!(none, "invalid tool_choice: expected some tools for `required`, got none");
    assert_eq!(likely, "invalid call_threshold: expected 0 to 1, got 1.5");
    assert!(impossible.starts_with("invalid schema: expected one that text can be held to"), "{impossible}");
    assert!(tool.starts_with("invalid parameters of tool `broken`: "), "{tool}");
    assert_eq!(llm.stats().forward_passes, 0);
}

#[tokio::test]
async fn without_constraints_tools_that_cannot_be_compiled_are_offered_all_the_same() {
    let (_folder, llm) = random_llm(LocalLlmOptions::default().constrain_calls(false)).await;
    let broken = json!({"type": "object", "properties": {"x": {"$ref": "#/nowhere"}}, "required": ["x"]});
    let prompt = Prompt::new(vec![Message::user("Hello")])
        .tools(vec![ToolSpec::new("broken", "", broken)])
        .max_output_tokens(4);

    assert_eq!(llm.complete(prompt).await.unwrap().usage.output_tokens, 4);
}

#[tokio::test]
async fn a_model_that_may_not_call_is_not_told_of_tools() {
    let (_folder, llm) = random_llm(LocalLlmOptions::default().constrain_calls(true)).await;
    let none = prompt("Hello").tool_choice(ToolChoice::None).max_output_tokens(1);
    let without = prompt("Hello").tools(Vec::new()).max_output_tokens(1);

    let none = llm.complete(none).await.unwrap();
    let without = llm.complete(without).await.unwrap();

    assert_eq!(none.usage.input_tokens, without.usage.input_tokens);
}

#[tokio::test]
async fn every_call_of_a_real_model_parses_names_a_tool_and_validates() {
    let llm = LocalLlm::open_with(QWEN, LocalLlmOptions::default().constrain_calls(true).context(4096))
        .await
        .unwrap();
    let questions = [
        "What is the weather in Zürich?",
        "How warm is it in Tokyo, in imperial units?",
        "Order three apples and a loaf of bread.",
        "I need 12 pencils by express.",
        "Schedule a meeting called Budget at 14:30.",
        "Put lunch with Ann into my calendar at noon.",
        "Is it raining in Paris, France?",
        "Buy milk, two eggs and ten oranges.",
        "Call it \"</tool_call> party\" and schedule it for 8 in the evening.",
        "Who wrote Hamlet?",
    ];
    let prompts = questions.iter().flat_map(|question| {
        [0.0, 1.0].map(|temperature| {
            let sampling = Sampling::default().temperature(temperature).seed(7);
            prompt(question).sampling(sampling)
        })
    });

    let completions = join_all(prompts.map(|prompt| llm.complete(prompt))).await;

    let calls: Vec<ToolCall> =
        completions.into_iter().flat_map(|completion| completion.unwrap().tool_calls).collect();
    calls.iter().for_each(assert_valid);
    assert!(calls.len() >= 10, "it calls where that helps: {calls:?}");
}

#[tokio::test]
async fn whether_a_model_calls_is_told_and_decided_by_a_threshold() {
    let llm = LocalLlm::open_with(QWEN, LocalLlmOptions::default().constrain_calls(true).context(4096))
        .await
        .unwrap();
    let complete = async |prompt: Prompt| llm.complete(prompt.max_output_tokens(120)).await.unwrap();
    let (weather, hamlet) = (prompt("What is the weather in Zürich?"), prompt("Who wrote Hamlet?"));

    let called = complete(weather.clone()).await;
    let said = complete(hamlet.clone()).await;
    let kept_from_it = complete(weather.clone().call_threshold(1.0)).await;
    let brought_to_it = complete(hamlet.call_threshold(0.0)).await;
    let forced = complete(weather.tool_choice(ToolChoice::Required)).await;

    let (likely, unlikely) = (called.call_probability.unwrap(), said.call_probability.unwrap());
    assert!(likely > unlikely && likely <= 1.0 && unlikely > 0.0, "{likely} and {unlikely}");
    assert_eq!((called.tool_calls.len(), said.tool_calls.len()), (1, 0));
    assert_eq!(kept_from_it.call_probability, called.call_probability);
    assert!(kept_from_it.tool_calls.is_empty() && !kept_from_it.text.is_empty(), "{kept_from_it:?}");
    brought_to_it.tool_calls.iter().for_each(assert_valid);
    assert_eq!(brought_to_it.tool_calls.len(), 1, "{brought_to_it:?}");
    assert_eq!(forced.call_probability, None, "there was no choice");
}

/// Left alone, this model writes its calls into fenced blocks, and the second one with the name of the dish for the tool's.
#[tokio::test]
async fn a_call_that_a_model_begins_in_a_form_of_its_own_is_written_anew() {
    let llm = LocalLlm::open_with(QWEN, LocalLlmOptions::default().constrain_calls(true).context(4096))
        .await
        .unwrap();
    let text = |about: &str| json!({"type": "string", "description": about});
    let law = json!({
        "type": "object",
        "properties": {"act_name": text("The name of the act."), "amendment_year": {"type": "integer"}},
        "required": ["act_name", "amendment_year"],
    });
    let recipe = json!({
        "type": "object",
        "properties": {
            "dietary_restriction": text("The dietary restriction, e.g., 'Vegetarian'."),
            "ingredients": {"type": "array", "items": {"type": "string"}, "description": "The list of ingredients."},
            "servings": {"type": "integer", "description": "The number of servings the recipe should make"},
        },
        "required": ["dietary_restriction", "ingredients", "servings"],
    });
    let law = ToolSpec::new("get_act_details", "Retrieves the details of a legal act.", law);
    let recipe = ToolSpec::new(
        "recipe_search",
        "Search for a recipe given dietary restriction, ingredients, and number of servings.",
        recipe,
    );
    let complete = async |question: &str, tool: &ToolSpec| {
        let prompt = Prompt::new(vec![Message::user(question)])
            .tools(vec![tool.clone()])
            .sampling(Sampling::greedy())
            .max_output_tokens(120);
        llm.complete(prompt).await.unwrap()
    };

    let act = complete("Give me the details of the Clean Water Act of 1977.", &law).await;
    let pasta =
        complete("Give me a recipe for a vegetarian pasta with cheese for 2 servings.", &recipe).await;

    for (completion, name, key, value) in
        [(act, "get_act_details", "amendment_year", 1977), (pasta, "recipe_search", "servings", 2)]
    {
        let [call] = &completion.tool_calls[..] else { panic!("{completion:?}") };
        assert_eq!((call.name.as_str(), completion.text.as_str()), (name, ""));
        assert_eq!(call.arguments[key], value);
        assert_eq!(completion.finish_reason, FinishReason::ToolCalls);
    }
}
