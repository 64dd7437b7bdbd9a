use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rushlight::{CircuitBreaker, FunctionTool, NoArguments, ToolContext, ToolPolicy, ToolStatus, Toolbox};

use super::call;

const OPEN_FOR: Duration = Duration::from_secs(10);

struct Service {
    toolbox: Toolbox,
    is_up: Arc<AtomicBool>,
    runs: Arc<AtomicUsize>,
}

fn service(policy: ToolPolicy) -> Service {
    let (is_up, runs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (up, counter) = (Arc::clone(&is_up), Arc::clone(&runs));
    let tool = FunctionTool::new("tool", "", move |_: NoArguments| {
        counter.fetch_add(1, Ordering::SeqCst);
        let up = up.load(Ordering::SeqCst);
        async move { if up { Ok("up") } else { Err("down") } }
    });
    let breaker = CircuitBreaker::default().failures(3).open_for(OPEN_FOR);
    Service { toolbox: Toolbox::new().add(tool.policy(policy.breaker(breaker))).unwrap(), is_up, runs }
}

impl Service {
    async fn status(&self) -> ToolStatus {
        call(&self.toolbox, &ToolContext::new()).await.status
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_fails_again_and_again_is_left_alone_until_it_works() {
    let service = service(ToolPolicy::default());
    for _ in 0..3 {
        assert_eq!(service.status().await, ToolStatus::Error);
    }

    let output = call(&service.toolbox, &ToolContext::new()).await;
    assert_eq!((output.status, service.runs.load(Ordering::SeqCst)), (ToolStatus::Unavailable, 3));
    insta::assert_snapshot!(output.content, @"`tool` was not run: it failed too often; call it again after 10s or go on without it");

    tokio::time::advance(OPEN_FOR).await;
    assert_eq!(service.status().await, ToolStatus::Error);
    assert_eq!(service.status().await, ToolStatus::Unavailable);

    service.is_up.store(true, Ordering::SeqCst);
    tokio::time::advance(OPEN_FOR).await;
    assert_eq!([service.status().await, service.status().await], [ToolStatus::Success; 2]);
}

#[tokio::test(start_paused = true)]
async fn retries_end_when_the_breaker_opens() {
    let service = service(ToolPolicy::default().idempotent(true).retries(9).timeout(Duration::from_mins(5)));

    assert_eq!(service.status().await, ToolStatus::Unavailable);
    assert_eq!(service.runs.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_a_failure_too() {
    let tool = FunctionTool::new("tool", "", async |_: NoArguments| {
        std::future::pending::<()>().await;
        Ok::<_, String>(())
    });
    let policy = ToolPolicy::default().breaker(CircuitBreaker::default().failures(1));
    let toolbox = Toolbox::new().add(tool.policy(policy)).unwrap();

    let statuses = [call(&toolbox, &ToolContext::new()).await, call(&toolbox, &ToolContext::new()).await];

    assert_eq!(statuses.map(|output| output.status), [ToolStatus::Timeout, ToolStatus::Unavailable]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_while_it_tries_lets_another_try() {
    let service = service(ToolPolicy::default());
    for _ in 0..3 {
        service.status().await;
    }
    tokio::time::advance(OPEN_FOR).await;

    let given_up = tokio::time::timeout(Duration::ZERO, async {
        service.status().await;
    });
    let _ = given_up.await;

    assert_eq!(service.status().await, ToolStatus::Error);
}
