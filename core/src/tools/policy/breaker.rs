use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::duration;
use crate::setters::setters;

/// When a tool that fails again and again is left alone.
///
/// After so many failures in a row (errors, panics, timeouts), its calls are
/// [`Unavailable`](crate::ToolStatus::Unavailable) for a time. Then one call tries: if it succeeds, all go again; if it
/// fails, the time begins anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CircuitBreaker {
    /// Failures in a row, at least 1. Default 5.
    pub failures: u32,
    /// How long the tool is left alone. Default 30 seconds.
    #[serde(with = "duration")]
    pub open_for: Duration,
}

setters!(CircuitBreaker { failures: u32, open_for: Duration });

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self { failures: 5, open_for: Duration::from_secs(30) }
    }
}

/// What a [`CircuitBreaker`] counts.
#[derive(Debug)]
pub(in crate::tools) struct Breaker {
    options: CircuitBreaker,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// One call tries.
    Probing,
}

impl Breaker {
    pub(in crate::tools) fn new(options: CircuitBreaker) -> Self {
        Self { options, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Lets a call go, or says how long none does.
    pub(in crate::tools) fn enter(&self) -> Result<Trial<'_>, Duration> {
        let now = Instant::now();
        let mut state = self.held();
        match *state {
            State::Closed { .. } => Ok(Trial { breaker: self, is_probe: false }),
            State::Open { until } if until > now => Err(until - now),
            State::Open { .. } => {
                *state = State::Probing;
                Ok(Trial { breaker: self, is_probe: true })
            }
            State::Probing => Err(self.options.open_for),
        }
    }

    fn opened(&self) -> State {
        let now = Instant::now();
        // A time that no clock reaches is as good as the longest that a rate may have.
        let until = now.checked_add(self.options.open_for).unwrap_or(now + Duration::from_hours(366 * 24));
        State::Open { until }
    }

    fn held(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that a breaker let go. One that is dropped without an outcome has no part in the count.
#[derive(Debug)]
#[must_use]
pub(in crate::tools) struct Trial<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
}

impl Trial<'_> {
    pub(in crate::tools) fn succeeded(mut self) {
        let mut state = self.breaker.held();
        if self.is_probe || matches!(*state, State::Closed { .. }) {
            *state = State::Closed { failures: 0 };
        }
        self.is_probe = false;
    }

    pub(in crate::tools) fn failed(mut self) {
        let mut state = self.breaker.held();
        match *state {
            State::Closed { failures } if failures + 1 < self.breaker.options.failures => {
                *state = State::Closed { failures: failures + 1 };
            }
            State::Closed { .. } => *state = self.breaker.opened(),
            State::Probing if self.is_probe => *state = self.breaker.opened(),
            // It began before others opened the breaker.
            State::Open { .. } | State::Probing => {}
        }
        self.is_probe = false;
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            *self.breaker.held() = State::Open { until: Instant::now() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN_FOR: Duration = Duration::from_secs(10);

    fn open_breaker() -> Breaker {
        let breaker = Breaker::new(CircuitBreaker::default().failures(2).open_for(OPEN_FOR));
        for _ in 0..2 {
            breaker.enter().unwrap().failed();
        }
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it_for_a_time() {
        let breaker = Breaker::new(CircuitBreaker::default().failures(2).open_for(OPEN_FOR));
        breaker.enter().unwrap().failed();
        breaker.enter().unwrap().succeeded();
        breaker.enter().unwrap().failed();
        breaker.enter().unwrap().failed();

        assert_eq!(breaker.enter().unwrap_err(), OPEN_FOR);
        tokio::time::advance(OPEN_FOR.abs_diff(Duration::from_secs(1))).await;
        assert_eq!(breaker.enter().unwrap_err(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_tries_and_decides() {
        let breaker = open_breaker();
        tokio::time::advance(OPEN_FOR).await;

        let probe = breaker.enter().unwrap();
        assert!(breaker.enter().is_err());
        probe.failed();
        assert_eq!(breaker.enter().unwrap_err(), OPEN_FOR);

        tokio::time::advance(OPEN_FOR).await;
        breaker.enter().unwrap().succeeded();
        assert_eq!(*breaker.held(), State::Closed { failures: 0 });
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_dropped_leaves_its_place_to_another() {
        let breaker = open_breaker();
        tokio::time::advance(OPEN_FOR).await;

        drop(breaker.enter().unwrap());

        assert!(breaker.enter().unwrap().is_probe);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_began_before_do_not_decide_for_the_probe() {
        let breaker = Breaker::new(CircuitBreaker::default().failures(1).open_for(OPEN_FOR));
        let (late, later) = (breaker.enter().unwrap(), breaker.enter().unwrap());
        breaker.enter().unwrap().failed();
        tokio::time::advance(OPEN_FOR).await;
        let probe = breaker.enter().unwrap();

        late.succeeded();
        later.failed();

        assert!(breaker.enter().is_err());
        probe.succeeded();
        assert!(breaker.enter().is_ok());
    }
}
