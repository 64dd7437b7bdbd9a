use std::fmt;

/// The result of every step of xtask.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command or step failed, as the one sentence that the person reads.
#[derive(Debug, Clone)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// A file operation that the system refused.
    pub(crate) fn io(action: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self(format!("cannot {action} `{}`: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<rushlight::Error> for Failure {
    fn from(error: rushlight::Error) -> Self {
        Self(error.chain())
    }
}

impl From<rushlight_models::Error> for Failure {
    fn from(error: rushlight_models::Error) -> Self {
        let mut sentence = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            sentence.push_str(": ");
            sentence.push_str(&error.to_string());
            cause = error.source();
        }
        Self(sentence)
    }
}
