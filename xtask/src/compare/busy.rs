use std::fs;
use std::thread;
use std::time::Duration;

/// Says so if other programs use the machine while every engine waits.
pub(super) fn warn_if_busy() {
    if let Some(busy) = busy_share().filter(|busy| *busy > 0.05) {
        eprintln!("other programs keep the machine {:.0} % busy: believe no figure", busy * 100.0);
    }
}

/// The share of the machine's processor time that programs use; nothing where the system does not tell.
fn busy_share() -> Option<f64> {
    let before = Times::read()?;
    thread::sleep(Duration::from_secs(2));
    let after = Times::read()?;
    let all = after.all.checked_sub(before.all).filter(|all| *all > 0)?;
    Some(1.0 - after.idle.saturating_sub(before.idle) as f64 / all as f64)
}

/// What all processors together have done since the machine was started, in ticks.
#[derive(Debug)]
struct Times {
    all: u64,
    idle: u64,
}

impl Times {
    fn read() -> Option<Self> {
        let text = fs::read_to_string("/proc/stat").ok()?;
        let numbers = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
        // User, nice, system, idle, waiting for disks, two kinds of interrupts, stolen by the host.
        let ticks: Vec<u64> = numbers.take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Self { all: ticks.iter().sum(), idle: ticks.get(3..5)?.iter().sum() })
    }
}
