use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinError;
use tokio::time::{Instant, timeout_at};

use super::ending::Ending;
use super::member::Member;
use super::policy::{Breaker, Entry, Memo, pause};
use super::schema::ArgumentSchema;
use super::task::{CallFuture, CallScope, CallTask, Stopped};
use super::{Approval, Approver, MAX_BLOCKING_CALLS, RateExcess, ToolContext};
use crate::duration::NEVER;
use crate::error::panic_text;
use crate::message::{ToolCall, ToolOutput, ToolStatus};
use crate::schema::excerpt;
use crate::{Error, Result};

/// One call on its way through the policy of its tool, in the order that [`ToolPolicy`](super::ToolPolicy) tells.
pub(super) struct Invocation<'a> {
    pub(super) member: &'a Arc<Member>,
    pub(super) call: &'a ToolCall,
    pub(super) context: &'a ToolContext,
    pub(super) approver: Option<&'a dyn Approver>,
    pub(super) scope: Option<&'a CallScope>,
    pub(super) timeout: Duration,
    pub(super) max_output_bytes: usize,
}

impl Invocation<'_> {
    /// The tool's value, or what stopped the call.
    pub(super) async fn output(self) -> Result<ToolOutput, Ending> {
        self.check_scopes()?;
        let call = self.valid_call().await?;
        self.check_dry_run(&call).await?;
        let kept = self.entry(&call).await;
        if let Some(value) = kept.and_then(|(memo, entry)| memo.get(entry)) {
            return Ok(ToolOutput { cached: true, ..ToolOutput::new(&call, ToolStatus::Success, value) });
        }
        self.ask_for_approval(&call).await?;
        let mut output = self.tries(&call).await?;
        output.content = cut(output.content, self.max_output_bytes);
        if let Some((memo, entry)) = kept {
            memo.put(entry, output.content.clone());
        }
        Ok(output)
    }

    fn check_scopes(&self) -> Result<(), Ending> {
        let missing = self.member.missing_scopes(self.context);
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.join("`, `");
        let content = format!(
            "`{}` was not run: it needs the scope `{missing}`, which was not granted; go on without it",
            self.name()
        );
        Err(Ending::new(ToolStatus::Denied, content))
    }

    /// The call with arguments that fit the schema, and are among the values that the tool can take now.
    async fn valid_call(&self) -> Result<ToolCall, Ending> {
        let invalid = |explanation| Ending::new(ToolStatus::InvalidArguments, explanation);
        let schema = &self.member.schema;
        let call =
            with_object(self.call).map_err(|mistake| invalid(schema.explain(self.name(), &[mistake])))?;
        schema.check(self.name(), &call.arguments).map_err(invalid)?;
        if !self.member.choices.is_empty() {
            self.schema_now().await?.check(self.name(), &call.arguments).map_err(invalid)?;
        }
        Ok(call)
    }

    /// What the tool accepts with the choices that it has now.
    async fn schema_now(&self) -> Result<ArgumentSchema, Ending> {
        let offered = self.member.offered(self.context, self.timeout).await;
        match offered.and_then(|spec| spec.as_ref().map(ArgumentSchema::compile).transpose()) {
            Ok(Some(schema)) => Ok(schema),
            Ok(None) => {
                let content =
                    format!("`{}` was not run: there is nothing that it could be called with", self.name());
                Err(Ending::new(ToolStatus::Unavailable, content))
            }
            Err(error) => {
                let content = format!("`{}` was not run: {}", self.name(), reason(&error));
                Err(Ending::new(ToolStatus::Error, content))
            }
        }
    }

    async fn check_dry_run(&self, call: &ToolCall) -> Result<(), Ending> {
        if !self.member.policy.dry_run && !self.context.dry_run {
            return Ok(());
        }
        let (member, asked, of_run) = (Arc::clone(self.member), call.clone(), self.context.clone());
        let preview = async move {
            let text = member.tool.preview(&asked, &of_run).await?;
            let text = text.unwrap_or_else(|| format!("it would have run with {}", asked.arguments));
            Ok(ToolOutput::new(&asked, ToolStatus::Success, text))
        };
        let output = self.end_of(preview.boxed(), None, after(self.timeout), 0).await?;
        let content = format!("dry run: `{}` was not run; {}", self.name(), output.content);
        Err(Ending::new(ToolStatus::DryRun, content))
    }

    /// Where the value of a call is kept; none if it is not.
    async fn entry(&self, call: &ToolCall) -> Option<(&Memo, Entry)> {
        let memo = self.member.memo.as_ref()?;
        let (member, asked) = (Arc::clone(self.member), call.clone());
        let version = async move {
            let version = member.tool.version(&asked).await?;
            Ok(ToolOutput::new(&asked, ToolStatus::Success, version))
        };
        match self.end_of(version.boxed(), None, after(self.timeout), 0).await {
            Ok(told) => {
                Some((memo, memo.entry(&call.arguments, self.context.filter.as_ref(), &told.content)))
            }
            Err(ending) => {
                tracing::debug!(tool = self.name(), error = ending.content, "the value is not kept");
                None
            }
        }
    }

    async fn ask_for_approval(&self, call: &ToolCall) -> Result<(), Ending> {
        if !self.member.policy.approve {
            return Ok(());
        }
        let why = match self.decision(call).await {
            Ok(Approval::Approved) => return Ok(()),
            Ok(Approval::Refused { reason }) => format!("it was not approved: {reason}"),
            Ok(Approval::Pending) if self.context.may_wait => return Err(self.waiting()),
            Ok(Approval::Pending) => "nobody has approved it, and it cannot wait".to_owned(),
            Err(why) => why,
        };
        Err(self.not_approved(&why))
    }

    /// What was decided about a call, or why nobody did.
    async fn decision(&self, call: &ToolCall) -> Result<Approval, String> {
        if let Some(decided) = self.context.decisions.get(&call.id) {
            return Ok(decided.clone());
        }
        let approver = self.approver.ok_or("it needs an approval, and nobody can give one")?;
        let asked = AssertUnwindSafe(approver.approve(call, self.context)).catch_unwind();
        let why = match asked.await {
            Ok(Ok(decided)) => return Ok(decided),
            Ok(Err(error)) => error.chain(),
            Err(panic) => panic_text(&*panic).to_owned(),
        };
        Err(format!("nobody could be asked for approval: {why}"))
    }

    fn waiting(&self) -> Ending {
        Ending::new(
            ToolStatus::Pending,
            format!("`{}` was not run yet: it waits for an approval", self.name()),
        )
    }

    fn not_approved(&self, why: &str) -> Ending {
        Ending::new(ToolStatus::Denied, format!("`{}` was not run: {why}", self.name()))
    }

    /// Runs the tool, and again where it failed and the policy and the time admit it.
    async fn tries(&self, call: &ToolCall) -> Result<ToolOutput, Ending> {
        let deadline = after(self.timeout);
        let mut retries = 0;
        loop {
            let ending = match self.attempt(call, deadline, retries).await {
                Ok(output) => return Ok(output),
                Err(ending) => ending,
            };
            let pause = ending.pause.filter(|_| retries < self.member.policy.retries);
            match pause.and_then(|pause| Instant::now().checked_add(pause)) {
                Some(next) if next < deadline => tokio::time::sleep_until(next).await,
                _ => return Err(ending),
            }
            retries += 1;
        }
    }

    /// One run of the tool, in its turn.
    async fn attempt(&self, call: &ToolCall, deadline: Instant, retries: u32) -> Result<ToolOutput, Ending> {
        let breaker = self.member.breaker.as_ref();
        let trial = breaker.map(Breaker::enter).transpose().map_err(|wait| self.unavailable(wait))?;
        self.wait_for_rate(deadline).await?;
        let place = self.place(deadline).await?;
        let outcome = self.run(call.clone(), place, deadline, retries).await;
        if let Some(trial) = trial {
            if outcome.is_ok() { trial.succeeded() } else { trial.failed() }
        }
        outcome
    }

    fn unavailable(&self, wait: Duration) -> Ending {
        let (name, wait) = (self.name(), wait.as_secs_f64().ceil());
        let content = format!(
            "`{name}` was not run: it failed too often; call it again after {wait}s or go on without it"
        );
        Ending::new(ToolStatus::Unavailable, content)
    }

    async fn wait_for_rate(&self, deadline: Instant) -> Result<(), Ending> {
        let Some(buckets) = &self.member.buckets else {
            return Ok(());
        };
        let now = Instant::now();
        let latest = if self.member.policy.rate_excess == RateExcess::Wait { deadline } else { now };
        let session = self.context.session.as_deref().or(self.context.on_behalf_of.as_deref());
        let turn = buckets.lock().unwrap_or_else(PoisonError::into_inner).take(session, now, latest);
        match turn {
            Ok(turn) if turn > now => tokio::time::sleep_until(turn).await,
            Ok(_) => {}
            Err(wait) => return Err(self.rate_limited(wait)),
        }
        Ok(())
    }

    fn rate_limited(&self, wait: Duration) -> Ending {
        let name = self.name();
        let rate = self.member.policy.rate.map(|rate| rate.to_string()).unwrap_or_default();
        let content = format!(
            "`{name}` was not run: it is called too often ({rate}); call it again after {}s or go on without it",
            wait.as_secs_f64().ceil()
        );
        Ending::new(ToolStatus::RateLimited, content)
    }

    /// A place among the calls that run at once.
    async fn place(&self, deadline: Instant) -> Result<Option<OwnedSemaphorePermit>, Ending> {
        let Some(places) = &self.member.places else {
            return Ok(None);
        };
        match timeout_at(deadline, Arc::clone(places).acquire_owned()).await {
            // The semaphore is never closed. A place that comes with the end of the time comes too late.
            Ok(place) if Instant::now() < deadline => Ok(place.ok()),
            _ => Err(self.crowded()),
        }
    }

    fn crowded(&self) -> Ending {
        let (name, timeout) = (self.name(), self.timeout);
        let calls = self.member.policy.concurrency.unwrap_or_default();
        let content = format!(
            "`{name}` was not run: it got no turn within {timeout:?}, since {calls} of its calls may run at once"
        );
        Ending::new(ToolStatus::Timeout, content)
    }

    /// Runs the tool until it ends or the time is over.
    async fn run(
        &self,
        call: ToolCall,
        place: Option<OwnedSemaphorePermit>,
        deadline: Instant,
        retries: u32,
    ) -> Result<ToolOutput, Ending> {
        let (member, context) = (Arc::clone(self.member), self.context.clone());
        let work = async move { member.tool.invoke_for(&call, &context).await }.boxed();
        self.end_of(work, place, deadline, retries).await
    }

    /// What work on a call ends with, or that the time is over.
    async fn end_of(
        &self,
        work: CallFuture,
        place: Option<OwnedSemaphorePermit>,
        deadline: Instant,
        retries: u32,
    ) -> Result<ToolOutput, Ending> {
        let mut task = CallTask::spawn(work, self.scope, place);
        match timeout_at(deadline, &mut task).await {
            Ok(ended) => ended_with(self.name(), ended, retries),
            Err(_) => Err(Ending::new(ToolStatus::Timeout, late(self.name(), self.timeout, task.stop()))),
        }
    }

    fn name(&self) -> &str {
        self.member.name()
    }
}

