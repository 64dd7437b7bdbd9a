use std::sync::Arc;
use std::time::Duration;

use rushlight_models::hub::Hub;
use rushlight_models::{LanguageModel, LoadOptions, Special};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{Receiver, UnboundedSender, channel, unbounded_channel};

use super::{Choices, Scheduler};
use crate::Result;
use crate::llm::local::LocalLlmOptions;
use crate::llm::local::counters::Counters;
use crate::llm::local::job::{Job, Order, Purpose, Queued};
use crate::llm::local::rules::Rules;
use crate::llm::local::writer::ROOM;
use crate::llm::{Delta, Priority, Sampling};

/// Longer than anything here takes, so that a test that waits for nothing ends.
const PATIENCE: Duration = Duration::from_mins(2);

fn model(kv_budget: Option<usize>) -> Arc<LanguageModel> {
    let path = Hub::new().unwrap().resolve("SmolLM2-135M-Instruct").unwrap().path;
    let mut options = LoadOptions::default();
    options.kv_budget = kv_budget;
    Arc::new(LanguageModel::open(&path, &options).unwrap())
}

/// A generation of so many tokens, whose reader can be so far behind.
fn job(model: &LanguageModel, text: &str, most: usize, unread: usize) -> (Queued, Receiver<Result<Delta>>) {
    job_of(Priority::Normal, model, text, most, unread)
}

fn job_of(
    priority: Priority,
    model: &LanguageModel,
    text: &str,
    most: usize,
    unread: usize,
) -> (Queued, Receiver<Result<Delta>>) {
    let (deltas, received) = channel(unread);
    let job = Job {
        tokens: model.tokenizer().encode(text, Special::Text).unwrap(),
        chunks: Vec::new(),
        purpose: Purpose::Answer,
        priority,
        sampling: Sampling::greedy(),
        max_output_tokens: most,
        stop: Vec::new(),
        tools: Vec::new(),
        rules: Rules::default(),
        next_call: 1,
        deltas,
    };
    let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    (Queued { order: Order::Compute(job), place }, received)
}

fn choices(batch: usize) -> Choices {
    Choices::of(&LocalLlmOptions::default().batch(batch).speculation(false))
}

/// Starts a thread that follows orders.
fn start(model: &Arc<LanguageModel>, batch: usize) -> UnboundedSender<Queued> {
    let (orders, received) = unbounded_channel();
    let model = Arc::clone(model);
    std::thread::spawn(move || {
        Scheduler::new(&model, None, "small", &Counters::default(), choices(batch)).work(received);
    });
    orders
}

/// Whether the generation comes to its end.
async fn ends(mut received: Receiver<Result<Delta>>) -> bool {
    let end = async {
        while let Some(delta) = received.recv().await {
            if matches!(delta, Ok(Delta::Done { .. })) {
                return true;
            }
        }
        false
    };
    tokio::time::timeout(PATIENCE, end).await.unwrap_or(false)
}

