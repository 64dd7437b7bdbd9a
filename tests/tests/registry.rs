//! Models that share a budget of memory.

use std::time::Duration;

use futures::StreamExt;
use rushlight::llm::RegisteredModel;
use rushlight::{
    Error, ErrorKind, EvictionPriority, Llm, LlmExt, LocalLlm, LocalLlmOptions, Message, ModelRegistry,
    ModelRegistryOptions, Prompt,
};
use rushlight_tests::support::tiny;
use tempfile::TempDir;

const NAMES: [&str; 3] = ["low", "normal", "high"];

fn options() -> LocalLlmOptions {
    LocalLlmOptions::default().threads(1).context(256).kv_budget(1 << 20)
}

fn prompt(tokens: usize) -> Prompt {
    Prompt::new(vec![Message::user("Hello")]).max_output_tokens(tokens)
}

async fn ask(llm: &LocalLlm) {
    llm.complete(prompt(2)).await.unwrap();
}

/// The names of those that are loaded.
fn loaded(registry: &ModelRegistry) -> Vec<String> {
    registry.models().into_iter().filter(|model| model.is_loaded).map(|model| model.name).collect()
}

/// A registry with room for `room` of three models whose names are their priorities.
async fn three(folder: &TempDir, room: usize) -> (ModelRegistry, [LocalLlm; 3]) {
    let path = |name: &str| tiny::model(folder.path(), name).display().to_string();
    let memory = LocalLlm::estimate_memory(&path("low"), options()).await.unwrap().total() as usize;
    let budget = room * memory + memory / 2;
    let registry = ModelRegistry::new(ModelRegistryOptions::default().memory_budget(budget));
    let priorities = [EvictionPriority::Low, EvictionPriority::Normal, EvictionPriority::High];
    let mut models = Vec::new();
    for (name, priority) in NAMES.into_iter().zip(priorities) {
        models.push(registry.add(name, &path(name), options(), priority).await.unwrap());
    }
    (registry, models.try_into().unwrap())
}

#[tokio::test]
async fn a_model_is_loaded_by_its_first_question_and_stays() {
    let folder = TempDir::new().unwrap();
    let (registry, [low, ..]) = three(&folder, 3).await;
    assert_eq!(loaded(&registry), [""; 0]);
    assert_eq!(low.count_tokens("Hello").unwrap(), 5, "counting needs no weights");
    assert_eq!(low.status().loads, 0);

    ask(&low).await;
    ask(&registry.get("low").unwrap()).await;

    assert_eq!(loaded(&registry), ["low"]);
    assert_eq!((low.status().loads, low.stats().finished), (1, 2), "both handles are the same model");
}

#[tokio::test]
async fn under_pressure_low_priority_goes_first_however_lately_it_was_used() {
    let folder = TempDir::new().unwrap();
    let (registry, [low, normal, high]) = three(&folder, 2).await;

    ask(&high).await;
    ask(&low).await;
    ask(&normal).await;
    assert_eq!(loaded(&registry), ["normal", "high"]);

    ask(&low).await;
    assert_eq!(loaded(&registry), ["low", "high"], "normal goes before high");
    assert_eq!(low.status().loads, 2, "what was unloaded is loaded again");
}

#[tokio::test]
async fn of_equals_the_one_that_was_unused_for_longest_goes() {
    let folder = TempDir::new().unwrap();
    let (registry, [low, ..]) = three(&folder, 2).await;
    let path = tiny::model(folder.path(), "other").display().to_string();
    let other = registry.add("other", &path, options(), EvictionPriority::Low).await.unwrap();
    let path = tiny::model(folder.path(), "another").display().to_string();
    let another = registry.add("another", &path, options(), EvictionPriority::Low).await.unwrap();
    ask(&low).await;
    ask(&other).await;
    ask(&low).await;

    ask(&another).await;

    assert_eq!(loaded(&registry), ["low", "another"]);
}

#[tokio::test(start_paused = true)]
async fn a_pinned_model_stays_for_as_long_as_it_is_pinned() {
    let folder = TempDir::new().unwrap();
    let (registry, [low, normal, high]) = three(&folder, 2).await;
    low.pin_for(Duration::from_hours(4));
    ask(&low).await;
    ask(&high).await;

    ask(&normal).await;
    assert_eq!(loaded(&registry), ["low", "normal"], "high goes although low is lower");

    tokio::time::advance(Duration::from_secs(4 * 3600 - 1)).await;
    ask(&high).await;
    assert_eq!(loaded(&registry), ["low", "high"]);

    tokio::time::advance(Duration::from_secs(1)).await;
    ask(&normal).await;
    assert_eq!(loaded(&registry), ["normal", "high"]);
}

