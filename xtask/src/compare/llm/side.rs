use std::thread;
use std::time::{Duration, Instant};

use super::bench::Bench;
use crate::compare::turns::{PAUSE, turns};
use crate::engine::{Engine, Launch, Reply, Request};
use crate::failure::Result;

/// One engine that takes part.
#[derive(Debug)]
pub(super) struct Side {
    launch: Launch,
    engine: Engine,
    /// The fewest tokens in a second that it has read so far.
    pace: Option<f64>,
}

impl Side {
    pub(super) fn start(launch: &Launch, threads: usize) -> Result<Self> {
        Ok(Self { engine: launch.start(threads)?, launch: launch.clone(), pace: None })
    }

    pub(super) fn name(&self) -> &'static str {
        self.launch.name
    }

    pub(super) fn launch(&self) -> Launch {
        self.launch.clone()
    }

    /// The most memory that it has had at once.
    pub(super) fn peak_bytes(&self) -> Option<u64> {
        self.engine.peak_bytes()
    }

    /// Loads the model; nothing, and a line about it, if the engine cannot.
    pub(super) fn open(&mut self, bench: &Bench<'_>) -> Result<Option<Reply>> {
        Ok(self.ask(&bench.model, &bench.open_request()?))
    }

    /// The reply; nothing, and a line about it, if there is none.
    pub(super) fn ask(&mut self, case: &str, request: &Request<'_>) -> Option<Reply> {
        let reply: Reply = self.engine.try_ask(case, request)?;
        if let Request::Generate { tokens, .. } = request {
            let read = reply.read_tokens.unwrap_or(tokens.len()) as f64;
            let pace = read / reply.seconds;
            self.pace = Some(self.pace.map_or(pace, |slowest| slowest.min(pace)));
        }
        Some(reply)
    }

    /// Whether reading this many tokens would try anybody's patience; says so.
    pub(super) fn is_too_slow(&self, case: &str, reads: usize, patience: Duration) -> bool {
        let seconds = self.pace.map_or(0.0, |pace| reads as f64 / pace);
        let slow = seconds > patience.as_secs_f64();
        if slow {
            eprintln!("{case}: {}: left out: it would read for about {seconds:.0} s", self.name());
        }
        slow
    }
}

/// Asks every side in turn, over and over, and gives each side's replies.
///
/// `ask` gets the number of the repetition. A side without a reply is not asked again; `reads` is what one request
/// makes it read.
pub(super) fn alternate(
    bench: &Bench<'_>,
    sides: &mut [Side],
    case: &str,
    reads: usize,
    mut ask: impl FnMut(&mut Side, usize) -> Result<Option<Reply>>,
) -> Result<Vec<Vec<Reply>>> {
    let mut replies: Vec<Vec<Reply>> = sides.iter().map(|_| Vec::new()).collect();
    let mut spent: Vec<Duration> = sides
        .iter()
        .map(
            |side| if side.is_too_slow(case, reads, bench.patience) { Duration::MAX } else { Duration::ZERO },
        )
        .collect();
    for (repeat, index) in turns(sides.len(), bench.repeats) {
        if spent[index] >= bench.patience {
            continue;
        }
        thread::sleep(PAUSE);
        let start = Instant::now();
        match ask(&mut sides[index], repeat)? {
            Some(reply) => {
                replies[index].push(reply);
                spent[index] += start.elapsed();
            }
            None => spent[index] = Duration::MAX,
        }
    }
    Ok(replies)
}
