use std::thread;
use std::time::{Duration, Instant};

use super::bench::Bench;
use super::side::Side;
use crate::compare::report::{Better, Series, report};
use crate::engine::{Launch, OURS};
use crate::evaluate::Figure;
use crate::failure::Result;

const LOAD: &str = "load_seconds";
const COLD: &str = "cold_start_seconds";
const WARM: &str = "warm_start_seconds";
const MEMORY: &str = "peak_memory_bytes";

/// How long a peer's interpreter may take to start, which is no part of the peer.
const INTERPRETER: Duration = Duration::from_secs(1);

/// The first token of a short prompt, in a new process each time: from the start of loading, from the start of the
/// process, and once more when the model is there.
pub(super) fn load(bench: &Bench<'_>, launches: &[Launch]) -> Result<()> {
    let case = bench.case("8");
    if ![LOAD, COLD, WARM].iter().any(|figure| bench.options.wants(figure, &case)) {
        return Ok(());
    }
    let none = || launches.iter().map(|launch| Series { name: launch.name, values: Vec::new() });
    let [mut load, mut cold, mut warm]: [Vec<Series<'_>>; 3] = std::array::from_fn(|_| none().collect());
    for repeat in 0..bench.repeats {
        for (index, launch) in launches.iter().enumerate() {
            // The process before has given its memory back.
            thread::sleep(Duration::from_millis(300));
            let mut start = Instant::now();
            let mut side = Side::start(launch, bench.threads)?;
            if launch.name != OURS {
                thread::sleep(INTERPRETER);
                start = Instant::now();
            }
            let Some(opened) = side.open(bench)? else { continue };
            cold[index].values.push(start.elapsed().as_secs_f64());
            load[index].values.push(opened.seconds);
            let again = side.ask(&case, &bench.generate_request(8, repeat + 1, 0)?);
            warm[index].values.extend(again.map(|reply| reply.seconds));
        }
    }
    report(bench.options, LOAD, &case, Better::Lower, &load);
    report(bench.options, COLD, &case, Better::Lower, &cold);
    report(bench.options, WARM, &case, Better::Lower, &warm);
    let [cold, warm] = [&cold, &warm].map(|all| all.first().and_then(Series::median));
    if let (Some(cold), Some(warm), true) = (cold, warm, bench.options.wants(WARM, &case)) {
        Figure::new(WARM, &case, warm).below("rushlight, cold", cold).print();
    }
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
    report(bench.options, MEMORY, &case, Better::Lower, &all);
    Ok(())
}
