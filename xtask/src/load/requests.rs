use std::ops::Range;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt, stream};
use rushlight::{Agent, Answer, Assistant, Error, Event, Request, ToolCall};

use super::peak::peak;
use super::reference::{Reference, question};
use crate::failure::Result;
use crate::progress::Count;

/// One request that was answered.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) answer: Answer,
    /// The most tokens in one second; none if the answer took several turns or was too short to tell.
    pub(super) peak: Option<f64>,
}

/// Asks the questions of these numbers, each with the calls that it needs, so many at once; the first failure ends it.
pub(super) async fn ask_all(
    label: &str,
    reference: &Reference,
    numbers: Range<usize>,
    calls: impl Fn(usize) -> Vec<ToolCall>,
    concurrency: usize,
) -> Result<Vec<Outcome>> {
    let (count, total) = (Count::new(label), numbers.len());
    let requests = stream::iter(numbers).map(|number| {
        let assistant = reference.assistant(calls(number));
        async move { ask(&assistant?, Request::new(question(number))).await }
    });
    let outcomes = requests.buffer_unordered(concurrency);
    let outcomes = outcomes.enumerate().map(|(index, outcome)| {
        count.show(index + 1, total);
        outcome
    });
    outcomes.try_collect().await
}

async fn ask(assistant: &Assistant, request: Request) -> Result<Outcome> {
    let begin = Instant::now();
    let mut pieces = Vec::new();
    let mut events = assistant.run(request).await?;
    while let Some(event) = events.try_next().await? {
        match event {
            Event::Text { .. } => pieces.push(begin.elapsed()),
            Event::Done(answer) => {
                let is_one_turn = answer.report.turns == 1;
                let peak = is_one_turn.then(|| peak(&pieces, answer.usage.output_tokens)).flatten();
                return Ok(Outcome { answer: *answer, peak });
            }
            _ => {}
        }
    }
    Err(Error::Stopped { what: "the run" }.into())
}