/// When `duration` is over.
fn after(duration: Duration) -> Instant {
    Instant::now() + duration.min(NEVER)
}

/// What a call that came to its end gives.
fn ended_with(
    name: &str,
    ended: Result<Result<ToolOutput>, JoinError>,
    retries: u32,
) -> Result<ToolOutput, Ending> {
    let (content, pause) = match ended.map_err(JoinError::try_into_panic) {
        Ok(Ok(output)) if output.is_success() => return Ok(output),
        Ok(Ok(output)) => {
            return Err(Ending { usage: output.usage, ..Ending::new(output.status, output.content) });
        }
        Ok(Err(error)) => (format!("`{name}` failed: {}", reason(&error)), pause(&error, retries)),
        Err(Ok(panic)) => (format!("`{name}` panicked: {}", panic_text(&*panic)), None),
        Err(Err(stopped)) => (format!("`{name}` failed: {stopped}"), None),
    };
    Err(Ending { pause, ..Ending::new(ToolStatus::Error, content) })
}

/// As much of an output as the model may see.
pub(super) fn cut(content: String, max_bytes: usize) -> String {
    if content.len() <= max_bytes {
        return content;
    }
    let kept = &content[..content.floor_char_boundary(max_bytes)];
    format!("{kept}… (cut: the output has {} bytes)", content.len())
}

