use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures::{FutureExt, Stream, StreamExt, future};

use super::{Event, EventStream};
use crate::error::panic_text;
use crate::{Error, Result};

/// Hands events from a run to whoever reads its stream, one at a time.
#[derive(Debug, Clone, Default)]
pub(super) struct Emitter {
    slot: Arc<Mutex<Slot>>,
}

#[derive(Debug, Default)]
struct Slot {
    event: Option<Event>,
    waker: Option<Waker>,
}

impl Emitter {
    /// Gives one event away and waits until the reader asks for the next. One at a time: a second event would
    /// take the place of the first.
    pub(super) async fn emit(&self, event: Event) {
        self.held().event = Some(event);
        future::poll_fn(|context| {
            let mut slot = self.held();
            if slot.event.is_none() {
                return Poll::Ready(());
            }
            slot.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn take(&self) -> Option<Event> {
        self.held().event.take()
    }

    /// Tells the work that the reader is back; needed where the work polls itself through wakers of its own.
    fn wake(&self, reader: &Waker) {
        if let Some(waker) = self.held().waker.take()
            && !waker.will_wake(reader)
        {
            waker.wake();
        }
    }

    fn held(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The events that `work` emits, then its error if it fails.
///
/// The work is polled only while the stream is, never ahead of the reader, and dropped with the stream. A
/// panic in it becomes an error.
pub(super) fn events<W>(work: impl FnOnce(Emitter) -> W) -> EventStream
where
    W: Future<Output = Result<()>> + Send + 'static,
{
    let emitter = Emitter::default();
    let work = AssertUnwindSafe(work(emitter.clone())).catch_unwind();
    let work = work.map(|outcome| outcome.unwrap_or_else(|panic| Err(panicked(&*panic))));
    Events { emitter, work: Some(Box::pin(work)), error: None }.boxed()
}

struct Events<W> {
    emitter: Emitter,
    work: Option<Pin<Box<W>>>,
    error: Option<Error>,
}

impl<W: Future<Output = Result<()>>> Stream for Events<W> {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.emitter.wake(context.waker());
        if let Some(work) = self.work.as_mut()
            && let Poll::Ready(outcome) = work.as_mut().poll(context)
        {
            self.work = None;
            self.error = outcome.err();
        }
        if let Some(event) = self.emitter.take() {
            return Poll::Ready(Some(Ok(event)));
        }
        match self.work {
            Some(_) => Poll::Pending,
            None => Poll::Ready(self.error.take().map(Err)),
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    Error::Foreign { what: "the run".to_owned(), source: format!("panicked: {}", panic_text(panic)).into() }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures::TryStreamExt;

    use super::*;

    fn text(text: &str) -> Event {
        Event::Text { text: text.to_owned() }
    }

    #[tokio::test]
    async fn events_come_in_order_and_then_the_error() {
        let mut stream = events(async |emitter: Emitter| {
            emitter.emit(text("a")).await;
            emitter.emit(text("b")).await;
            Err(Error::Cancelled)
        });

        assert_eq!(stream.next().await.unwrap().unwrap(), text("a"));
        assert_eq!(stream.next().await.unwrap().unwrap(), text("b"));
        assert!(matches!(stream.next().await, Some(Err(Error::Cancelled))));
        assert!(stream.next().await.is_none());
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn the_work_never_runs_ahead_of_the_reader() {
        let steps = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&steps);
        let mut stream = events(move |emitter| async move {
            for _ in 0..10 {
                counted.fetch_add(1, Ordering::SeqCst);
                emitter.emit(text("x")).await;
            }
            Ok(())
        });
        assert_eq!(steps.load(Ordering::SeqCst), 0);

        for expected in 1..=3 {
            stream.next().await;
            assert_eq!(steps.load(Ordering::SeqCst), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_and_an_error_of_the_same_poll_both_arrive() {
        let mut stream = events(|emitter| async move {
            let emits = async {
                emitter.emit(text("a")).await;
                emitter.emit(text("b")).await;
            };
            match tokio::time::timeout(Duration::from_secs(1), emits).await {
                Ok(()) => Ok(()),
                Err(_) => Err(Error::Cancelled),
            }
        });
        stream.next().await;
        tokio::time::advance(Duration::from_secs(2)).await;

        assert_eq!(stream.next().await.unwrap().unwrap(), text("b"));
        assert!(matches!(stream.next().await, Some(Err(Error::Cancelled))));
    }

    #[tokio::test]
    async fn work_that_waits_on_wakers_of_its_own_goes_on() {
        let stream = events(|emitter| async move {
            let emits = async {
                for _ in 0..5 {
                    emitter.emit(text("x")).await;
                }
            };
            // Polls what it holds only when that has woken it.
            let mut all: futures::stream::FuturesUnordered<_> = std::iter::once(emits).collect();
            while all.next().await.is_some() {}
            Ok(())
        });

        let seen: Result<Vec<Event>> =
            tokio::time::timeout(Duration::from_secs(5), stream.try_collect()).await.unwrap();

        assert_eq!(seen.unwrap().len(), 5);
    }

    #[tokio::test]
    async fn a_panic_becomes_an_error() {
        let mut stream = events(async |_| panic!("a part broke"));

        let error = stream.next().await.unwrap().unwrap_err();

        assert_eq!(error.chain(), "the run failed: panicked: a part broke");
    }
}
