use std::path::Path;

use super::download::{Failure, Server};
use super::manifest::{KnownModel, ModelFile};
use super::source::{Mirror, Progress};
use crate::{Error, Result};

/// A server that has the paths of the Hugging Face Hub; it is sent no token.
#[derive(Debug, Clone)]
pub struct HubMirror {
    url: String,
    server: Server,
}

impl HubMirror {
    /// The mirror at a base URL, such as `https://mirror.example.org/models`; nothing is asked yet.
    pub fn new(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
            let message = format!("expected a URL that begins with `https://` or `http://`, got `{url}`");
            return Err(Error::invalid("mirror", message));
        }
        Ok(Self { url: url.to_owned(), server: Server::mirror(url) })
    }
}

impl Mirror for HubMirror {
    fn name(&self) -> &str {
        &self.url
    }

    fn fetch(&self, model: &KnownModel, file: &ModelFile, to: &Path, progress: &dyn Progress) -> Result<()> {
        let failed = |message| Error::Download { file: file.name.to_owned(), message };
        self.server.download(model, file, to, progress).map_err(|failure| match failure {
            Failure::Source(reason) => failed(reason),
            Failure::Wrong(error) => error,
            Failure::Local(source) => Error::Open { path: to.to_owned(), source },
            Failure::Cancelled => failed("cancelled".to_owned()),
        })
    }
}
