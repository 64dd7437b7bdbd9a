use syn::{Error, LitStr, Result};

const UNITS: [(&str, u64); 7] = [
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("min", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("day", 86_400_000),
];

/// The milliseconds of a text such as `5s`.
pub(crate) fn milliseconds(text: &LitStr) -> Result<u64> {
    let value = text.value();
    let digits = value.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let unit = value[digits.len()..].trim();
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    let milliseconds =
        factor.zip(digits.parse().ok()).and_then(|(factor, count): (u64, u64)| factor.checked_mul(count));
    milliseconds.filter(|milliseconds| *milliseconds > 0).ok_or_else(|| {
        Error::new(
            text.span(),
            format!("expected a duration as `500ms`, `5s`, `2min`, `1h` or `1day`, got `{value}`"),
        )
    })
}
