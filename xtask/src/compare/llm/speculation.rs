use super::bench::Bench;
use super::sets::SETS;
use super::side::{Side, alternate};
use super::speed::DECODE;
use crate::compare::report::{Better, Series, report};
use crate::engine::{Launch, Reply, one_by_one};
use crate::failure::{Failure, Result};

/// Writing answers that repeat what was read, with guesses that are verified together; also beside our own engine
/// without guesses, whose text must be the same.
pub(super) fn measure(bench: &Bench<'_>, sides: &mut Vec<Side>, ours: &Launch) -> Result<()> {
    let case = |set: &str| bench.case(&format!("{set}/speculation"));
    let mut sets = SETS.to_vec();
    sets.retain(|set| bench.options.wants(DECODE, &case(set.name)));
    if sets.is_empty() {
        return Ok(());
    }
    let Some(data) = &bench.options.data else {
        eprintln!("{DECODE} {}: left out: it needs `--data` with sets of questions", case("*"));
        return Ok(());
    };
    let mut without = Side::start(&one_by_one(ours), bench.threads)?;
    if without.open(bench)?.is_none() {
        return Ok(());
    }
    sides.push(without);
    let (longest, count) = if bench.options.quick { (600, 48) } else { (1_200, 96) };
    for set in sets {
        let (case, folder) = (case(set.name), data.join(set.folder));
        if !folder.is_dir() {
            eprintln!("{DECODE} {case}: left out: there is no `{}`", folder.display());
            continue;
        }
        let mut turns = Vec::new();
        for messages in (set.read)(&folder)? {
            let turn = bench.turn(messages, Vec::new())?;
            if turn.tokens.len() <= longest {
                turns.push(turn);
            }
            if turns.len() == bench.repeats {
                break;
            }
        }
        if turns.is_empty() {
            eprintln!("{DECODE} {case}: left out: no prompt has at most {longest} tokens");
            continue;
        }
        let replies = alternate(bench, sides, &case, longest, |side, repeat| {
            Ok(turns.get(repeat).and_then(|turn| side.ask(&case, &turn.speculate(count))))
        })?;
        check(&case, &replies)?;
        report(bench.options, DECODE, &case, Better::Higher, &speeds(sides, &replies));
    }
    sides.pop();
    Ok(())
}

/// Refuses different texts of our engine with guesses, the first side, and without, the last one.
fn check(case: &str, replies: &[Vec<Reply>]) -> Result<()> {
    let (Some(with), Some(without)) = (replies.first(), replies.last()) else { return Ok(()) };
    match with.iter().zip(without).position(|(with, without)| with.text != without.text) {
        None => Ok(()),
        Some(index) => Err(Failure::new(format!(
            "{case}: guesses changed answer {index}: expected {:?}, got {:?}",
            without[index].text, with[index].text
        ))),
    }
}

/// The tokens a second of each side, over all prompts that every side has answered.
fn speeds(sides: &[Side], replies: &[Vec<Reply>]) -> Vec<Series<'static>> {
    let count = replies.iter().map(Vec::len).filter(|count| *count > 0).min().unwrap_or_default();
    let speed = |replies: &Vec<Reply>| {
        let replies = replies.get(..count).filter(|replies| !replies.is_empty())?;
        let tokens: usize = replies.iter().map(|reply| reply.rest_tokens).sum();
        let seconds: f64 = replies.iter().map(|reply| reply.rest_seconds).sum();
        (tokens > 0).then(|| tokens as f64 / seconds)
    };
    let values = replies.iter().map(|replies| speed(replies).into_iter().collect());
    sides.iter().map(Side::name).zip(values).map(|(name, values)| Series { name, values }).collect()
}
