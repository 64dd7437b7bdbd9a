use std::time::Duration;

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server says that there is none.
    Missing(String),
    /// It leads out of the site.
    Elsewhere(String),
    /// It holds something else than text.
    NoText(String),
    /// `robots.txt` asks not to read it.
    Forbidden(String),
    /// The server does not give it to us.
    Refused(String),
    /// Anything else.
    Other(String),
}

impl Failure {
    pub(super) fn other(reason: impl Into<String>) -> Self {
        Self::Other(reason.into())
    }

    /// In words.
    pub(super) fn reason(self) -> String {
        let (Self::Missing(reason)
        | Self::Elsewhere(reason)
        | Self::NoText(reason)
        | Self::Forbidden(reason)
        | Self::Refused(reason)
        | Self::Other(reason)) = self;
        reason
    }

    pub(super) fn of(error: &ureq::Error, timeout: Duration) -> Self {
        match error {
            ureq::Error::Timeout(_) => Self::slow(timeout),
            ureq::Error::Other(error) => Self::Other(error.to_string()),
            ureq::Error::HostNotFound => Self::other("no host has this name"),
            error => Self::Other(error.to_string()),
        }
    }

    pub(super) fn slow(timeout: Duration) -> Self {
        Self::Other(format!("expected the page within {timeout:?}, got no end of it"))
    }
}
