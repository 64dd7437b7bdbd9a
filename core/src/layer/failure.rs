use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Error;

/// An error in a journal. Its kind comes back, and its text where the kind has a place for one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failure {
    kind: String,
    message: String,
    /// Of a prompt that was too long: what the model admits and what it got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<[usize; 2]>,
    /// Of a name that is not known: it, and the known ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    names: Option<[String; 2]>,
}

impl Failure {
    pub(super) fn new(error: &Error) -> Self {
        let mut failure = Self::of_kind(error.kind().as_str(), error.chain());
        match error {
            Error::ContextTooLong { limit, got } => failure.tokens = Some([*limit, *got]),
            Error::Unknown { name, known, .. } => failure.names = Some([name.clone(), known.clone()]),
            _ => {}
        }
        failure
    }

    /// Nobody waited for the end any more: the run was cancelled, or at its deadline.
    pub(super) fn abandoned() -> Self {
        Self::of_kind("stopped", "nobody waited for its end".to_owned())
    }

    fn of_kind(kind: &str, message: String) -> Self {
        Self { kind: kind.to_owned(), message, tokens: None, names: None }
    }

    /// The error again.
    pub(super) fn error(self) -> Error {
        const WHAT: &str = "a part of the recorded run";
        let message = self.message;
        if let Some([limit, got]) = self.tokens {
            return Error::ContextTooLong { limit, got };
        }
        if let Some([name, known]) = self.names {
            return Error::Unknown { what: "name", name, known };
        }
        match self.kind.as_str() {
            "invalid" => Error::invalid(WHAT, message),
            "model" => Error::Model { model: WHAT.to_owned(), source: message.into() },
            "corrupt" => Error::Corrupt { path: WHAT.into(), message },
            "busy" => Error::Busy { path: WHAT.into(), message },
            "io" => Error::io("read", WHAT, std::io::Error::other(message)),
            "overloaded" => Error::Overloaded { what: WHAT, limit: 0 },
            "timeout" => Error::Timeout { what: WHAT, after: Duration::ZERO },
            "cancelled" => Error::Cancelled,
            "stopped" => Error::Stopped { what: WHAT },
            _ => Error::Foreign { what: WHAT.to_owned(), source: message.into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_an_error_comes_back_and_its_text() {
        let errors = [
            Error::invalid("k", "expected 1"),
            Error::ContextTooLong { limit: 5, got: 7 },
            Error::Unknown { what: "tool", name: "a".into(), known: "b, c".into() },
            Error::Model { model: "m".into(), source: "broke".into() },
            Error::Overloaded { what: "the queue", limit: 3 },
            Error::Timeout { what: "it", after: Duration::from_secs(1) },
            Error::Cancelled,
            Error::Foreign { what: "it".into(), source: "broke".into() },
            Error::Stopped { what: "it" },
        ];
        for error in errors {
            let again = Failure::new(&error).error();
            assert_eq!(again.kind(), error.kind());
        }
        let too_long = Failure::new(&Error::ContextTooLong { limit: 5, got: 7 }).error();
        assert_eq!(too_long.to_string(), "context too long: expected at most 5 tokens, got 7");
    }
}
