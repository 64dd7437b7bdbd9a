//! Tools and their registry.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rushlight::{FunctionTool, NoArguments, Tool, ToolCall, ToolRegistry, ToolSpec, ToolStatus, Toolbox};
use rushlight_tests::support::tools::{add, by_name, echo, slow};
use serde_json::{Value, json};

fn toolbox() -> Toolbox {
    let names = ["add", "echo", "boom", "slow", "panics"];
    let toolbox = names.iter().try_fold(Toolbox::new(), |toolbox, name| toolbox.add(by_name(name)));
    toolbox.unwrap().timeout(Duration::from_millis(50))
}

rushlight_tests::tool_registry_suite!(toolbox());

fn named(name: &str) -> FunctionTool {
    FunctionTool::new(name, "", async |_: NoArguments| Ok::<_, String>(()))
}

#[test]
fn tool_names_are_checked_when_a_tool_is_added() {
    let long = "x".repeat(65);
    for name in ["", "with space", "é", "a.b", "a\n", long.as_str()] {
        let error = Toolbox::new().add(named(name)).unwrap_err().to_string();
        assert!(error.contains("[a-zA-Z0-9_-]"), "{error}");
    }
    assert!(Toolbox::new().add(named(&"x".repeat(64))).is_ok());
}

#[test]
fn a_name_that_is_taken_is_refused() {
    let error = Toolbox::new().add(add()).unwrap().add(named("add")).unwrap_err();

    assert_eq!(error.to_string(), "invalid tool name: expected names to be unique, got `add` twice");
}

#[test]
fn at_most_256_tools_fit() {
    let full = (0..256).try_fold(Toolbox::new(), |toolbox, number| toolbox.add(named(&format!("t{number}"))));

    let error = full.unwrap().add(named("one_more")).unwrap_err();

    assert_eq!(
        error.to_string(),
        "invalid number of tools: expected at most 256, got `one_more` as one more"
    );
}