/// What is said of a call that did not end in time.
fn late(name: &str, timeout: Duration, stopped: Stopped) -> String {
    match stopped {
        Stopped::Cancelled => format!("`{name}` did not finish within {timeout:?} and was cancelled"),
        Stopped::Running => format!(
            "`{name}` did not finish within {timeout:?}; it cannot be stopped and may still be running"
        ),
        Stopped::Waiting => format!(
            "`{name}` got no thread within {timeout:?}: all {MAX_BLOCKING_CALLS} for blocking tools are busy"
        ),
    }
}

/// The call with its arguments as an object: some models write them as a string of JSON, or leave them out.
fn with_object(call: &ToolCall) -> Result<ToolCall, String> {
    let arguments = match &call.arguments {
        Value::Null => Value::Object(Map::new()),
        Value::String(text) if text.trim().is_empty() => Value::Object(Map::new()),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Value::Object(fields),
            Ok(_) => return Err(format!("at `/` (`type`): expected a JSON object, got `{}`", excerpt(text))),
            Err(error) => {
                return Err(format!("at `/`: expected a JSON object, got `{}`: {error}", excerpt(text)));
            }
        },
        arguments => arguments.clone(),
    };
    Ok(ToolCall::new(&call.id, &call.name, arguments))
}

/// Why a tool failed, without the words that only name the tool again.
fn reason(error: &Error) -> String {
    let Error::Foreign { source, .. } = error else {
        return error.chain();
    };
    let mut text = source.to_string();
    let mut cause = source.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
