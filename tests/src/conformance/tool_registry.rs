//! What every [`ToolRegistry`] does.

use std::collections::HashSet;
use std::sync::Arc;

use rushlight::{ToolCall, ToolContext, ToolOutput, ToolRegistry, ToolStatus};
use serde_json::{Value, json};

/// One test for each case; the argument makes a registry of the tools `add`, `echo`, `boom`, `slow` and
/// `panics` of [`support::tools`](crate::support::tools), with a timeout below a second.
#[macro_export]
macro_rules! tool_registry_suite {
    ($make:expr) => {
        $crate::conformance!(
            tool_registry,
            $make,
            tools_are_listed_in_a_stable_order_with_unique_names,
            a_value_comes_back,
            an_output_answers_its_call,
            an_unknown_name_is_answered_with_the_known_ones,
            invalid_arguments_are_explained,
            an_error_is_an_output,
            a_panic_is_an_output,
            a_tool_that_never_ends_is_stopped,
            calls_at_the_same_time_are_all_answered,
            works_behind_a_shared_pointer,
            a_run_that_is_granted_something_sees_no_less,
        );
    };
}

async fn answer(registry: &impl ToolRegistry, name: &str, arguments: Value) -> ToolOutput {
    registry.invoke(&ToolCall::new("id-7", name, arguments)).await.unwrap()
}

/// `specs` lists tools in a stable order with unique names.
pub async fn tools_are_listed_in_a_stable_order_with_unique_names(registry: &impl ToolRegistry) {
    let specs = registry.specs();

    let names: HashSet<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names.len(), specs.len());
    assert_eq!(specs, registry.specs());
    assert!(specs.iter().all(|spec| spec.parameters["type"] == "object"));
}

/// A tool's value is the content of a successful output.
pub async fn a_value_comes_back(registry: &impl ToolRegistry) {
    let output = answer(registry, "add", json!({"a": 1, "b": 2})).await;

    assert_eq!((output.status, output.content.as_str()), (ToolStatus::Success, "3"));
    assert!(output.is_success());
}

/// An output names the call that it answers.
pub async fn an_output_answers_its_call(registry: &impl ToolRegistry) {
    for name in ["echo", "boom", "nothing"] {
        let output = answer(registry, name, json!({"text": "x"})).await;
        assert_eq!((output.call_id.as_str(), output.name.as_str()), ("id-7", name));
    }
}

/// An unknown name gives a text with the known ones.
pub async fn an_unknown_name_is_answered_with_the_known_ones(registry: &impl ToolRegistry) {
    for name in ["subtract", "", "ADD", "add "] {
        let output = answer(registry, name, json!({})).await;
        assert_eq!(output.status, ToolStatus::UnknownTool);
        assert!(output.content.contains("add") && output.content.contains("echo"), "{}", output.content);
    }
}

/// Arguments that do not fit give a text from which the call can be mended.
pub async fn invalid_arguments_are_explained(registry: &impl ToolRegistry) {
    let wrong = [
        json!({"a": 1, "b": "two"}),
        json!({"a": 1}),
        json!([1, 2]),
        json!("{\"a\": 1, "),
        json!(null),
        json!(3),
    ];
    for arguments in wrong {
        let output = answer(registry, "add", arguments).await;
        assert_eq!(output.status, ToolStatus::InvalidArguments);
        for part in ["`add`", "\"a\"", "\"b\"", "integer"] {
            assert!(output.content.contains(part), "{}", output.content);
        }
    }
}

/// A tool's error is an output with its text.
pub async fn an_error_is_an_output(registry: &impl ToolRegistry) {
    let output = answer(registry, "boom", json!({})).await;

    assert_eq!(output.status, ToolStatus::Error);
    assert!(output.content.contains("boom"), "{}", output.content);
}

/// A panic is an output, and the registry works on.
pub async fn a_panic_is_an_output(registry: &impl ToolRegistry) {
    let output = answer(registry, "panics", json!({})).await;

    assert_eq!(output.status, ToolStatus::Error);
    a_value_comes_back(registry).await;
}

/// A timeout is an output.
pub async fn a_tool_that_never_ends_is_stopped(registry: &impl ToolRegistry) {
    let output = answer(registry, "slow", json!({})).await;

    assert_eq!(output.status, ToolStatus::Timeout);
    assert!(output.content.contains("slow"), "{}", output.content);
}

/// Each of many calls gets its own answer.
pub async fn calls_at_the_same_time_are_all_answered(registry: &impl ToolRegistry) {
    let texts: Vec<String> = (0..32).map(|number| number.to_string()).collect();

    let outputs =
        futures::future::join_all(texts.iter().map(|text| answer(registry, "echo", json!({"text": text}))))
            .await;

    assert!(outputs.iter().zip(&texts).all(|(output, text)| output.content == *text));
}

/// An `Arc` of a registry is a registry.
pub async fn works_behind_a_shared_pointer<R: ToolRegistry + Clone>(registry: &R) {
    let shared: Arc<dyn ToolRegistry> = Arc::new(registry.clone());

    a_value_comes_back(&shared).await;
}

/// What is on offer without scopes is on offer to every run, and runs for it.
pub async fn a_run_that_is_granted_something_sees_no_less(registry: &impl ToolRegistry) {
    let context = ToolContext::new().session("s").scopes(["read:code"]);
    let call = ToolCall::new("id-7", "add", json!({"a": 1, "b": 2}));

    let output = registry.invoke_for(&call, &context).await.unwrap();

    assert_eq!((output.status, output.content.as_str()), (ToolStatus::Success, "3"));
    let offered = registry.specs_for(&context).await.unwrap();
    assert!(registry.specs().iter().all(|spec| offered.contains(spec)));
}
