use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use futures::future::join_all;
use rushlight::{FunctionTool, NoArguments, ToolContext, ToolPolicy, ToolStatus, Toolbox};
use tokio::time::Instant;

use super::{call, counted};

#[tokio::test(start_paused = true)]
async fn at_most_so_many_calls_run_at_once_and_all_have_their_turn() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, highest) = (Arc::clone(&running), Arc::clone(&most));
    let tool = FunctionTool::new("tool", "", move |_: NoArguments| {
        let (now, highest) = (Arc::clone(&now), Arc::clone(&highest));
        async move {
            highest.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, String>(())
        }
    });
    let toolbox = Toolbox::new().add(tool.policy(ToolPolicy::default().concurrency(3))).unwrap();
    let begin = Instant::now();
    let context = ToolContext::new();

    let outputs = join_all((0..10).map(|_| call(&toolbox, &context))).await;

    assert!(outputs.iter().all(|output| output.status == ToolStatus::Success));
    assert_eq!((most.load(Ordering::SeqCst), begin.elapsed()), (3, Duration::from_secs(4)));
}

#[tokio::test(start_paused = true)]
async fn the_line_is_fair_and_ends_at_the_timeout() {
    let (toolbox, runs) = counted(ToolPolicy::default().concurrency(1).timeout(Duration::from_millis(2_500)));
    let context = ToolContext::new();

    let outputs = join_all((0..4).map(|_| call(&toolbox, &context))).await;

    let contents: Vec<&str> = outputs.iter().map(|output| output.content.as_str()).collect();
    assert_eq!(contents[..2], ["1", "2"]);
    assert_eq!(outputs[3].status, ToolStatus::Timeout);
    insta::assert_snapshot!(contents[2], @"`tool` did not finish within 2.5s and was cancelled");
    insta::assert_snapshot!(contents[3], @"`tool` was not run: it got no turn within 2.5s, since 1 of its calls may run at once");
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_call_that_cannot_be_stopped_keeps_its_place_until_it_ends() {
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let tool = FunctionTool::blocking("tool", "", move |_: NoArguments| {
        let _ = released.lock().unwrap().recv();
        Ok::<_, String>(())
    });
    let policy = ToolPolicy::default().concurrency(1).timeout(Duration::from_millis(50));
    let toolbox = Toolbox::new().add(tool.policy(policy)).unwrap();
    let context = ToolContext::new();

    let stuck = call(&toolbox, &context).await;
    let crowded = call(&toolbox, &context).await;
    drop(release);
    let free = loop {
        let output = call(&toolbox, &context).await;
        if output.status == ToolStatus::Success {
            break output;
        }
    };

    assert!(stuck.content.contains("may still be running"), "{}", stuck.content);
    assert!(crowded.content.contains("got no turn within 50ms"), "{}", crowded.content);
    assert_eq!(free.content, "null");
}
