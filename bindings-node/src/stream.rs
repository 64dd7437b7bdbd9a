use std::sync::Arc;

use futures::TryStreamExt;
use napi::bindgen_prelude::{Env, PromiseRaw, spawn};
use napi_derive::napi;
use rushlight::{Agent, Error, Request, Result};
use tokio::sync::Mutex;

use crate::convert::event_to_json;
use crate::runtime::{Apart, Cancellation, promise};

/// The events of one run, which starts with the first call of `next`.
#[napi]
pub struct EventStream {
    run: Apart<Arc<Mutex<Run>>>,
    stopped: Arc<Cancellation>,
}

enum Run {
    Waiting(Arc<dyn Agent>, Box<Request>),
    Running(rushlight::EventStream),
    Over,
    Cancelled,
}

impl EventStream {
    /// A run of `agent`, which also stops when `closed` is cancelled.
    pub(crate) fn new(agent: Arc<dyn Agent>, request: Request, closed: &Cancellation) -> Self {
        let run = Arc::new(Mutex::new(Run::Waiting(agent, Box::new(request))));
        let stopped = Arc::new(Cancellation::new());
        let (cancelled, closed) = (stopped.cancelled(), closed.told());
        let (weak_run, weak_stopped) = (Arc::downgrade(&run), Arc::downgrade(&stopped));
        spawn(async move {
            tokio::select! { () = cancelled => (), () = closed => () }
            if let Some(stopped) = weak_stopped.upgrade() {
                stopped.cancel();
            }
            if let Some(run) = weak_run.upgrade() {
                *run.lock().await = Run::Cancelled;
            }
        });
        Self { run: Apart::new(run), stopped }
    }
}

#[napi]
impl EventStream {
    /// The next event as JSON text; null after the last.
    #[napi(ts_return_type = "Promise<string | null>")]
    pub fn next<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let run = Arc::clone(&self.run);
        promise(env, self.stopped.cancelled(), async move { run.lock().await.next().await })
    }

    /// Drops the run and everything that works for it.
    #[napi]
    pub fn cancel(&self) {
        self.stopped.cancel();
    }
}

impl Run {
    /// The next event; the run is over after an error.
    async fn next(&mut self) -> Result<Option<String>> {
        let next = self.advance().await;
        if !matches!(next, Ok(Some(_))) && !matches!(self, Run::Cancelled) {
            *self = Run::Over;
        }
        next
    }

    async fn advance(&mut self) -> Result<Option<String>> {
        loop {
            match self {
                Run::Waiting(agent, request) => {
                    *self = Run::Running(agent.run(Request::clone(request)).await?);
                }
                Run::Running(events) => {
                    return events.try_next().await?.as_ref().map(event_to_json).transpose();
                }
                Run::Over => return Ok(None),
                Run::Cancelled => return Err(Error::Cancelled),
            }
        }
    }
}
