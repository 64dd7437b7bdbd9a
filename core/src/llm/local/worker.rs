use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use rushlight_models::LanguageModel;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::counters::{Counters, LocalLlmStats};
use super::generation::{Broken, Job, generate};
use super::sequence::Sequence;
use crate::error::panic_text;
use crate::{Error, Result};

const WORKER: &str = "the model's thread";

/// The thread that owns a model's computation. Dropping this ends the thread: after at most one pass through the
/// model if it works for somebody who is gone.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
    queue: usize,
}

impl Worker {
    /// Starts the thread; at most `queue` jobs wait for it.
    pub(super) fn start(
        model: Arc<LanguageModel>,
        name: &str,
        queue: usize,
        threads: Option<usize>,
    ) -> Result<Self> {
        let failed = |source| Error::io("start a thread for", name, source);
        let pool =
            threads.map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build()).transpose();
        let pool = pool.map_err(|error| failed(std::io::Error::other(error)))?;
        let (jobs, waiting) = channel(queue);
        let counters = Arc::new(Counters::default());
        let office = Office { model, name: name.to_owned(), counters: Arc::clone(&counters) };
        let thread =
            std::thread::Builder::new().name("rushlight-model".to_owned()).spawn(move || match pool {
                Some(pool) => office.work(waiting, |work| pool.install(work)),
                None => office.work(waiting, |work| work()),
            });
        Ok(Self { jobs: Some(jobs), thread: Some(thread.map_err(failed)?), counters, queue })
    }

    /// Hands a job over, or refuses it when too many wait.
    pub(super) fn submit(&self, job: Job) -> Result<()> {
        let Some(jobs) = &self.jobs else {
            return Err(Error::Stopped { what: WORKER });
        };
        match jobs.try_send(job) {
            Ok(()) => {
                self.counters.requests.add(1);
                Ok(())
            }
            Err(TrySendError::Full(_)) => {
                Err(Error::Overloaded { what: "the model's queue", limit: self.queue })
            }
            Err(TrySendError::Closed(_)) => Err(Error::Stopped { what: WORKER }),
        }
    }

    pub(super) fn stats(&self) -> LocalLlmStats {
        self.counters.read()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It has caught every panic of its own.
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
struct Office {
    model: Arc<LanguageModel>,
    name: String,
    counters: Arc<Counters>,
}

impl Office {
    /// Computes jobs in the order of their arrival until nobody can send any more.
    fn work(
        self,
        mut waiting: Receiver<Job>,
        run: impl Fn(&mut (dyn FnMut() -> Result<(), Broken> + Send)) -> Result<(), Broken>,
    ) {
        let mut sequence = Sequence::new(&self.model);
        while let Some(job) = waiting.blocking_recv() {
            let deltas = job.deltas.clone();
            let mut job = Some(job);
            let mut compute = || match job.take() {
                Some(job) => generate(&self.model, &self.counters, &mut sequence, job),
                None => Ok(()),
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| run(&mut compute)));
            let error = match outcome {
                Ok(Ok(())) => {
                    self.counters.finished.add(1);
                    continue;
                }
                Ok(Err(Broken::Cancelled)) => {
                    self.counters.cancelled.add(1);
                    continue;
                }
                Ok(Err(Broken::Failed(error))) => Error::model(&self.name, error),
                Err(panic) => {
                    sequence = Sequence::new(&self.model);
                    let source = format!("panicked: {}", panic_text(&*panic)).into();
                    Error::Model { model: self.name.clone(), source }
                }
            };
            self.counters.failed.add(1);
            // Whoever is gone does not miss it.
            let _ = deltas.blocking_send(Err(error));
        }
    }
}
