use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use napi::Status;
use napi::bindgen_prelude::{FnArgs, Function, Promise};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use rushlight::{Error, Result, Tool, ToolCall, ToolSpec};

use crate::error::bridge;

/// `(call, arguments) => Promise<output>`. Weak: it does not keep the process alive; a pending promise does.
type Invoke =
    ThreadsafeFunction<FnArgs<(u32, String)>, Promise<String>, FnArgs<(u32, String)>, Status, false, true>;
/// A function of one value whose result does not matter.
type Tell<T> = ThreadsafeFunction<T, (), T, Status, false, true>;

/// A JavaScript function as a tool.
pub(crate) struct JsTool {
    spec: ToolSpec,
    timeout: Option<Duration>,
    invoke: Invoke,
    stop: Arc<Tell<u32>>,
    calls: AtomicU32,
}

impl JsTool {
    /// A tool that calls `invoke` with a number for the call and the arguments as JSON, and `stop` with that
    /// number when nobody waits for the output any more.
    pub(crate) fn new(
        spec: ToolSpec,
        timeout: Option<Duration>,
        invoke: &Function<'_, FnArgs<(u32, String)>, Promise<String>>,
        stop: &Function<'_, u32, ()>,
    ) -> napi::Result<Self> {
        let invoke = invoke.build_threadsafe_function().callee_handled::<false>().weak::<true>().build()?;
        let stop = stop.build_threadsafe_function().callee_handled::<false>().weak::<true>().build()?;
        Ok(Self { spec, timeout, invoke, stop: Arc::new(stop), calls: AtomicU32::new(0) })
    }

    fn failed(&self, error: &napi::Error) -> Error {
        bridge(format!("tool `{}`", self.spec.name), error)
    }
}

impl std::fmt::Debug for JsTool {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("JsTool").field("spec", &self.spec).finish_non_exhaustive()
    }
}

#[async_trait]
impl Tool for JsTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn invoke(&self, call: &ToolCall) -> Result<String> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let mut waiting = Waiting { stop: Arc::clone(&self.stop), number, over: false };
        let arguments = (number, call.arguments.to_string()).into();
        // `call_async` would end the process if the function threw.
        let promise = self.invoke.call_async_catch(arguments).await.map_err(|error| self.failed(&error))?;
        let output = promise.await;
        waiting.over = true;
        output.map_err(|error| self.failed(&error))
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout
    }
}

/// Tells JavaScript to stop a call when the future that waits for it is dropped.
struct Waiting {
    stop: Arc<Tell<u32>>,
    number: u32,
    over: bool,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.over {
            self.stop.call(self.number, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// A JavaScript function that is told how far something is.
pub(crate) struct JsProgress {
    tell: Tell<String>,
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