#[tokio::test]
async fn a_tool_that_times_out_is_dropped() {
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&dropped);
    let tool = FunctionTool::new("hang", "", move |_: NoArguments| {
        let flag = Flag(Arc::clone(&flag));
        async move {
            std::future::pending::<()>().await;
            drop(flag);
            Ok::<_, String>(())
        }
    });
    let toolbox = Toolbox::new().add(tool).unwrap().timeout(Duration::from_millis(20));

    let output = toolbox.invoke(&ToolCall::new("1", "hang", json!({}))).await.unwrap();

    assert_eq!(output.status, ToolStatus::Timeout);
    assert!(dropped.load(Ordering::SeqCst));
    assert!(output.elapsed >= Duration::from_millis(20) && output.elapsed < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn the_default_timeout_is_five_seconds() {
    let toolbox = Toolbox::new().add(slow()).unwrap();
    let begin = tokio::time::Instant::now();

    let output = toolbox.invoke(&ToolCall::new("1", "slow", json!({}))).await.unwrap();

    assert_eq!(output.status, ToolStatus::Timeout);
    let elapsed = begin.elapsed();
    assert!(elapsed.abs_diff(Duration::from_secs(5)) <= Duration::from_millis(50), "{elapsed:?}");
}

/// An async tool that blocks its thread.
fn stuck() -> FunctionTool {
    FunctionTool::new("stuck", "", async |_: NoArguments| {
        thread::sleep(Duration::from_secs(2));
        Ok::<_, String>(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn async_tools_that_block_their_thread_defeat_no_timeout() {
    let toolbox = Toolbox::new().add(stuck()).unwrap().timeout(Duration::from_millis(50));
    let begin = Instant::now();

    let calls = async move {
        let calls: Vec<ToolCall> =
            (0..4).map(|id| ToolCall::new(id.to_string(), "stuck", json!({}))).collect();
        futures::future::try_join_all(calls.iter().map(|call| toolbox.invoke(call))).await.unwrap()
    };
    let outputs = tokio::spawn(calls).await.unwrap();

    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    let expected = "`stuck` did not finish within 50ms; it cannot be stopped and may still be running";
    assert_eq!(outputs.len(), 4);
    for output in outputs {
        assert_eq!((output.status, output.content.as_str()), (ToolStatus::Timeout, expected));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_tool_that_blocked_its_thread_is_dropped_at_its_next_step() {
    let steps = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&steps);
    let busy = FunctionTool::new("busy", "", move |_: NoArguments| {
        let steps = Arc::clone(&counted);
        async move {
            loop {
                steps.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(200));
                tokio::task::yield_now().await;
            }
            #[expect(unreachable_code, reason = "it says what the tool would give")]
            Ok::<_, String>(())
        }
    });
    let toolbox = Toolbox::new().add(busy).unwrap().timeout(Duration::from_millis(50));

    let output = toolbox.invoke(&ToolCall::new("1", "busy", json!({}))).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;

    assert_eq!(output.status, ToolStatus::Timeout);
    assert_eq!(steps.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_blocking_tool_that_panics_or_hangs_is_answered_too() {
    let panics =
        FunctionTool::blocking("panics", "", |_: NoArguments| -> Result<(), String> { panic!("no luck") });
    let sleeps = FunctionTool::blocking("sleeps", "", |_: NoArguments| {
        thread::sleep(Duration::from_millis(300));
        Ok::<_, String>(())
    });
    let hasty = Toolbox::new().add(sleeps).unwrap().timeout(Duration::from_millis(20));
    let toolbox = Toolbox::new().add(panics).unwrap();

    let panicked = toolbox.invoke(&ToolCall::new("1", "panics", json!({}))).await.unwrap();
    let hung = hasty.invoke(&ToolCall::new("2", "sleeps", json!({}))).await.unwrap();

    assert_eq!(
        (panicked.status, panicked.content.as_str()),
        (ToolStatus::Error, "`panics` panicked: no luck")
    );
    assert_eq!(hung.status, ToolStatus::Timeout);
    insta::assert_snapshot!(hung.content, @"`sleeps` did not finish within 20ms; it cannot be stopped and may still be running");
}

#[test]
fn blocking_tools_that_hang_end_with_no_thread_of_tokio() {
    let hangs = FunctionTool::blocking("hangs", "", |_: NoArguments| {
        thread::sleep(Duration::from_secs(3));
        Ok::<_, String>(())
    });
    let toolbox = Toolbox::new().add(hangs).unwrap().timeout(Duration::from_millis(20));
    let runtime =
        tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap();
    let begin = Instant::now();

    let other = runtime.block_on(async {
        for id in ["1", "2", "3"] {
            toolbox.invoke(&ToolCall::new(id, "hangs", json!({}))).await.unwrap();
        }
        tokio::task::spawn_blocking(|| "other work").await.unwrap()
    });
    drop(runtime);

    assert_eq!(other, "other work");
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_tool_has_a_timeout_of_its_own_before_that_of_the_toolbox() {
    let patient = slow().timeout(Duration::from_mins(1));
    let shared: Arc<dyn Tool> = Arc::new(patient);
    let toolbox = Toolbox::new().add(shared).unwrap().timeout(Duration::from_secs(1));

    let output = toolbox.invoke(&ToolCall::new("1", "slow", json!({}))).await.unwrap();

    assert_eq!(output.content, "`slow` did not finish within 60s and was cancelled");
}

#[tokio::test]
async fn the_scope_of_a_toolbox_carries_what_is_local_to_the_callers_task() {
    tokio::task_local! {
        static USER: &'static str;
    }
    let who = FunctionTool::new("who", "", async |_: NoArguments| Ok::<_, String>(USER.get()));
    let toolbox = Toolbox::new().add(who).unwrap().call_scope(|call| Box::pin(USER.scope(USER.get(), call)));
    let call = ToolCall::new("1", "who", json!({}));

    let (ann, ben) =
        tokio::join!(USER.scope("Ann", toolbox.invoke(&call)), USER.scope("Ben", toolbox.invoke(&call)));

    assert_eq!((ann.unwrap().content, ben.unwrap().content), ("Ann".to_owned(), "Ben".to_owned()));
}

#[tokio::test]
async fn a_huge_output_is_cut_at_a_whole_code_point() {
    let huge = FunctionTool::new("huge", "", async |_: NoArguments| Ok::<_, String>("é".repeat(1 << 20)));
    let toolbox = Toolbox::new().add(huge).unwrap().max_output_bytes(101);

    let output = toolbox.invoke(&ToolCall::new("1", "huge", json!({}))).await.unwrap();

    assert_eq!(output.status, ToolStatus::Success);
    assert_eq!(output.content, format!("{}… (cut: the output has 2097152 bytes)", "é".repeat(50)));
}

#[tokio::test]
async fn arguments_written_as_a_string_of_json_are_read() {
    let toolbox = Toolbox::new().add(echo()).unwrap();
    let call = ToolCall::new("1", "echo", json!("{\"text\": \"hello\"}"));

    let output = toolbox.invoke(&call).await.unwrap();

    assert_eq!((output.status, output.content.as_str()), (ToolStatus::Success, "hello"));
}

#[tokio::test]
async fn a_tool_of_the_callers_own_schema_gets_validated_values() {
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}, "required": ["n"]});
    let spec = ToolSpec::new("own", "", schema);
    let own = FunctionTool::from_spec(spec, async |arguments: Value| Ok::<_, String>(arguments));
    let toolbox = Toolbox::new().add(own).unwrap();

    let fits = toolbox.invoke(&ToolCall::new("1", "own", json!({"n": 3}))).await.unwrap();
    let small = toolbox.invoke(&ToolCall::new("1", "own", json!({"n": 2}))).await.unwrap();

    assert_eq!((fits.status, fits.content.as_str()), (ToolStatus::Success, "{\"n\":3}"));
    assert!(small.content.contains("`/n` (`minimum`)"), "{}", small.content);
}
