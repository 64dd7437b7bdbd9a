use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use ureq::config::Config;
use ureq::http::response::Parts;
use ureq::http::{HeaderMap, Request, StatusCode};
use ureq::{Agent, Body};

use super::config;

/// Bytes that are read at once.
const PIECE: usize = 16 << 10;
/// Pieces that may wait for their reader.
const WAITING: usize = 8;
/// Bytes that are read behind the end that a reader has found, to use the connection again.
const REST: usize = 64 << 10;
/// Connections that are kept for later requests.
const KEPT: usize = 32;

/// A service whose replies are read while they come. Nothing is followed elsewhere or asked again. Clones share their
/// connections.
#[derive(Clone)]
pub(crate) struct StreamingService {
    config: Config,
    timeout: Duration,
    silence: Duration,
    /// Those with a connection that no request uses: each has one, so that closing it closes no other.
    kept: Arc<Mutex<Vec<Agent>>>,
}

/// Why nothing more comes of a request.
#[derive(Debug)]
pub(crate) enum Interruption {
    /// Nothing came for this time, or the whole was not there after it.
    Late(Duration),
    /// The connection could not be made, or is lost.
    Broken(ureq::Error),
}

/// A reply on its way. Dropping it closes its connection.
pub(crate) struct StreamedReply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pieces: mpsc::Receiver<Result<Vec<u8>, ureq::Error>>,
    line: Closing,
    limits: TimeLimits,
}

/// When a reply is given up.
#[derive(Clone, Copy)]
struct TimeLimits {
    /// For all of it.
    timeout: Duration,
    end: Instant,
    /// For its next piece.
    silence: Duration,
}

/// The connection of a request.
struct Line {
    /// Whoever takes it decides what becomes of it: its thread keeps it, its reader closes it.
    agent: Mutex<Option<Agent>>,
    /// Whether the reader has all that it wants.
    is_read: AtomicBool,
}

/// Closes a connection whose reader goes away before the end.
struct Closing(Arc<Line>);

impl Drop for Closing {
    fn drop(&mut self) {
        if !self.0.is_read.load(Ordering::SeqCst)
            && let Some(agent) = held(&self.0.agent).take()
        {
            agent.shutdown();
        }
    }
}

impl StreamingService {
    /// A service of which a reply may take `timeout`, and its next piece `silence`.
    pub(crate) fn new(timeout: Duration, silence: Duration) -> Self {
        // Readers give up by their own clock: these end the threads that resolve a name or connect meanwhile.
        let config = config(timeout).timeout_resolve(Some(silence)).timeout_connect(Some(silence)).build();
        Self { config, timeout, silence, kept: Arc::default() }
    }

    /// The beginning of the reply to a request, before `end`. Dropping the future closes the connection.
    pub(crate) async fn ask(
        &self,
        request: Request<String>,
        end: Instant,
    ) -> Result<StreamedReply, Interruption> {
        let agent = held(&self.kept).pop().unwrap_or_else(|| self.config.new_agent());
        let line = Line { agent: Mutex::new(Some(agent.clone())), is_read: AtomicBool::new(false) };
        let line = Arc::new(line);
        let closing = Closing(Arc::clone(&line));
        let (head, mut beginning) = oneshot::channel();
        let (sender, pieces) = mpsc::channel(WAITING);
        let kept = Arc::clone(&self.kept);
        let work = move || {
            let is_whole = talk(&agent, request, head, &sender, &line.is_read);
            let mut kept = held(&kept);
            if is_whole && kept.len() < KEPT {
                kept.extend(held(&line.agent).take());
            }
        };
        let thread = thread::Builder::new().name("rushlight-http".to_owned());
        thread.spawn(work).map_err(|error| Interruption::Broken(error.into()))?;
        let limits = TimeLimits { timeout: self.timeout, end, silence: self.silence };
        match limits.within(&mut beginning).await? {
            Ok(Ok(Parts { status, headers, .. })) => {
                Ok(StreamedReply { status, headers, pieces, line: closing, limits })
            }
            Ok(Err(error)) => Err(Interruption::Broken(error)),
            Err(_gone) => Err(Interruption::Broken(io::Error::other("its thread is gone").into())),
        }
    }
}

impl StreamedReply {
    /// The next bytes, never none; nothing at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Interruption> {
        let piece = self.limits.within(self.pieces.recv()).await?;
        piece.transpose().map_err(Interruption::Broken)
    }

    /// Takes note that no more is wanted: what there still is ends by itself, and the connection is used again.
    pub(crate) fn finish(self) {
        self.line.0.is_read.store(true, Ordering::SeqCst);
    }
}

impl TimeLimits {
    async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Interruption> {
        let now = Instant::now();
        let is_last = self.end <= now + self.silence;
        let end = if is_last { self.end } else { now + self.silence };
        let after = if is_last { self.timeout } else { self.silence };
        timeout_at(end, work).await.map_err(|_| Interruption::Late(after))
    }
}

/// Sends a request and hands over the reply; whether all of it was read. The thread blocks meanwhile.
fn talk(
    agent: &Agent,
    request: Request<String>,
    head: oneshot::Sender<Result<Parts, ureq::Error>>,
    pieces: &mpsc::Sender<Result<Vec<u8>, ureq::Error>>,
    is_read: &AtomicBool,
) -> bool {
    match agent.run(request) {
        Ok(reply) => {
            let (parts, body) = reply.into_parts();
            head.send(Ok(parts)).is_ok() && hand_over(body, pieces, is_read)
        }
        Err(error) => {
            // Whoever is gone does not miss it.
            let _ = head.send(Err(error));
            false
        }
    }
}

fn hand_over(body: Body, pieces: &mpsc::Sender<Result<Vec<u8>, ureq::Error>>, is_read: &AtomicBool) -> bool {
    let mut body = body.into_with_config().limit(u64::MAX).reader();
    let mut buffer = vec![0; PIECE];
    let mut rest = REST;
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return true,
            Ok(length) => {
                let is_gone = pieces.blocking_send(Ok(buffer[..length].to_vec())).is_err();
                if is_gone {
                    rest = rest.saturating_sub(length);
                }
                if is_gone && (rest == 0 || !is_read.load(Ordering::SeqCst)) {
                    return false;
                }
            }
            Err(error) => {
                // As above.
                let _ = pieces.blocking_send(Err(error.into()));
                return false;
            }
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
