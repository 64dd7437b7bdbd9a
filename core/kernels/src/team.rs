//! Threads that stand by for the many short parts of a pass.
//!
//! A pass through a language model is a few hundred parts of 10 to 100 µs that depend on each other. To wake a thread
//! that sleeps takes about as long as such a part; so the threads are woken once, for a whole pass, and wait for its
//! parts by looking (see `benches/decode.rs`).

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

#[cfg(test)]
mod tests;

/// Looks after which a thread that waits lets others run.
const LOOKS: u32 = 4_096;

/// The number of [`Team::posted`] when the pass is over.
const OVER: usize = usize::MAX;

thread_local! {
    /// The team that this thread leads.
    static LED: RefCell<Option<Arc<Team>>> = const { RefCell::new(None) };
    /// Whether this thread shares nothing out.
    static ALONE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, in which this thread shares nothing out: where the other threads have as much to do by themselves.
pub fn alone<R>(work: impl FnOnce() -> R) -> R {
    let _before = WasAlone(ALONE.replace(true));
    work()
}

/// Whether a thread was alone before [`alone`], and is again when this is dropped.
struct WasAlone(bool);

impl Drop for WasAlone {
    fn drop(&mut self) {
        ALONE.set(self.0);
    }
}

/// The threads that share what this one gives to [`for_each`].
pub fn threads() -> usize {
    if ALONE.get() { 1 } else { rayon::current_num_threads() }
}

/// Runs `pass` with the other threads of rayon's current pool standing by for what it gives to [`for_each`].
///
/// They are busy until it ends, also while it computes alone. One that is busy otherwise joins when it is free; nobody
/// waits for it. `pass` must not wait for tasks of rayon, whose threads these are.
pub fn lead<R>(pass: impl FnOnce() -> R) -> R {
    let others = rayon::current_num_threads() - 1;
    if others == 0 || LED.with_borrow(Option::is_some) {
        return pass();
    }
    let team = Arc::new(Team::default());
    for _ in 0..others {
        let team = Arc::clone(&team);
        rayon::spawn(move || team.stand_by());
    }
    let _led = Led::new(team);
    pass()
}

/// Calls `run` with every task, in any order, on the threads of the team that this thread leads, or else of one for these
/// tasks alone.
///
/// # Panics
///
/// If `run` does, once nobody works any more.
pub fn for_each<T: Send>(tasks: Vec<T>, run: impl Fn(T) + Sync) {
    if tasks.len() < 2 || threads() == 1 {
        return tasks.into_iter().for_each(run);
    }
    let tasks: Vec<Mutex<Option<T>>> = tasks.into_iter().map(|task| Mutex::new(Some(task))).collect();
    let run = |index: usize| {
        let task = tasks[index].lock().unwrap_or_else(PoisonError::into_inner).take();
        task.into_iter().for_each(&run);
    };
    lead(|| {
        // What a task itself shares out is not for this team, whose threads are at work.
        let led = Restore(LED.take());
        match &led.0 {
            Some(team) => team.share(tasks.len(), &run),
            None => (0..tasks.len()).for_each(run),
        }
    });
}

/// A thread's team, which ends when this is dropped.
struct Led;

impl Led {
    fn new(team: Arc<Team>) -> Self {
        LED.set(Some(team));
        Self
    }
}

impl Drop for Led {
    fn drop(&mut self) {
        if let Some(team) = LED.take() {
            team.posted.0.store(OVER, Ordering::Release);
        }
    }
}

/// Gives a thread its team back.
struct Restore(Option<Arc<Team>>);

impl Drop for Restore {
    fn drop(&mut self) {
        LED.set(self.0.take());
    }
}

/// Keeps what one thread writes away from what others look at.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Apart<T>(T);

/// What a leader and those who stand by have in common.
#[derive(Debug, Default)]
struct Team {
    /// How many jobs there were, or [`OVER`].
    posted: Apart<AtomicUsize>,
    /// The job that may be worked at, or null.
    job: Apart<AtomicPtr<Job<'static>>>,
    /// The threads that may hold a reference to the job.
    inside: Apart<AtomicUsize>,
}

/// Tasks that are shared out.
struct Job<'a> {
    run: &'a (dyn Fn(usize) + Sync),
    count: usize,
    /// The next task that nobody has taken.
    next: Apart<AtomicUsize>,
    /// What a task panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Job<'_> {
    /// Works until no task is left.
    fn work(&self) {
        let work = || {
            loop {
                let index = self.next.0.fetch_add(1, Ordering::Relaxed);
                if index >= self.count {
                    break;
                }
                (self.run)(index);
            }
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
    }
}

impl Team {
    /// Runs `count` tasks together with those who stand by.
    fn share(&self, count: usize, run: &(dyn Fn(usize) + Sync)) {
        let job = Job { run, count, next: Apart::default(), panic: Mutex::default() };
        self.job.0.store(ptr::from_ref(&job).cast::<Job<'static>>().cast_mut(), Ordering::SeqCst);
        self.posted.0.fetch_add(1, Ordering::Release);
        job.work();
        self.job.0.store(ptr::null_mut(), Ordering::SeqCst);
        wait(|| self.inside.0.load(Ordering::SeqCst) == 0);
        if let Some(panic) = job.panic.into_inner().unwrap_or_else(PoisonError::into_inner) {
            resume_unwind(panic);
        }
    }

    /// Works at every job until the pass is over.
    fn stand_by(&self) {
        let mut seen = 0;
        loop {
            wait(|| self.posted.0.load(Ordering::Acquire) != seen);
            seen = self.posted.0.load(Ordering::Acquire);
            if seen == OVER {
                return;
            }
            self.inside.0.fetch_add(1, Ordering::SeqCst);
            let job = self.job.0.load(Ordering::SeqCst);
            // SAFETY: the pointer is null or that of a job in `share`. There, null is stored before `inside` is read, here
            // `inside` is raised before the pointer is read, and all four are in one order that everybody sees: if the
            // pointer is not null here, `share` does not see 0 before it is lowered below, and the job lives until then.
            // Panics do not leave `work`, here or in `share`, so neither misses its step.
            if let Some(job) = unsafe { job.as_ref() } {
                job.work();
            }
            self.inside.0.fetch_sub(1, Ordering::Release);
        }
    }
}

/// Looks until something is so.
fn wait(is_so: impl Fn() -> bool) {
    let mut looks = 0;
    while !is_so() {
        if looks < LOOKS {
            looks += 1;
            spin_loop();
        } else {
            thread::yield_now();
        }
    }
}
