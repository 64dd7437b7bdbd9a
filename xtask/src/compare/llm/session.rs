use rushlight::{Message, ToolSpec};
use serde_json::{Value, json};

use super::bench::Bench;
use super::side::{Side, alternate};
use crate::compare::report::{Better, Series, report, series};
use crate::engine::{Reply, Turn};
use crate::evaluate::Figure;
use crate::failure::{Failure, Result};

const FIGURE: &str = "first_token_seconds";
/// The tokens of the first prompt: instructions, tools, documents and a question.
const CONTEXT: usize = 1_200;
/// The tokens of the first answer.
const ANSWER: usize = 24;

const FIRST_QUESTION: &str = "What do these documents say about restarting a container that fails?";
/// What the second turn finds as the first one's answer, for engines that answer differently.
const FIRST_ANSWER: &str =
    "They say to look at the logs of the container first, and then at the events of its pod.";
const SECOND_QUESTION: &str = "And which command shows the events?";

/// How long a session's second turn waits for its first token, and the same prompt without anything kept.
pub(super) fn measure(bench: &Bench<'_>, sides: &mut [Side]) -> Result<()> {
    let length = if bench.options.quick { 400 } else { CONTEXT };
    let [cold_case, second_case] =
        ["cold", "second-turn"].map(|variant| bench.case(&format!("{length}/{variant}")));
    let [wants_cold, wants_second] = [&cold_case, &second_case].map(|case| bench.options.wants(FIGURE, case));
    if !wants_cold && !wants_second {
        return Ok(());
    }
    // A cold prompt begins like no prompt before it.
    let cold = alternate(bench, sides, &cold_case, length, |side, repeat| {
        Ok(Turns::new(bench, length, 2 * repeat)?.second(side, &cold_case))
    })?;
    let cold = series(sides.iter().map(Side::name), &cold, |reply| reply.seconds);
    report(bench.options, FIGURE, &cold_case, Better::Lower, &cold);
    if !wants_second {
        return Ok(());
    }
    let second = alternate(bench, sides, &second_case, length, |side, repeat| {
        let turns = Turns::new(bench, length, 2 * repeat + 1)?;
        if turns.first(side, &second_case).is_none() {
            return Ok(None);
        }
        Ok(turns.second(side, &second_case))
    })?;
    let kept = |reply: &Reply| reply.cached_tokens.map(|kept| kept.to_string());
    for (side, replies) in sides.iter().zip(&second) {
        let kept: Vec<String> = replies.iter().filter_map(kept).collect();
        if !kept.is_empty() {
            eprintln!("{FIGURE} {second_case}: {} kept {} tokens", side.name(), kept.join(", "));
        }
    }
    let second = series(sides.iter().map(Side::name), &second, |reply| reply.seconds);
    report(bench.options, FIGURE, &second_case, Better::Lower, &second);
    let [cold, second] = [&cold, &second].map(|all| all.first().and_then(Series::median));
    if let (Some(cold), Some(second)) = (cold, second) {
        Figure::new(FIGURE, &second_case, second).below("rushlight, cold", cold).print();
    }
    Ok(())
}

/// The two prompts of a session.
#[derive(Debug)]
struct Turns {
    first: Turn,
    second: Turn,
}

impl Turns {
    /// Sessions of different numbers differ from their first words on.
    fn new(bench: &Bench<'_>, length: usize, number: usize) -> Result<Self> {
        let mut documents = length / 2;
        let mut first = bench.turn(messages(bench, number, documents)?, tools())?;
        // The second guess is near enough: the template's own tokens are counted by then.
        for _ in 0..2 {
            documents = (documents + length).saturating_sub(first.tokens.len());
            first = bench.turn(messages(bench, number, documents)?, tools())?;
        }
        let mut second = messages(bench, number, documents)?;
        second.push(Message::assistant(FIRST_ANSWER, Vec::new()));
        second.push(Message::user(SECOND_QUESTION));
        Ok(Self { first, second: bench.turn(second, tools())? })
    }

    fn first(&self, side: &mut Side, case: &str) -> Option<Reply> {
        side.ask(case, &self.first.answer(ANSWER))
    }

    fn second(&self, side: &mut Side, case: &str) -> Option<Reply> {
        side.ask(case, &self.second.answer(1))
    }
}

/// The first turn's messages, with this many tokens of documents.
fn messages(bench: &Bench<'_>, number: usize, documents: usize) -> Result<Vec<Message>> {
    if documents == 0 {
        return Err(Failure::new("expected room for documents beside instructions and tools, got none"));
    }
    let documents = bench.tokenizer.decode(bench.text.part(documents, 200 + number)?);
    let instructions =
        format!("Session {number} of an operator. You answer from the documents, in one sentence.");
    Ok(vec![Message::system(instructions), Message::user(format!("{documents}\n\n{FIRST_QUESTION}"))])
}

fn tools() -> Vec<ToolSpec> {
    let text = |names: &[&str]| -> Value {
        let properties: serde_json::Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
        json!({"type": "object", "properties": properties, "required": names})
    };
    vec![
        ToolSpec::new("list_pods", "Lists the pods of a namespace with their states.", text(&["namespace"])),
        ToolSpec::new("read_logs", "The last lines of a container's log.", text(&["pod", "container"])),
        ToolSpec::new("restart", "Restarts a deployment, pod by pod.", text(&["namespace", "deployment"])),
    ]
}
