use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::duration;
use crate::schema::excerpt;
use crate::{Error, Result};

/// How often a tool may be called: `100/min`, `5/s`, `10/60s`, `1000/day`.
///
/// A bucket that holds as many calls as the rate names: it is full at first, every call takes one out, and they
/// come back evenly over the time. After a pause, all of them may therefore go at once, and the next ones one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate {
    calls: u32,
    per: Duration,
}

impl Rate {
    /// This many calls in a time.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for no calls, no time, or a time above 366 days.
    pub fn new(calls: u32, per: Duration) -> Result<Self> {
        let longest = Duration::from_hours(366 * 24);
        if calls == 0 {
            return Err(Error::invalid("rate", "expected at least 1 call, got 0"));
        }
        if per.is_zero() || per > longest {
            return Err(Error::invalid("rate", format!("expected a time of up to 366 days, got {per:?}")));
        }
        Ok(Self { calls, per })
    }

    /// How many calls fill the bucket.
    pub fn calls(&self) -> u32 {
        self.calls
    }

    /// How long an empty bucket takes to be full.
    pub fn per(&self) -> Duration {
        self.per
    }

    /// How long one call takes to come back, in whole nanoseconds, never sooner than the rate says.
    pub(super) fn interval(&self) -> Duration {
        Duration::from_nanos_u128(self.per.as_nanos().div_ceil(u128::from(self.calls)))
    }
}

impl FromStr for Rate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unreadable = || {
            let message =
                format!("expected a number of calls and a time as in `100/min`, got `{}`", excerpt(text));
            Error::invalid("rate", message)
        };
        let (calls, per) = text.split_once('/').ok_or_else(unreadable)?;
        let calls = calls.trim().parse().map_err(|_| unreadable())?;
        let per = per.trim();
        let one = if per.starts_with(|first: char| first.is_ascii_digit()) { "" } else { "1" };
        Self::new(calls, duration::parse(&format!("{one}{per}")).ok_or_else(unreadable)?)
    }
}

impl TryFrom<String> for Rate {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.calls, duration::write(self.per))
    }
}

/// Whose calls share a [`Rate`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RateKey {
    /// All calls of the tool.
    #[default]
    Tool,
    /// Those of one session; runs without a session are one, too.
    Session,
}

/// What becomes of a call that comes faster than the [`Rate`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RateExcess {
    /// It waits for its turn, if that comes within the timeout; otherwise it is refused at once.
    #[default]
    Wait,
    /// It is refused at once.
    Refuse,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rate_is_read_from_text() {
        let cases = [
            ("100/min", 100, 60_000),
            ("5/s", 5, 1_000),
            (" 10 / 60s ", 10, 60_000),
            ("1000/day", 1_000, 86_400_000),
            ("1/500ms", 1, 500),
            ("7/2h", 7, 7_200_000),
        ];
        for (text, calls, milliseconds) in cases {
            let rate: Rate = text.parse().unwrap();
            assert_eq!((rate.calls(), rate.per()), (calls, Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_rate_is_named() {
        for text in
            ["", "100", "100/", "/min", "-1/min", "1.5/min", "5000000000/s", "100/fortnight", "1/min/min"]
        {
            let error = text.parse::<Rate>().unwrap_err().to_string();
            let expected = "invalid rate: expected a number of calls and a time as in `100/min`, got `";
            assert!(error.starts_with(expected) && error.contains(text), "{error}");
        }
        let zero = "0/min".parse::<Rate>().unwrap_err().to_string();
        assert_eq!(zero, "invalid rate: expected at least 1 call, got 0");
        let never = "1/0s".parse::<Rate>().unwrap_err().to_string();
        assert_eq!(never, "invalid rate: expected a time of up to 366 days, got 0ns");
        assert!("1/367d".parse::<Rate>().is_err());
    }

    proptest! {
        #[test]
        fn a_rate_survives_its_text(calls in 1..=u32::MAX, nanoseconds in 1..=31_622_400_000_000_000_u64) {
            let rate = Rate::new(calls, Duration::from_nanos(nanoseconds)).unwrap();
            prop_assert_eq!(rate.to_string().parse::<Rate>().unwrap(), rate);
        }
    }
}
