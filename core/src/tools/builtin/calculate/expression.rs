use super::number::{Number, Outcome};

/// Bytes of one expression.
const MAX_BYTES: usize = 4096;
/// Levels of parentheses, signs and right operands.
const MAX_LEVELS: usize = 100;
/// How tightly a sign binds to what follows it: less than a power, more than a product.
const SIGN: u8 = 5;

const FUNCTIONS: &str = "min, max, abs, round, sqrt, pow";

/// The value of an arithmetic expression, or what is wrong with it.
pub(super) fn value(text: &str) -> Outcome {
    if text.len() > MAX_BYTES {
        return Err(format!("expected at most {MAX_BYTES} bytes, got {}", text.len()));
    }
    let mut reader = Reader { text, place: 0, levels: 0 };
    let value = reader.expression(0)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.expected("an operator or the end")),
    }
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
    Power,
}

impl Operator {
    /// How tightly it binds to what stands left and right of it.
    fn binding(self) -> (u8, u8) {
        match self {
            Self::Plus | Self::Minus => (1, 2),
            Self::Times | Self::Divide | Self::Modulo => (3, 4),
            Self::Power => (8, 7),
        }
    }

    fn apply(self, left: Number, right: Number) -> Outcome {
        match self {
            Self::Plus => left.plus(right),
            Self::Minus => left.minus(right),
            Self::Times => left.times(right),
            Self::Divide => left.divided_by(right),
            Self::Modulo => left.modulo(right),
            Self::Power => left.to_the(right),
        }
    }
}

/// Reads an expression from left to right, and computes while it reads (operator precedence as Pratt has it).
struct Reader<'a> {
    text: &'a str,
    /// In bytes.
    place: usize,
    levels: usize,
}

impl Reader<'_> {
    /// An operand, and all operators after it that bind to the left at least so tightly.
    fn expression(&mut self, tightly: u8) -> Outcome {
        self.levels += 1;
        if self.levels > MAX_LEVELS {
            return Err(format!("expected at most {MAX_LEVELS} levels, got more"));
        }
        let mut value = self.operand()?;
        while let Some((operator, length)) = self.operator() {
            let (left, right) = operator.binding();
            if left < tightly {
                break;
            }
            self.place += length;
            value = operator.apply(value, self.expression(right)?)?;
        }
        self.levels -= 1;
        Ok(value)
    }

    fn operand(&mut self) -> Outcome {
        match self.peek() {
            Some('0'..='9' | '.') => self.number(),
            Some('-') => self.after_sign()?.negative(),
            Some('+') => self.after_sign(),
            Some('(') => {
                self.place += 1;
                let value = self.expression(0)?;
                self.close()?;
                Ok(value)
            }
            Some(letter) if letter.is_ascii_alphabetic() => self.call(),
            _ => Err(self.expected("a number, `(` or a function")),
        }
    }

    fn after_sign(&mut self) -> Outcome {
        self.place += 1;
        self.expression(SIGN)
    }

    fn number(&mut self) -> Outcome {
        let start = self.place;
        self.skip(|letter| letter.is_ascii_digit());
        if self.text[self.place..].starts_with('.') {
            self.place += 1;
            self.skip(|letter| letter.is_ascii_digit());
        }
        if self.text[self.place..].starts_with(['e', 'E']) {
            self.place += 1;
            if self.text[self.place..].starts_with(['+', '-']) {
                self.place += 1;
            }
            self.skip(|letter| letter.is_ascii_digit());
        }
        Number::of_digits(&self.text[start..self.place])
    }

    fn call(&mut self) -> Outcome {
        let start = self.place;
        self.skip(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let name = &self.text[start..self.place];
        if !FUNCTIONS.split(", ").any(|known| known == name) {
            return Err(format!("no function is named `{name}`, expected one of: {FUNCTIONS}"));
        }
        if self.peek() != Some('(') {
            return Err(self.expected("`(`"));
        }
        self.place += 1;
        let mut arguments = vec![self.expression(0)?];
        while self.peek() == Some(',') {
            self.place += 1;
            arguments.push(self.expression(0)?);
        }
        self.close()?;
        apply(name, &arguments)
    }

    fn close(&mut self) -> Result<(), String> {
        if self.peek() != Some(')') {
            return Err(self.expected("`)`"));
        }
        self.place += 1;
        Ok(())
    }

    /// The operator that comes next, with its length.
    fn operator(&mut self) -> Option<(Operator, usize)> {
        let letter = self.peek()?;
        let operator = match letter {
            '*' if self.text[self.place..].starts_with("**") => return Some((Operator::Power, 2)),
            '+' => Operator::Plus,
            '-' => Operator::Minus,
            '*' => Operator::Times,
            '/' => Operator::Divide,
            '%' => Operator::Modulo,
            '^' => Operator::Power,
            _ => return None,
        };
        Some((operator, 1))
    }

    /// The next letter that is no space.
    fn peek(&mut self) -> Option<char> {
        self.skip(char::is_whitespace);
        self.text[self.place..].chars().next()
    }

    fn skip(&mut self, belongs: impl Fn(char) -> bool) {
        let rest = &self.text[self.place..];
        self.place += rest.len() - rest.trim_start_matches(belongs).len();
    }

    fn expected(&mut self, what: &str) -> String {
        let got = self.peek().map_or("the end".to_owned(), |letter| format!("`{letter}`"));
        let number = self.text[..self.place].chars().count() + 1;
        format!("at character {number}: expected {what}, got {got}")
    }
}

fn apply(name: &str, arguments: &[Number]) -> Outcome {
    let best = |wins: fn(std::cmp::Ordering) -> bool| {
        let keep = |best: Number, other: Number| if wins(other.compared(best)) { other } else { best };
        arguments.iter().copied().reduce(keep)
    };
    let value = match (name, arguments) {
        ("min", _) => best(std::cmp::Ordering::is_lt).map(Ok),
        ("max", _) => best(std::cmp::Ordering::is_gt).map(Ok),
        ("abs", [value]) => Some(value.absolute()),
        ("sqrt", [value]) => Some(value.root()),
        ("round", [value]) => Some(value.rounded(Number::Whole(0))),
        ("round", [value, places]) => Some(value.rounded(*places)),
        ("pow", [base, exponent]) => Some(base.to_the(*exponent)),
        _ => None,
    };
    value.unwrap_or_else(|| Err(format!("`{name}` does not take {} numbers", arguments.len())))
}

#[cfg(test)]
mod tests;
