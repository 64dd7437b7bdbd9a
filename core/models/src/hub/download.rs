use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use ureq::http::StatusCode;
use ureq::http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_RANGE, RANGE};
use ureq::{Agent, Body};

use super::manifest::{KnownModel, ModelFile};
use super::source::{FetchProgress, Progress};
use crate::Error;

/// The name under which the server appears in progress and errors.
pub(super) const SERVER_NAME: &str = "Hugging Face Hub";

/// Nothing of the network is waited for longer than this.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(30);
/// A download is given up after this many attempts in a row that brought nothing.
const FRUITLESS_ATTEMPTS: u32 = 3;
const BLOCK: usize = 64 * 1024;
/// Progress is told this often, in bytes.
const TELL: u64 = 256 * 1024;

/// A server with the paths of the Hugging Face Hub.
#[derive(Clone)]
pub(super) struct Server {
    /// What it is called in progress.
    name: String,
    endpoint: String,
    token: Option<String>,
    agent: Agent,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Why a source did not deliver.
#[derive(Debug)]
pub(super) enum Failure {
    /// The source cannot; another one may.
    Source(String),
    /// The source delivered another file, which is deleted.
    Wrong(Error),
    /// This machine cannot write the file: no source helps.
    Local(std::io::Error),
    /// The caller wants no more.
    Cancelled,
}

/// How one attempt ended.
enum Attempt {
    Complete,
    /// The connection broke, and asking again may help.
    Interrupted(String),
}

impl Server {
    pub(super) fn new(endpoint: &str, token: Option<String>) -> Self {
        let agent = Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .http_status_as_error(false)
            .user_agent(concat!("rushlight/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let (name, endpoint) = (SERVER_NAME.to_owned(), endpoint.trim_end_matches('/').to_owned());
        Self { name, endpoint, token, agent }
    }

    /// Another server with the same paths, called by its URL.
    pub(super) fn mirror(url: &str) -> Self {
        Self { name: url.to_owned(), ..Self::new(url, None) }
    }

    /// Appends what is missing of a file to `to`, which afterwards has the file's size, if nothing fails.
    pub(super) fn download(
        &self,
        model: &KnownModel,
        file: &ModelFile,
        to: &Path,
        progress: &dyn Progress,
    ) -> Result<(), Failure> {
        let mut most = 0;
        let mut fruitless = 0;
        loop {
            let mut part = Part::open(to, file.size)?;
            let reason = match self.attempt(model, file, &mut part, progress)? {
                Attempt::Complete => return part.finish(),
                Attempt::Interrupted(reason) => reason,
            };
            fruitless = if part.done > most { 0 } else { fruitless + 1 };
            most = most.max(part.done);
            if fruitless == FRUITLESS_ATTEMPTS {
                return Err(Failure::Source(reason));
            }
            std::thread::sleep(Duration::from_millis(200) * fruitless);
        }
    }

    fn attempt(
        &self,
        model: &KnownModel,
        file: &ModelFile,
        part: &mut Part,
        progress: &dyn Progress,
    ) -> Result<Attempt, Failure> {
        if part.done == file.size {
            return Ok(Attempt::Complete);
        }
        let url = format!("{}/{}/resolve/{}/{}", self.endpoint, model.repository, model.revision, file.name);
        let mut request = self.agent.get(&url).header(ACCEPT_ENCODING, "identity");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if part.done > 0 {
            request = request.header(RANGE, format!("bytes={}-", part.done));
        }
        let response = match request.call() {
            Ok(response) => response,
            Err(error) => return Err(Failure::Source(error.to_string())),
        };
        let status = response.status();
        let range =
            response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut body = response.into_body();
        match status {
            StatusCode::OK => part.restart()?,
            StatusCode::PARTIAL_CONTENT if starts_at(range.as_deref(), part.done) => {}
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                part.restart()?;
                return Ok(Attempt::Interrupted(format!("the server cannot continue at a byte ({status})")));
            }
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                return Ok(Attempt::Interrupted(format!("the server answered {status}")));
            }
            status => return Err(Failure::Source(format!("the server answered {status}"))),
        }
        if let Some(length) = body.content_length().filter(|length| part.done + length != file.size) {
            let message = format!("expected {} bytes, the server has {}", file.size, part.done + length);
            return Err(Failure::Source(message));
        }
        let mut told = None;
        part.receive(&mut body, &mut |done| {
            if told.is_none_or(|told| done - told >= TELL) {
                told = Some(done);
                progress.update(&FetchProgress::new(model, file, &self.name, done));
            }
            if progress.cancelled() { Err(Failure::Cancelled) } else { Ok(()) }
        })
    }
}

/// Whether a `Content-Range` begins where it was asked to.
fn starts_at(range: Option<&str>, position: u64) -> bool {
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next());
    start.and_then(|start| start.parse().ok()) == Some(position)
}

/// A file that is being received.
struct Part {
    file: File,
    done: u64,
    size: u64,
}

impl Part {
    fn open(path: &Path, size: u64) -> Result<Self, Failure> {
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(Failure::Local)?;
        let done = file.metadata().map_err(Failure::Local)?.len();
        let mut part = Self { file, done, size };
        if done > size {
            part.restart()?;
        }
        Ok(part)
    }

    fn restart(&mut self) -> Result<(), Failure> {
        if self.done > 0 {
            self.file.set_len(0).map_err(Failure::Local)?;
            self.done = 0;
        }
        Ok(())
    }

    fn receive(
        &mut self,
        body: &mut Body,
        received: &mut dyn FnMut(u64) -> Result<(), Failure>,
    ) -> Result<Attempt, Failure> {
        let mut reader = body.as_reader();
        let mut block = vec![0; BLOCK];
        received(self.done)?;
        loop {
            let count = match reader.read(&mut block) {
                Ok(0) if self.done == self.size => return Ok(Attempt::Complete),
                Ok(0) => {
                    return Ok(Attempt::Interrupted(format!(
                        "the connection ended after {} of {} bytes",
                        self.done, self.size
                    )));
                }
                Ok(count) => count,
                Err(error) => return Ok(Attempt::Interrupted(error.to_string())),
            };
            if self.done + count as u64 > self.size {
                self.restart()?;
                return Err(Failure::Source(format!("the server sent more than {} bytes", self.size)));
            }
            self.file.write_all(&block[..count]).map_err(Failure::Local)?;
            self.done += count as u64;
            received(self.done)?;
        }
    }

    fn finish(self) -> Result<(), Failure> {
        self.file.sync_all().map_err(Failure::Local)
    }
}
