use std::path::PathBuf;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong with a model, its files or its text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be opened or read.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A file is truncated, corrupt or of another format.
    #[error("`{}` is not a valid model file: {message}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        message: String,
    },
    /// A file that this crate wrote is truncated or changed; what it was made from is needed again.
    #[error("`{}` is damaged: {message}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        message: String,
    },
    /// A file is sound but asks for something that is not built in.
    #[error("unsupported {what} `{name}`, expected one of: {known}")]
    Unsupported {
        /// The kind of thing, for example `architecture`.
        what: &'static str,
        /// What the file asks for.
        name: String,
        /// What is supported, separated by commas.
        known: String,
    },
    /// A tensor is missing or has another shape or type than the architecture needs.
    #[error("tensor `{name}`: {message}")]
    Tensor {
        /// The tensor's name in the file.
        name: String,
        /// What was found and what was expected.
        message: String,
    },
    /// The tokens do not fit the model's context; nothing was computed.
    #[error("context too long: expected at most {limit} tokens, got {got}")]
    ContextTooLong {
        /// The context length in tokens.
        limit: usize,
        /// The tokens that it would have had to hold.
        got: usize,
    },
    /// The keys and values of all sequences together would be more than their budget; nothing was computed.
    #[error("no room for keys and values: expected at most {limit} bytes, got {wanted} more than {used}")]
    KvBudget {
        /// The budget in bytes.
        limit: usize,
        /// The bytes that are in use.
        used: usize,
        /// The bytes that would have been added.
        wanted: usize,
    },
    /// A chat template does not parse or refused the conversation.
    #[error("chat template failed: {message}")]
    Template {
        /// The template engine's or the template's own message.
        message: String,
    },
    /// A tokenizer could not be built or used.
    #[error("tokenizer failed: {message}")]
    Tokenizer {
        /// What went wrong.
        message: String,
    },
    /// No model has this name, and no file has this path.
    #[error("unknown model `{name}`, expected a path or one of: {known}")]
    UnknownModel {
        /// The name that was asked for.
        name: String,
        /// The names of the manifest, separated by commas.
        known: String,
    },
    /// A known model is not on this machine and nobody asked to fetch it.
    #[error("model `{name}` is not in `{}`: {how}", directory.display())]
    Missing {
        /// The model's name.
        name: String,
        /// Where it was looked for.
        directory: PathBuf,
        /// What fetches it.
        how: String,
    },
    /// Fetching is forbidden by `RUSHLIGHT_OFFLINE`.
    #[error("cannot fetch `{name}`: RUSHLIGHT_OFFLINE forbids downloads")]
    Offline {
        /// What was to be fetched.
        name: String,
    },
    /// No source delivered a file.
    #[error("cannot fetch `{file}`: {message}")]
    Download {
        /// The file.
        file: String,
        /// What each source answered.
        message: String,
    },
    /// A fetched file is not the one that the manifest names.
    #[error("checksum of `{file}` differs: expected {expected}, got {found}")]
    Checksum {
        /// The file.
        file: String,
        /// The SHA-256 of the manifest in hexadecimal.
        expected: String,
        /// The SHA-256 of what was fetched in hexadecimal.
        found: String,
    },
    /// A device could not compute, for example because its memory is full.
    #[error("device `{device}` failed")]
    Device {
        /// The device.
        device: String,
        /// What its driver says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A computation gave NaN or infinity; no token was chosen.
    #[error("model `{model}` computed {value} in `{layer}`")]
    NonFinite {
        /// The model's name.
        model: String,
        /// The layer or output, for example `output.weight (Q6_K)`.
        layer: String,
        /// The first value that is not finite.
        value: f32,
    },
    /// The caller stopped the work.
    #[error("cancelled")]
    Cancelled,
    /// An argument or option is out of its range.
    #[error("invalid {what}: {message}")]
    Invalid {
        /// The argument or option.
        what: String,
        /// What was found and what was expected.
        message: String,
    },
}

impl Error {
    /// An [`Error::Invalid`] from its two parts.
    pub fn invalid(what: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), message: message.into() }
    }

    /// An [`Error::Tensor`] from its two parts.
    pub(crate) fn tensor(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Tensor { name: name.into(), message: message.into() }
    }

    /// An [`Error::Format`] from its two parts.
    pub(crate) fn format(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self::Format { path: path.into(), message: message.into() }
    }
}
