//! What can go wrong, and what the caller can do about it.

mod backoff;
#[cfg(feature = "local")]
mod model;
mod retry_after;

use std::any::Any;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use backoff::backoff;
pub use retry_after::RetryAfter;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error that reached a foreign or lower-level part of the system.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Everything that can go wrong, one variant for each thing a caller can do next.
///
/// Failures of tools are not here: a tool that fails gives a [`ToolOutput`](crate::ToolOutput) that the
/// model reads and can act on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument or option is out of its range; correct the call.
    #[error("invalid {what}: {message}")]
    Invalid {
        /// The argument or option.
        what: String,
        /// What was found and what was expected.
        message: String,
    },
    /// Nothing has this name; choose one of the known ones.
    #[error("unknown {what} `{name}`, expected one of: {known}")]
    Unknown {
        /// The kind of thing that was looked up.
        what: &'static str,
        /// The name that was asked for.
        name: String,
        /// The names that exist, separated by commas.
        known: String,
    },
    /// The prompt does not fit the model; nothing was computed.
    #[error("context too long: expected at most {limit} tokens, got {got}")]
    ContextTooLong {
        /// The model's context window in tokens.
        limit: usize,
        /// The prompt's length in tokens.
        got: usize,
    },
    /// A model could not be loaded or run.
    #[error("model `{model}` failed")]
    Model {
        /// The model's name or path.
        model: String,
        /// What went wrong in it.
        #[source]
        source: Source,
    },
    /// A document, index or store on disk is damaged or of another format; restore or rebuild it.
    #[error("`{}` is damaged: {message}", path.display())]
    Corrupt {
        /// The file or directory.
        path: PathBuf,
        /// What was found and what was expected.
        message: String,
    },
    /// A replayed run asks for something else than the recorded one did; record it again, or undo what changed it.
    #[error("`{}` tells of another run: line {line}: {message}", path.display())]
    Diverged {
        /// The journal.
        path: PathBuf,
        /// The line of the input that was expected, from 1.
        line: usize,
        /// The first difference: what was expected and what was asked.
        message: String,
    },
    /// Another process or handle holds the thing; close it there or open read-only.
    #[error("`{}` is in use: {message}", path.display())]
    Busy {
        /// The file or directory.
        path: PathBuf,
        /// Who may hold it.
        message: String,
    },
    /// The operating system refused a file operation.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was attempted, for example `read`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A queue or limit is full; try again later.
    #[error("overloaded: {what} admits {limit} at once")]
    Overloaded {
        /// What is full.
        what: &'static str,
        /// Its bound.
        limit: usize,
    },
    /// A deadline passed.
    #[error("{what} did not finish within {after:?}")]
    Timeout {
        /// What was waited for.
        what: &'static str,
        /// The bound.
        after: Duration,
    },
    /// The caller stopped the work.
    #[error("cancelled")]
    Cancelled,
    /// A part that the caller supplied (a retriever, cache or model of their own) failed.
    #[error("{what} failed")]
    Foreign {
        /// The part.
        what: String,
        /// Its own error.
        #[source]
        source: Source,
    },
    /// A worker thread or task is gone; the object must be built anew.
    #[error("{what} has stopped")]
    Stopped {
        /// The worker.
        what: &'static str,
    },
}

/// What kind of error it is, for code that decides and for the exception classes of the bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument is wrong.
    Invalid,
    /// A name is not known.
    Unknown,
    /// The prompt does not fit the model.
    ContextTooLong,
    /// A model failed.
    Model,
    /// Stored data is damaged.
    Corrupt,
    /// A replayed run is another one.
    Diverged,
    /// Something is held by somebody else.
    Busy,
    /// A file operation failed.
    Io,
    /// A limit is reached.
    Overloaded,
    /// A deadline passed.
    Timeout,
    /// The caller stopped the work.
    Cancelled,
    /// A part that the caller supplied failed.
    Foreign,
    /// A worker is gone.
    Stopped,
}

impl ErrorKind {
    /// The kind's stable name in snake case, as bindings show it in `code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
            Self::ContextTooLong => "context_too_long",
            Self::Model => "model",
            Self::Corrupt => "corrupt",
            Self::Diverged => "diverged",
            Self::Busy => "busy",
            Self::Io => "io",
            Self::Overloaded => "overloaded",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Foreign => "foreign",
            Self::Stopped => "stopped",
        }
    }
}

impl Error {
    /// An [`Error::Invalid`] from its two parts.
    pub fn invalid(what: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), message: message.into() }
    }

    /// An [`Error::Io`] for one file.
    pub fn io(action: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io { action, path: path.into(), source }
    }

    /// The error's kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. } => ErrorKind::Invalid,
            Self::Unknown { .. } => ErrorKind::Unknown,
            Self::ContextTooLong { .. } => ErrorKind::ContextTooLong,
            Self::Model { .. } => ErrorKind::Model,
            Self::Corrupt { .. } => ErrorKind::Corrupt,
            Self::Diverged { .. } => ErrorKind::Diverged,
            Self::Busy { .. } => ErrorKind::Busy,
            Self::Io { .. } => ErrorKind::Io,
            Self::Overloaded { .. } => ErrorKind::Overloaded,
            Self::Timeout { .. } => ErrorKind::Timeout,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Foreign { .. } => ErrorKind::Foreign,
            Self::Stopped { .. } => ErrorKind::Stopped,
        }
    }

    /// Whether the same call may succeed later without a change.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind(), ErrorKind::Overloaded | ErrorKind::Timeout | ErrorKind::Busy)
            || self.retry_after().is_some()
    }

    /// When the same call may succeed, if one of its causes is a [`RetryAfter`].
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after::find(self)
    }

    /// The message followed by those of its causes, joined with `: `.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// What a caught panic says.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "no message",
    }
}
