use std::sync::Arc;
use std::thread::JoinHandle;

use rushlight_models::LanguageModel;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Sender, channel};

use super::counters::Counters;
use super::job::Job;
use super::options::LocalLlmOptions;
use super::scheduler::Scheduler;
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
    threads: usize,
}

impl Worker {
    /// Starts the thread.
    pub(super) fn start(
        model: Arc<LanguageModel>,
        name: &str,
        options: &LocalLlmOptions,
        counters: Arc<Counters>,
    ) -> Result<Self> {
        let failed = |source| Error::io("start a thread for", name, source);
        let LocalLlmOptions { queue, batch, speculation, .. } = *options;
        // 0 is one for each core. Work that begins in a thread of the pool need not wake another one first.
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads.unwrap_or(0))
            .thread_name(|index| format!("rushlight-model-{index}"))
            .build()
            .map_err(|error| failed(std::io::Error::other(error)))?;
        let (jobs, waiting) = channel(queue);
        let threads = pool.current_num_threads();
        let (counts, owned_name) = (Arc::clone(&counters), name.to_owned());
        let work = move || {
            let scheduler = Scheduler::new(&model, &owned_name, &counts, batch, speculation);
            pool.install(|| scheduler.work(waiting));
        };
        let thread = std::thread::Builder::new().name("rushlight-model".to_owned()).spawn(work);
        Ok(Self { jobs: Some(jobs), thread: Some(thread.map_err(failed)?), counters, queue, threads })
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

    /// The threads that compute.
    pub(super) fn threads(&self) -> usize {
        self.threads
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
