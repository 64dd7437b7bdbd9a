//! Many requests to one agent.

use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use rushlight::{
    Agent, AgentExt, Answer, Assistant, Error, Event, EventStream, Request, Result, ScriptedLlm,
};
use tokio::time::Instant;

/// Takes as many seconds as the question says, and fails for a question that says something else.
#[derive(Debug)]
struct Sleeper;

#[async_trait]
impl Agent for Sleeper {
    async fn run(&self, request: Request) -> Result<EventStream> {
        let seconds = request.question.parse().map_err(|_| Error::invalid("question", "expected seconds"))?;
        let done = async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(Event::Done(Box::new(Answer::new(request.question))))
        };
        Ok(stream::once(done).boxed())
    }
}

fn requests(questions: &[&str]) -> Vec<Request> {
    questions.iter().map(|question| Request::new(*question)).collect()
}

#[tokio::test(start_paused = true)]
async fn answers_come_in_the_order_of_the_requests_and_a_failure_stops_no_other() {
    let answers = Sleeper.ask_batch(requests(&["3", "1", "never", "2"]), 4).await.unwrap();

    let texts: Vec<Option<String>> = answers.into_iter().map(|answer| Some(answer.ok()?.text)).collect();
    assert_eq!(texts, [Some("3".into()), Some("1".into()), None, Some("2".into())]);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_so_many_run_at_once_and_a_slow_one_holds_up_no_other() {
    let questions = requests(&["8", "1", "1", "1", "1", "1", "1", "1", "1"]);
    let mut took = Vec::new();

    for concurrency in [1, 2, 3, 100] {
        let begin = Instant::now();
        assert_eq!(Sleeper.ask_batch(questions.clone(), concurrency).await.unwrap().len(), 9);
        took.push(begin.elapsed().as_secs());
    }

    assert_eq!(took, [16, 8, 8, 8]);
}

#[tokio::test]
async fn a_batch_of_none_has_no_answers_and_one_of_nobody_is_refused() {
    let assistant = Assistant::builder(ScriptedLlm::new(Vec::new())).build().unwrap();

    assert!(assistant.ask_batch(Vec::new(), 3).await.unwrap().is_empty());
    let error = assistant.ask_batch(requests(&["1"]), 0).await.unwrap_err();
    assert_eq!(error.to_string(), "invalid concurrency: expected at least 1, got 0");
}
