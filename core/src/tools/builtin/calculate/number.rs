use std::cmp::Ordering;
use std::fmt;

/// A number: exact as long as it is whole and has room.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Whole(i128),
    /// Finite.
    Real(f64),
}

/// A number, or why there is none.
pub(super) type Outcome = Result<Number, String>;

/// Digits that are kept after the point: as many as a double has.
const MAX_PLACES: i128 = 15;

impl Number {
    /// The number that digits, with or without a point and an exponent, stand for.
    pub(super) fn of_digits(digits: &str) -> Outcome {
        match digits.parse() {
            Ok(whole) => Ok(Self::Whole(whole)),
            Err(_) => real(digits.parse().map_err(|_| format!("expected a number, got `{digits}`"))?),
        }
    }

    pub(super) fn plus(self, other: Self) -> Outcome {
        self.combined(other, i128::checked_add, |a, b| a + b)
    }

    pub(super) fn minus(self, other: Self) -> Outcome {
        self.combined(other, i128::checked_sub, |a, b| a - b)
    }

    pub(super) fn times(self, other: Self) -> Outcome {
        self.combined(other, i128::checked_mul, |a, b| a * b)
    }

    pub(super) fn divided_by(self, other: Self) -> Outcome {
        other.not_zero(self, "/")?;
        let exact = |a: i128, b: i128| if a.checked_rem(b)? == 0 { a.checked_div(b) } else { None };
        self.combined(other, exact, |a, b| a / b)
    }

    pub(super) fn modulo(self, other: Self) -> Outcome {
        other.not_zero(self, "%")?;
        self.combined(other, |a, b| Some(a.checked_rem(b).unwrap_or(0)), |a, b| a % b)
    }

    pub(super) fn to_the(self, exponent: Self) -> Outcome {
        if self.real() == 0.0 && exponent.real() < 0.0 {
            return Err(format!("division by zero: `{self} ^ {exponent}`"));
        }
        let power = self.combined(exponent, whole_power, f64::powf);
        power.map_err(|reason| format!("{reason}: `{self} ^ {exponent}`"))
    }

    pub(super) fn negative(self) -> Outcome {
        Self::Whole(0).minus(self)
    }

    pub(super) fn absolute(self) -> Outcome {
        if self.real() < 0.0 { self.negative() } else { Ok(self) }
    }

    pub(super) fn root(self) -> Outcome {
        if self.real() < 0.0 {
            return Err(format!("a negative number has no real square root: `sqrt({self})`"));
        }
        match self {
            Self::Whole(whole) if whole.isqrt().pow(2) == whole => Ok(Self::Whole(whole.isqrt())),
            number => real(number.real().sqrt()),
        }
    }

    /// The number with this many decimal places.
    pub(super) fn rounded(self, places: Self) -> Outcome {
        let places = match places {
            Self::Whole(places @ 0..=MAX_PLACES) => places as i32,
            other => return Err(format!("`round` keeps 0 to {MAX_PLACES} decimal places, got `{other}`")),
        };
        let Self::Real(value) = self else { return Ok(self) };
        let scaled = fifteen_digits(value * 10_f64.powi(places));
        // So large a number has no places to round.
        if scaled.abs() >= 1e15 { Ok(self) } else { real(scaled.round() / 10_f64.powi(places)) }
    }

    /// Whether the number is less than, the same as or more than another.
    pub(super) fn compared(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a.cmp(&b),
            (a, b) => a.real().total_cmp(&b.real()),
        }
    }

    fn real(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }

    /// Exactly, if both are whole and the outcome is and has room; else as doubles.
    fn combined(
        self,
        other: Self,
        exactly: impl Fn(i128, i128) -> Option<i128>,
        roughly: impl Fn(f64, f64) -> f64,
    ) -> Outcome {
        if let (Self::Whole(a), Self::Whole(b)) = (self, other)
            && let Some(whole) = exactly(a, b)
        {
            return Ok(Self::Whole(whole));
        }
        real(roughly(self.real(), other.real()))
    }

    fn not_zero(self, dividend: Self, operator: &str) -> Result<(), String> {
        if self.real() == 0.0 {
            return Err(format!("division by zero: `{dividend} {operator} {self}`"));
        }
        Ok(())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = match self {
            Self::Whole(whole) => return write!(formatter, "{whole}"),
            Self::Real(value) => fifteen_digits(*value),
        };
        match value.abs() {
            0.0 => formatter.write_str("0"),
            1e-6..1e15 => write!(formatter, "{value}"),
            _ => write!(formatter, "{value:e}"),
        }
    }
}

fn real(value: f64) -> Outcome {
    match value {
        value if value.is_nan() => Err("the result is no real number".to_owned()),
        value if value.is_infinite() => Err("the result is too large, expected at most 1.7e308".to_owned()),
        value => Ok(Number::Real(value)),
    }
}

fn whole_power(base: i128, exponent: i128) -> Option<i128> {
    match base {
        0 if exponent > 0 => Some(0),
        1 => Some(1),
        -1 => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        base => base.checked_pow(exponent.try_into().ok()?),
    }
}

/// The nearest number of 15 significant digits: what is beyond is mostly rounding of fractions that have no end
/// in binary, as in 0.1 + 0.2.
fn fifteen_digits(value: f64) -> f64 {
    format!("{value:.14e}").parse().unwrap_or(value)
}
