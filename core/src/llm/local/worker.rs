use std::sync::Arc;
use std::thread::JoinHandle;

use rushlight_models::LanguageModel;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, TryAcquireError};

use super::counters::Counters;
use super::job::{Order, Queued};
use super::model::WORKER;
use super::options::LocalLlmOptions;
use super::scheduler::{Choices, Scheduler};
use crate::{Error, Result};

/// The thread that owns a model's computation. Dropping this ends the thread: after at most one pass through the
/// model if it works for somebody who is gone.
#[derive(Debug)]
pub(super) struct Worker {
    orders: Option<UnboundedSender<Queued>>,
    /// One permit for each order that may wait.
    places: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
    queue: usize,
    threads: usize,
}

impl Worker {
    /// Starts the thread.
    pub(super) fn start(
        model: Arc<LanguageModel>,
        draft: Option<Arc<LanguageModel>>,
        name: &str,
        options: &LocalLlmOptions,
        counters: Arc<Counters>,
    ) -> Result<Self> {
        let failed = |source| Error::io("start a thread for", name, source);
        let LocalLlmOptions { queue, .. } = *options;
        // 0 is one for each core. Work that begins in a thread of the pool need not wake another one first.
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads.unwrap_or(0))
            .thread_name(|index| format!("rushlight-model-{index}"))
            .build()
            .map_err(|error| failed(std::io::Error::other(error)))?;
        let (orders, received) = unbounded_channel();
        let places = Arc::new(Semaphore::new(queue));
        let threads = pool.current_num_threads();
        let (counts, owned_name, options) = (Arc::clone(&counters), name.to_owned(), Choices::of(options));
        let work = move || {
            let scheduler = Scheduler::new(&model, draft.as_deref(), &owned_name, &counts, options);
            pool.install(|| scheduler.work(received));
        };
        let thread = std::thread::Builder::new().name("rushlight-model".to_owned()).spawn(work);
        let thread = Some(thread.map_err(failed)?);
        Ok(Self { orders: Some(orders), places, thread, counters, queue, threads })
    }

    /// Hands an order over, or refuses it when too many wait.
    pub(super) fn submit(&self, order: Order) -> Result<()> {
        let Some(orders) = &self.orders else {
            return Err(Error::Stopped { what: WORKER });
        };
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits) => {
                return Err(Error::Overloaded { what: "the model's queue", limit: self.queue });
            }
            Err(TryAcquireError::Closed) => return Err(Error::Stopped { what: WORKER }),
        };
        let is_request = matches!(order, Order::Compute(_));
        orders.send(Queued { order, place }).map_err(|_| Error::Stopped { what: WORKER })?;
        self.counters.requests.add(usize::from(is_request));
        Ok(())
    }

    /// The threads that compute.
    pub(super) fn threads(&self) -> usize {
        self.threads
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // It has caught every panic of its own.
            let _ = thread.join();
        }
    }
}
