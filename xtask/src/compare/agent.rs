//! What our agent adds to a model's work, against those of others: the model is a script, the tool adds two numbers.

use std::thread;

use super::Options;
use super::busy::warn_if_busy;
use super::report::{Better, report, series};
use super::turns::{PAUSE, turns};
use crate::engine::agent::{Host, Peer, Reply, Request};
use crate::engine::{Build, Engine};
use crate::failure::{Failure, Result};

const SECONDS: &str = "turn_seconds";
const SPEED: &str = "turns_per_second";

/// Compares in every language that was asked for.
pub(super) fn run(options: &Options) -> Result<()> {
    if options.build() != Build::Native {
        return Err(Failure::new(
            "expected neither `--gpu` nor `--level` with `agent`: no model is computed",
        ));
    }
    let asked = options.peers(&Peer::ALL, |peer| peer.name)?;
    let mut missing = Vec::new();
    warn_if_busy();
    for host in Host::ALL {
        let peers = Peer::ALL.iter().filter(|peer| peer.host == host);
        let peers =
            peers.filter(|peer| asked.is_empty() || asked.iter().any(|asked| asked.name == peer.name));
        let peers: Vec<&Peer> = peers.collect();
        let cases: Vec<Case> = cases(host).filter(|case| case.is_wanted(options)).collect();
        if cases.is_empty() || (peers.is_empty() && !asked.is_empty()) {
            continue;
        }
        let mut sides = vec![host.ours()?.start(1)?];
        for peer in peers {
            match peer.install() {
                Ok(launch) => sides.push(launch.start(1)?),
                Err(failure) => {
                    eprintln!("{}: left out, not installed: {failure}", peer.name);
                    missing.push(peer.name);
                }
            }
        }
        for case in &cases {
            case.measure(options, &mut sides);
        }
    }
    options.ended_without(&missing)
}

/// One way to ask.
struct Case {
    name: String,
    asynchronous: bool,
}

/// Python has two ways to ask, and with it most agents; elsewhere there is one.
fn cases(host: Host) -> impl Iterator<Item = Case> {
    let ways: &[bool] = if host == Host::Python { &[false, true] } else { &[true] };
    ways.iter().map(move |&asynchronous| {
        let suffix = if asynchronous && host == Host::Python { "-async" } else { "" };
        Case { name: format!("{}/one-tool{suffix}", host.name()), asynchronous }
    })
}

impl Case {
    fn is_wanted(&self, options: &Options) -> bool {
        [SECONDS, SPEED].iter().any(|figure| options.wants(figure, &self.name))
    }

    /// Asks every side in turn, over and over, after a first time that does not count.
    fn measure(&self, options: &Options, sides: &mut [Engine]) {
        let (repeats, questions) = if options.quick { (3, 200) } else { (9, 1_000) };
        let request = Request::Ask { questions, asynchronous: self.asynchronous };
        let first: Vec<Option<Reply>> =
            sides.iter_mut().map(|side| side.try_ask(&self.name, &request)).collect();
        let mut replies: Vec<Vec<Reply>> = sides.iter().map(|_| Vec::new()).collect();
        for (_, index) in turns(sides.len(), repeats) {
            if first[index].is_some() {
                thread::sleep(PAUSE);
                replies[index].extend(sides[index].try_ask::<Reply>(&self.name, &request));
            }
        }
        let names = || sides.iter().map(Engine::name);
        let seconds = series(names(), &replies, |reply: &Reply| reply.seconds / reply.turns as f64);
        let speed = series(names(), &replies, |reply: &Reply| reply.turns as f64 / reply.seconds);
        report(options, SECONDS, &self.name, Better::Lower, &seconds);
        report(options, SPEED, &self.name, Better::Higher, &speed);
    }
}
