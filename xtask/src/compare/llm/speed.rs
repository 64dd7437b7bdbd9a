use super::bench::Bench;
use super::side::{Side, alternate};
use crate::compare::report::{Better, Series, report, series};
use crate::engine::{Reply, Request};
use crate::evaluate::Figure;
use crate::failure::Result;

const PREFILL: &str = "prefill_tokens_per_second";
pub(super) const DECODE: &str = "decode_tokens_per_second";
const BATCHED: &str = "batched_decode_tokens_per_second";

/// Sequences that are written at once.
const SEQUENCES: usize = 8;
/// The length of a prompt whose figures everything else is compared with.
const SHORT: usize = 128;

/// Reading prompts and writing after them; gives our own speed of writing after a short one.
pub(super) fn measure(bench: &Bench<'_>, sides: &mut [Side]) -> Result<Option<f64>> {
    let (lengths, written, count) = if bench.options.quick {
        ([SHORT, 256, 512], [SHORT, 512], 16)
    } else {
        ([SHORT, 512, 2_048], [SHORT, 2_048], 32)
    };
    let mut single = None;
    for length in lengths {
        let case = bench.case(&length.to_string());
        let writes = written.contains(&length) && bench.options.wants(DECODE, &case);
        if !writes && !bench.options.wants(PREFILL, &case) {
            continue;
        }
        let count = if writes { count } else { 0 };
        let replies = alternate(bench, sides, &case, length, |side, repeat| {
            Ok(side.ask(&case, &bench.generate_request(length, repeat, count)?))
        })?;
        let read = |reply: &Reply| reply.read_tokens.unwrap_or(length) as f64 / reply.seconds;
        report(
            bench.options,
            PREFILL,
            &case,
            Better::Higher,
            &series(sides.iter().map(Side::name), &replies, read),
        );
        if writes {
            let speeds =
                series(sides.iter().map(Side::name), &replies, |reply| count as f64 / reply.rest_seconds);
            report(bench.options, DECODE, &case, Better::Higher, &speeds);
            if length == SHORT {
                single = speeds.first().and_then(Series::median);
            }
        }
    }
    Ok(single)
}

/// Writing several sequences at once, all of them together; also beside our own speed with a `single` one.
pub(super) fn measure_batch(bench: &Bench<'_>, sides: &mut [Side], single: Option<f64>) -> Result<()> {
    let case = bench.case(&format!("{SHORT}/{SEQUENCES}-sequences"));
    if !bench.options.wants(BATCHED, &case) {
        return Ok(());
    }
    let count = if bench.options.quick { 16 } else { 32 };
    let replies = alternate(bench, sides, &case, SEQUENCES * SHORT, |side, repeat| {
        let first = 100 + repeat * SEQUENCES;
        let prompts = (first..first + SEQUENCES).map(|number| Ok(bench.text.part(SHORT, number)?.into()));
        let request = Request::Batch { prompts: prompts.collect::<Result<_>>()?, count };
        Ok(side.ask(&case, &request))
    })?;
    let speeds = series(sides.iter().map(Side::name), &replies, |reply| {
        (SEQUENCES * count) as f64 / reply.rest_seconds
    });
    report(bench.options, BATCHED, &case, Better::Higher, &speeds);
    if let (Some(together), Some(single)) = (speeds.first().and_then(Series::median), single) {
        Figure::new(BATCHED, &case, together).against("rushlight, one sequence", single).print();
    }
    Ok(())
}