/// Starts a generation whose reader never reads, and waits until the worker waits for it.
async fn start_unread(
    model: &LanguageModel,
    orders: &UnboundedSender<Queued>,
    text: &str,
) -> Receiver<Result<Delta>> {
    let (slow, unread) = job(model, text, 400, ROOM + 1);
    orders.send(slow).unwrap();
    while unread.capacity() >= ROOM {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // After the pass under way.
    tokio::time::sleep(Duration::from_millis(500)).await;
    unread
}

#[tokio::test]
async fn a_new_job_does_not_wait_for_a_slow_reader() {
    let model = model(None);
    let orders = start(&model, 2);
    let unread = start_unread(&model, &orders, "Once upon a time there was").await;
    let (quick, read) = job(&model, "The sea is", 4, 2 * ROOM);

    orders.send(quick).unwrap();

    assert!(ends(read).await);
    assert_eq!(unread.len(), 2, "the slow one waits still");
}

#[tokio::test]
async fn a_new_job_does_not_wait_for_slow_readers_that_take_every_place() {
    let model = model(None);
    let orders = start(&model, 1);
    let unread = start_unread(&model, &orders, "Once upon a time there was").await;
    let (quick, read) = job(&model, "The sea is", 4, 2 * ROOM);

    orders.send(quick).unwrap();

    assert!(ends(read).await);
    assert_eq!(unread.len(), 2, "the slow one waits still");
}

#[test]
fn readers_that_catch_up_share_passes_as_far_as_there_are_places() {
    let (model, counters) = (model(None), Counters::default());
    let options = LocalLlmOptions::default().batch(1).queue(2);
    let mut scheduler = Scheduler::new(&model, None, "small", &counters, Choices::of(&options));
    let mut streams = Vec::new();
    for _ in 0..5 {
        let (queued, stream) = job(&model, "go", 9, ROOM);
        scheduler.follow(queued);
        streams.push(stream);
    }

    for started in [1, 2, 3, 3] {
        scheduler.admit();
        assert_eq!(scheduler.running.len(), started, "as many may be behind as may wait");
        let behind = scheduler.running.last().unwrap();
        let _ = behind.deltas().try_send(Ok(Delta::Text("unread".to_owned())));
    }
    let computed = scheduler.plan().iter().flatten().count();
    for stream in &mut streams {
        drop(stream.try_recv());
    }
    let parts = scheduler.plan();

    assert_eq!(computed, 0, "nobody reads");
    assert_eq!(parts.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
}

#[tokio::test]
async fn a_slow_reader_gives_its_memory_to_those_who_read() {
    let model = model(Some(2 * 64 * 23_040));
    let orders = start(&model, 2);
    let unread = start_unread(&model, &orders, &"The lamp is lit at dusk. ".repeat(15)).await;
    let (quick, read) = job(&model, "The sea is", 4, 2 * ROOM);

    orders.send(quick).unwrap();

    assert!(ends(read).await);
    assert_eq!(unread.len(), 2, "the slow one waits still");
}

#[test]
fn the_highest_priority_is_started_first_and_then_who_came_first() {
    let (model, counters) = (model(None), Counters::default());
    let mut scheduler = Scheduler::new(&model, None, "small", &counters, choices(1));
    let priorities =
        [Priority::Low, Priority::Normal, Priority::High, Priority::Low, Priority::Normal, Priority::High];
    let mut streams = Vec::new();
    for (number, priority) in priorities.into_iter().enumerate() {
        // The lengths tell them apart.
        let (queued, stream) = job_of(priority, &model, "go", number + 1, 2 * ROOM);
        scheduler.follow(queued);
        streams.push(stream);
    }

    let mut started = Vec::new();
    while !scheduler.waiting.is_empty() {
        scheduler.admit();
        assert_eq!(scheduler.running.len(), 1, "what runs goes on");
        started.push(scheduler.running[0].max_output_tokens);
        scheduler.end(0, false);
    }

    assert_eq!(started, [3, 6, 2, 5, 1, 4]);
}

#[test]
fn memory_is_taken_from_the_lowest_priority_and_then_from_the_youngest() {
    let model = model(Some(3 * 64 * 23_040));
    let counters = Counters::default();
    let mut scheduler = Scheduler::new(&model, None, "small", &counters, choices(4));
    let mut streams = Vec::new();
    let priorities = [Priority::Low, Priority::High, Priority::Normal, Priority::Normal];
    for (number, priority) in priorities.into_iter().enumerate() {
        let (queued, stream) = job_of(priority, &model, "go", number + 1, 2 * ROOM);
        scheduler.follow(queued);
        streams.push(stream);
    }
    scheduler.admit();

    // A page each is one page too many.
    let mut parts = scheduler.plan();
    scheduler.make_room(&mut parts).unwrap();

    let order: Vec<usize> = scheduler.running.iter().map(|sequence| sequence.max_output_tokens).collect();
    assert_eq!(order, [2, 3, 4, 1], "high, normal as they came, low");
    assert_eq!(parts.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, true, false]);
}
