//! Durations as people write them: a number of seconds, or text such as `5s`, `250ms` or `10m`.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The units, in nanoseconds.
const UNITS: [(&str, u64); 14] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND),
    ("sec", SECOND),
    ("second", SECOND),
    ("m", 60 * SECOND),
    ("min", 60 * SECOND),
    ("minute", 60 * SECOND),
    ("h", 3_600 * SECOND),
    ("hour", 3_600 * SECOND),
    ("d", 86_400 * SECOND),
    ("day", 86_400 * SECOND),
    ("week", 604_800 * SECOND),
];

const SECOND: u64 = 1_000_000_000;

/// The duration that a number with a unit says; none for any other text.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let (number, unit) = text.split_at(end);
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 9)?;
    let part = u128::from(fraction.parse::<u64>().ok()?) * u128::from(*unit) / 10_u128.pow(digits);
    let nanoseconds = u128::from(whole.parse::<u64>().ok()?) * u128::from(*unit) + part;
    let seconds = u64::try_from(nanoseconds / u128::from(SECOND)).ok()?;
    Some(Duration::new(seconds, (nanoseconds % u128::from(SECOND)) as u32))
}

/// As far ahead as any time is: nobody waits for its end, and it can be added to every instant.
pub(crate) const NEVER: Duration = Duration::from_hours(24 * 365 * 30);

/// The text that [`parse`] reads as this duration.
pub(crate) fn write(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    match (nanoseconds % 1_000_000_000, nanoseconds % 1_000_000) {
        (0, _) => format!("{}s", nanoseconds / 1_000_000_000),
        (_, 0) => format!("{}ms", nanoseconds / 1_000_000),
        _ => format!("{nanoseconds}ns"),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Seconds(f64),
    Text(String),
    /// As serde writes durations.
    Parts(Duration),
}

/// Seconds.
pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    duration.as_secs_f64().serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let (duration, got) = match Written::deserialize(deserializer).map_err(|_| unreadable("another type"))? {
        Written::Seconds(seconds) => (Duration::try_from_secs_f64(seconds).ok(), seconds.to_string()),
        Written::Text(text) => (parse(&text), text),
        Written::Parts(duration) => return Ok(duration),
    };
    duration.ok_or_else(|| unreadable(&got))
}

fn unreadable<E: Error>(got: &str) -> E {
    E::custom(format!("expected seconds, or a duration as in `5s`, `250ms` or `10m`, got `{got}`"))
}

/// The same for a duration that may be left out.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Given(#[serde(with = "super")] Duration);

    #[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        duration.map(Given).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Given>::deserialize(deserializer)?.map(|Given(duration)| duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_are_read() {
        let cases =
            [("5s", 5_000), ("250ms", 250), ("10m", 600_000), ("1.5 min", 90_000), (" 2h ", 7_200_000)];
        for (text, milliseconds) in cases {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "5", "s", "-5s", "5 parsecs", "5S", "1e3s", "1..5s", "5s5s", ".s", "5.s", ".5s"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&format!("{}d", "9".repeat(400))), None);
    }
}
