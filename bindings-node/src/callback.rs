use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use napi::Status;
use napi::bindgen_prelude::{FnArgs, Function, Promise};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use rushlight::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use crate::convert::to_json;
use crate::error::bridge;

/// The number of a call, and its arguments; none when nobody waits for its value any more.
type Arguments = FnArgs<(u32, Option<String>)>;
/// `(call, arguments) => Promise<value>`. Weak: it does not keep the process alive; a pending promise does.
type Invoke = ThreadsafeFunction<Arguments, Promise<String>, Arguments, Status, false, true>;
/// A function of text whose result does not matter.
type Tell = ThreadsafeFunction<String, (), String, Status, false, true>;

/// A function or method of JavaScript that Rust calls with text, for text. Copies of the handle share it.
#[derive(Clone)]
#[napi]
pub struct Method {
    function: Arc<Called>,
}

struct Called {
    invoke: Invoke,
    calls: AtomicU32,
}

#[napi]
impl Method {
    /// `invoke` gets a number for the call and the arguments, and the number with null when nobody waits for the value any
    /// more.
    #[napi(constructor, ts_args_type = "invoke: (call: number, args: string | null) => Promise<string>")]
    pub fn new(invoke: Function<'_, Arguments, Promise<String>>) -> napi::Result<Self> {
        let invoke = invoke.build_threadsafe_function().callee_handled::<false>().weak::<true>().build()?;
        Ok(Self { function: Arc::new(Called { invoke, calls: AtomicU32::new(0) }) })
    }
}

impl Method {
    /// Calls it and waits for its value; dropping the future tells it to stop. `what` has failed if it throws.
    pub(crate) async fn invoke(&self, what: &str, arguments: String) -> Result<String> {
        let number = self.function.calls.fetch_add(1, Ordering::Relaxed);
        let mut waiting = Waiting { function: Arc::clone(&self.function), number, over: false };
        // `call_async` would end the process if the function threw.
        let started = self.function.invoke.call_async_catch((number, Some(arguments)).into()).await;
        let promise = started.map_err(|error| bridge(what, error))?;
        let value = promise.await;
        waiting.over = true;
        value.map_err(|error| bridge(what, error))
    }

    /// As [`invoke`](Self::invoke), with arguments and value as JSON.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        what: &str,
        arguments: &(impl Serialize + Sync),
    ) -> Result<T> {
        let value = self.invoke(what, to_json(arguments)?).await?;
        serde_json::from_str(&value)
            .map_err(|error| Error::Foreign { what: what.to_owned(), source: error.to_string().into() })
    }

    /// Calls it without waiting; it must not throw.
    pub(crate) fn tell(&self, arguments: &impl Serialize) {
        let number = self.function.calls.fetch_add(1, Ordering::Relaxed);
        if let Ok(arguments) = to_json(arguments) {
            self.function
                .invoke
                .call((number, Some(arguments)).into(), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    /// As [`call`](Self::call), for what the core asks without waiting: blocks this thread and no other task.
    ///
    /// Never on the JavaScript thread, which would wait for itself.
    pub(crate) fn ask<T: DeserializeOwned>(
        &self,
        what: &str,
        arguments: &(impl Serialize + Sync),
    ) -> Result<T> {
        tokio::task::block_in_place(|| Handle::current().block_on(self.call(what, arguments)))
    }
}

/// Tells JavaScript to stop a call when the future that waits for it is dropped.
struct Waiting {
    function: Arc<Called>,
    number: u32,
    over: bool,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.over {
            let stop = (self.number, None).into();
            self.function.invoke.call(stop, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// A JavaScript function that is told how far something is.
pub(crate) struct JsProgress {
    tell: Tell,
}

impl JsProgress {
    pub(crate) fn new(tell: &Function<'_, String, ()>) -> napi::Result<Self> {
        let tell = tell.build_threadsafe_function().callee_handled::<false>().weak::<true>().build()?;
        Ok(Self { tell })
    }

    /// Tells it, without waiting.
    pub(crate) fn tell(&self, json: String) {
        self.tell.call(json, ThreadsafeFunctionCallMode::NonBlocking);
    }

    /// Waits until everything that was told has arrived.
    pub(crate) async fn arrived(&self) {
        let _ = self.tell.call_async_catch(String::new()).await;
    }
}
