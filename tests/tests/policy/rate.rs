use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use rushlight::{RateExcess, RateKey, ToolContext, ToolPolicy, ToolStatus};
use tokio::time::Instant;

use super::{call, counted};

fn rate(text: &str) -> ToolPolicy {
    ToolPolicy::default().rate(text.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_hundred_and_first_call_of_a_minute_is_refused_with_the_time_to_wait() {
    let (toolbox, runs) = counted(rate("100/min").rate_excess(RateExcess::Refuse));
    let context = ToolContext::new();

    let outputs = join_all((0..101).map(|_| call(&toolbox, &context))).await;

    assert!(outputs[..100].iter().all(|output| output.status == ToolStatus::Success));
    assert_eq!((outputs[100].status, runs.load(Ordering::SeqCst)), (ToolStatus::RateLimited, 100));
    insta::assert_snapshot!(outputs[100].content, @"`tool` was not run: it is called too often (100/60s); call it again after 1s or go on without it");
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_its_turn_if_that_comes_in_time() {
    let (toolbox, runs) = counted(rate("1/3s").timeout(Duration::from_secs(5)));
    let begin = Instant::now();
    let timed = async || {
        let output = call(&toolbox, &ToolContext::new()).await;
        (output.status, begin.elapsed().as_secs())
    };

    let outputs = join_all((0..3).map(|_| timed())).await;

    assert_eq!(outputs, [(ToolStatus::Success, 1), (ToolStatus::Success, 4), (ToolStatus::RateLimited, 0)]);
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn waiting_counts_against_the_timeout() {
    let (toolbox, _) = counted(rate("1/3s").timeout(Duration::from_millis(2_500)));
    call(&toolbox, &ToolContext::new()).await;
    let begin = Instant::now();

    let output = call(&toolbox, &ToolContext::new()).await;

    assert_eq!((output.status, begin.elapsed()), (ToolStatus::Timeout, Duration::from_millis(2_500)));
}

#[tokio::test(start_paused = true)]
async fn sessions_share_a_rate_unless_it_is_theirs() {
    let policy = rate("1/min").rate_excess(RateExcess::Refuse);
    let sessions = ["a", "b", "a"].map(|session| ToolContext::new().session(session));
    for (key, expected) in [
        (RateKey::Tool, [ToolStatus::Success, ToolStatus::RateLimited, ToolStatus::RateLimited]),
        (RateKey::Session, [ToolStatus::Success, ToolStatus::Success, ToolStatus::RateLimited]),
    ] {
        let (toolbox, _) = counted(policy.clone().rate_key(key));
        let outputs = join_all(sessions.iter().map(|context| call(&toolbox, context))).await;
        assert_eq!(outputs.iter().map(|output| output.status).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn copies_of_a_toolbox_share_the_rate() {
    let (toolbox, _) = counted(rate("1/min").rate_excess(RateExcess::Refuse));

    let first = call(&toolbox.clone(), &ToolContext::new()).await;
    let second = call(&toolbox, &ToolContext::new()).await;

    assert_eq!((first.status, second.status), (ToolStatus::Success, ToolStatus::RateLimited));
}
