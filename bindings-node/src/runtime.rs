use std::future::Future;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt;
use napi::bindgen_prelude::{Env, PromiseRaw, ToNapiValue, within_runtime_if_available};
use napi_derive::napi;
use rushlight::{Error, Result};
use tokio::sync::watch;

use crate::error::{panicked, to_js};

/// Stops the calls that it was given to: when it is told to, and when it is collected.
#[napi]
pub struct Cancellation {
    sender: watch::Sender<bool>,
}

#[napi]
impl Cancellation {
    /// A cancellation that has not happened.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self { sender: watch::Sender::new(false) }
    }

    /// Stops the calls, now and later.
    #[napi]
    pub fn cancel(&self) {
        self.sender.send_replace(true);
    }
}

impl Default for Cancellation {
    fn default() -> Self {
        Self::new()
    }
}

impl Cancellation {
    /// Ends once this is cancelled or dropped.
    pub(crate) fn cancelled(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut receiver = self.sender.subscribe();
        async move {
            let _ = receiver.wait_for(|cancelled| *cancelled).await;
        }
    }

    /// Ends once this is cancelled; never, if it is dropped before.
    pub(crate) fn told(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut receiver = self.sender.subscribe();
        async move {
            if receiver.wait_for(|cancelled| *cancelled).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// The one door for calls that take time: runs `work` off the JavaScript thread and settles a promise.
///
/// `work` is dropped at once when `cancelled` ends, and the promise is rejected with [`Error::Cancelled`]. A
/// panic rejects it, too.
pub(crate) fn promise<T>(
    env: &Env,
    cancelled: impl Future<Output = ()> + Send + 'static,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> napi::Result<PromiseRaw<'_, T>>
where
    T: ToNapiValue + Send + 'static,
{
    let work = async move {
        let outcome = tokio::select! {
            biased;
            () = cancelled => Err(Error::Cancelled),
            outcome = AssertUnwindSafe(work).catch_unwind() => outcome.unwrap_or_else(|panic| Err(panicked(panic))),
        };
        Ok(outcome)
    };
    env.spawn_future_with_callback(work, |env, outcome| outcome.map_err(|error| to_js(*env, &error)))
}

/// The one door for calls that only build or look: the error is thrown.
pub(crate) fn now<T>(env: Env, work: impl FnOnce() -> Result<T>) -> napi::Result<T> {
    let outcome = within_runtime_if_available(|| catch_unwind(AssertUnwindSafe(work)));
    outcome.unwrap_or_else(|panic| Err(panicked(panic))).map_err(|error| to_js(env, &error))
}

/// A value whose end may take long: it is dropped on a thread of its own, never on the JavaScript thread.
pub(crate) struct Apart<T: Send + 'static>(Option<T>);

impl<T: Send + 'static> Apart<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Ends once the value is dropped.
    pub(crate) async fn dropped(mut self) -> Result<()> {
        let value = self.0.take();
        let end = move || {
            drop(value);
            Ok(())
        };
        compute(end).await
    }
}

impl<T: Send + 'static> Deref for Apart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("only its end takes it")
    }
}

impl<T: Send + 'static> Drop for Apart<T> {
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            // Where no thread can be started, the value is dropped here.
            let _ = std::thread::Builder::new().name("rushlight-end".to_owned()).spawn(move || drop(value));
        }
    }
}

/// Runs `work`, which computes, where it does not hold up other calls.
pub(crate) async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|failure| match failure.try_into_panic() {
        Ok(panic) => Err(panicked(panic)),
        Err(_) => Err(Error::Stopped { what: "the runtime" }),
    })
}