#[tokio::test]
async fn when_nothing_may_go_the_question_is_refused_and_may_be_asked_again() {
    let folder = TempDir::new().unwrap();
    let (registry, [low, normal, high]) = three(&folder, 2).await;
    normal.pin_for(Duration::MAX);
    ask(&normal).await;
    let mut stream = low.generate(prompt(200)).await.unwrap();
    stream.next().await.unwrap().unwrap();

    let refused = high.complete(prompt(2)).await.unwrap_err();

    assert!(refused.is_retryable(), "{refused}");
    assert_eq!(refused.kind(), ErrorKind::Overloaded);
    assert_eq!(loaded(&registry), ["low", "normal"]);
    drop(stream);
    normal.pin_for(Duration::ZERO);
    ask(&high).await;
    assert!(loaded(&registry).contains(&"high".to_owned()));
}

#[tokio::test]
async fn a_model_that_is_unloaded_while_it_generates_takes_memory_until_its_end() {
    let folder = TempDir::new().unwrap();
    let (registry, [low, _, high]) = three(&folder, 1).await;
    let mut stream = low.generate(prompt(100)).await.unwrap();
    stream.next().await.unwrap().unwrap();

    low.unload().await.unwrap();
    let refused = high.complete(prompt(2)).await.unwrap_err();
    while let Some(delta) = stream.next().await {
        delta.expect("it generates to its end");
    }
    drop(stream);
    ask(&high).await;

    assert_eq!(refused.kind(), ErrorKind::Overloaded);
    assert_eq!(loaded(&registry), ["high"]);
}

#[tokio::test]
async fn many_questions_to_many_models_at_once_stay_within_the_budget() {
    let folder = TempDir::new().unwrap();
    let (registry, models) = three(&folder, 2).await;

    let questions = (0..30).map(|index| {
        let llm = models[index % 3].clone();
        async move {
            loop {
                match llm.complete(prompt(2)).await {
                    Ok(completion) => return completion,
                    Err(error) if error.is_retryable() => tokio::task::yield_now().await,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    });
    let answers = futures::future::join_all(questions).await;

    assert_eq!(answers.len(), 30);
    let taken: u64 =
        registry.models().iter().filter(|model| model.is_loaded).map(|model| model.memory_bytes).sum();
    assert!(taken <= registry.memory_budget(), "{taken}");
    assert_eq!(models.iter().map(|llm| llm.stats().finished).sum::<u64>(), 30);
}

#[tokio::test]
async fn names_are_known_and_taken_once() {
    let folder = TempDir::new().unwrap();
    let (registry, _models) = three(&folder, 3).await;
    let path = tiny::model(folder.path(), "low").display().to_string();

    let unknown = registry.get("medium").unwrap_err();
    let taken = registry.add("low", &path, options(), EvictionPriority::High).await.unwrap_err();

    assert_eq!(unknown.to_string(), "unknown model `medium`, expected one of: low, normal, high");
    assert_eq!(taken.to_string(), "invalid name: expected one that is not taken, got `low`");
    let [RegisteredModel { priority, is_loaded, .. }, ..] = &registry.models()[..] else { panic!() };
    assert_eq!((*priority, *is_loaded), (EvictionPriority::Low, false));
}

#[tokio::test]
async fn a_model_that_is_larger_than_the_budget_is_refused_when_it_is_added() {
    let folder = TempDir::new().unwrap();
    let path = tiny::model(folder.path(), "large").display().to_string();
    let registry = ModelRegistry::new(ModelRegistryOptions::default().memory_budget(1 << 20));

    let error = registry.add("large", &path, options(), EvictionPriority::Normal).await.unwrap_err();

    assert!(matches!(error, Error::Invalid { .. }), "{error}");
    assert!(error.to_string().starts_with("invalid memory_budget: expected at least "), "{error}");
    assert!(error.to_string().ends_with("1048576"), "{error}");
}

#[tokio::test]
async fn a_model_outlives_its_registry() {
    let folder = TempDir::new().unwrap();
    let (registry, [low, ..]) = three(&folder, 1).await;

    drop(registry);

    ask(&low).await;
}
