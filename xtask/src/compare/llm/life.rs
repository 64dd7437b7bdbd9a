use std::thread;
use std::time::Duration;

use super::bench::Bench;
use super::report::{Better, Series, report};
use super::side::Side;
use crate::engine::Launch;
use crate::failure::Result;

const LOAD: &str = "load_seconds";
const MEMORY: &str = "peak_memory_bytes";

/// From the start of loading to the first token of a short prompt, in a new process each time.
pub(super) fn load(bench: &Bench<'_>, launches: &[Launch]) -> Result<()> {
    let case = bench.case("8");
    if !bench.options.wants(LOAD, &case) {
        return Ok(());
    }
    let mut all: Vec<Series<'_>> =
        launches.iter().map(|launch| Series { name: launch.name, values: Vec::new() }).collect();
    for _ in 0..bench.repeats {
        for (launch, series) in launches.iter().zip(&mut all) {
            // The process before has given its memory back.
            thread::sleep(Duration::from_millis(300));
            let reply = Side::start(launch, bench.threads)?.open(bench)?;
            series.values.extend(reply.map(|reply| reply.seconds));
        }
    }
    report(bench, LOAD, &case, Better::Lower, &all);
    Ok(())
}

/// The most memory that a new process has at once while it loads, reads a long prompt and writes, less what it had
/// before it touched the engine: an interpreter is no part of a peer.
pub(super) fn memory(bench: &Bench<'_>, launches: &[Launch]) -> Result<()> {
    let length = if bench.options.quick { 512 } else { 2_048 };
    let case = bench.case(&length.to_string());
    if !bench.options.wants(MEMORY, &case) {
        return Ok(());
    }
    let mut all = Vec::new();
    for launch in launches {
        let mut side = Side::start(launch, bench.threads)?;
        let mut values = Vec::new();
        if let Some(opened) = side.open(bench)? {
            // The first, short one tells how long the second one will take.
            let short = side.ask(&case, &bench.generate_request(64, 0, 4)?);
            if short.is_some() && !side.is_too_slow(&case, length, bench.patience) {
                let long = side.ask(&case, &bench.generate_request(length, 0, 16)?);
                let peak = long.and_then(|_| side.peak_bytes());
                values.extend(peak.map(|peak| peak.saturating_sub(opened.before_bytes) as f64));
            }
        }
        all.push(Series { name: launch.name, values });
    }
    if all.iter().all(|series| series.values.is_empty()) {
        eprintln!("{MEMORY} {case}: left out: this system does not tell a process's peak");
    }
    report(bench, MEMORY, &case, Better::Lower, &all);
    Ok(())
}
