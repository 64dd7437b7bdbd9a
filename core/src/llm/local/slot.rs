use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rushlight_models::{Checkpoint, Device, LanguageModel, LoadOptions, LoadProgress, ModelInfo, Tokenizer};
use tokio::time::Instant;

use super::counters::Counters;
use super::files::Files;
use super::memory::Plan;
use super::model::Shared;
use super::options::{KvReuse, LocalLlmOptions};
use super::registry::Admission;
use super::rules::RuleMaker;
use super::worker::Worker;
use crate::{Error, Result};

/// The idle time is looked at this many times before it is over.
const LOOKS: u32 = 4;

/// A pin that is longer would not fit the clock.
const LONGEST_PIN: Duration = Duration::from_hours(24 * 365 * 100);

/// A model's place in memory: empty, or with the loaded model. It is loaded when it is asked for, and can be unloaded and
/// loaded again; its name, its counters and its tokenizer stay.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) info: ModelInfo,
    pub(super) options: LocalLlmOptions,
    pub(super) counters: Arc<Counters>,
    /// Who has to agree before it is loaded.
    pub(super) admission: Option<Admission>,
    state: Mutex<State>,
    /// Held while it is loaded, so that it is loaded once.
    loading: Mutex<()>,
}

#[derive(Debug)]
pub(super) struct State {
    loaded: Option<Loaded>,
    /// What is still in memory after it was unloaded, while streams read from it.
    resident: Weak<Shared>,
    /// Whether there is, or will be in a moment, a model in memory.
    admitted: bool,
    /// Of the model that was loaded last, or made when tokens were counted before the first.
    tokenizer: Option<Tokenizer>,
    /// Of the model that was loaded last; before that, what was asked for.
    pub(super) device: Device,
    pub(super) last_used: Instant,
    pub(super) pinned_until: Option<Instant>,
    pub(super) loads: u64,
    pub(super) load_time: Duration,
}

#[derive(Debug)]
struct Loaded {
    shared: Arc<Shared>,
    /// Ends the thread that waits for the idle time when it is dropped.
    _watch: Option<Sender<()>>,
}

impl State {
    /// Whether it takes memory.
    pub(super) fn is_resident(&self) -> bool {
        self.admitted || self.resident.strong_count() > 0
    }

    pub(super) fn loaded(&self) -> Option<&Arc<Shared>> {
        self.loaded.as_ref().map(|loaded| &loaded.shared)
    }

    /// Whether nobody uses it, and it may be unloaded.
    pub(super) fn may_go(&self, now: Instant) -> bool {
        let is_unused = self.loaded().is_some_and(|shared| Arc::strong_count(shared) == 1);
        is_unused && self.pinned_until.is_none_or(|until| now >= until)
    }
}

impl Slot {
    /// The place of a model.
    pub(super) fn new(model: &Checkpoint, options: LocalLlmOptions, admission: Option<Admission>) -> Self {
        let (path, mut info) = (model.path().to_owned(), model.info().clone());
        // A choice that changes answers is part of the name, unless it is the usual one.
        let reuse = match options.kv_reuse {
            KvReuse::Chunks(recomputed) => format!(" chunks {recomputed}"),
            KvReuse::Off | KvReuse::Prefix => String::new(),
        };
        let calls = if options.constrain_calls { "" } else { " unconstrained" };
        // The size tells apart files that claim the same name.
        let name = format!("{} {} {}{reuse}{calls}", info.name, info.quantisation, info.size_bytes);
        info.context_length = options.context.unwrap_or(info.context_length);
        let state = State {
            loaded: None,
            resident: Weak::new(),
            admitted: false,
            tokenizer: None,
            device: options.device,
            last_used: Instant::now(),
            pinned_until: None,
            loads: 0,
            load_time: Duration::ZERO,
        };
        Self {
            path,
            name,
            info,
            options,
            counters: Arc::default(),
            admission,
            state: Mutex::new(state),
            loading: Mutex::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loaded model; loads it if it is not there. It stays as long as the caller holds it.
    pub(super) fn loaded(self: &Arc<Self>) -> Result<Arc<Shared>> {
        self.loaded_with_progress(None, &|_| ())
    }

    /// The same, from files whose headers are read already, if there are any.
    pub(super) fn loaded_with_progress(
        self: &Arc<Self>,
        files: Option<Files>,
        progress: &dyn Fn(&LoadProgress<'_>),
    ) -> Result<Arc<Shared>> {
        if let Some(shared) = self.used() {
            return Ok(shared);
        }
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = self.used() {
            return Ok(shared);
        }
        match &self.admission {
            Some(admission) => admission.admit(self)?,
            None => self.admit(),
        }
        let loaded = self.load(files, progress);
        let mut state = self.state();
        match loaded {
            Ok((shared, load_time)) => {
                state.resident = Arc::downgrade(&shared);
                state.device = shared.model.device();
                state.tokenizer = Some(shared.model.tokenizer().clone());
                state.loaded = Some(Loaded { shared: Arc::clone(&shared), _watch: self.watch() });
                state.last_used = Instant::now();
                state.loads += 1;
                state.load_time = load_time;
                Ok(shared)
            }
            Err(error) => {
                state.admitted = false;
                Err(error)
            }
        }
    }

    /// Counts it as one that takes memory.
    pub(super) fn admit(&self) {
        self.state().admitted = true;
    }

    fn used(&self) -> Option<Arc<Shared>> {
        let mut state = self.state();
        let shared = Arc::clone(state.loaded()?);
        state.last_used = Instant::now();
        Some(shared)
    }

    fn load(
        &self,
        files: Option<Files>,
        progress: &dyn Fn(&LoadProgress<'_>),
    ) -> Result<(Arc<Shared>, Duration)> {
        let begin = std::time::Instant::now();
        let read = || Files::open(&self.path, &self.name, &self.options);
        let files = files.map_or_else(read, Ok)?;
        let plan = Plan::new(&files, &self.options).map_err(|error| Error::model(&self.name, error))?;
        let load = |checkpoint: Checkpoint, name: &str, options: &LoadOptions| {
            let model = LanguageModel::load(checkpoint, options, progress);
            model.map(Arc::new).map_err(|error| Error::model(name, error))
        };
        let model = load(files.model, &self.name, &plan.load)?;
        let load_draft = |checkpoint: Checkpoint| {
            let name = checkpoint.info().name.clone();
            load(checkpoint, &name, &plan.load_draft)
        };
        let draft = files.draft.map(load_draft).transpose()?;
        let counters = Arc::clone(&self.counters);
        let worker = Worker::start(Arc::clone(&model), draft.clone(), &self.name, &self.options, counters)?;
        let LocalLlmOptions { kv_reuse, constrain_calls, .. } = self.options;
        let (name, rules) = (self.name.clone(), RuleMaker::default());
        let shared = Shared { worker, model, draft, name, kv_reuse, constrain_calls, rules };
        Ok((Arc::new(shared), begin.elapsed()))
    }

    /// The tokenizer, which needs no weights.
    pub(super) fn tokenizer(&self) -> Result<Tokenizer> {
        if let Some(tokenizer) = &self.state().tokenizer {
            return Ok(tokenizer.clone());
        }
        let made = Tokenizer::open(&self.path).map_err(|error| Error::model(&self.name, error))?;
        Ok(self.state().tokenizer.insert(made).clone())
    }

    /// Keeps it from being unloaded, by a registry or because it is idle, for this long from now.
    pub(super) fn pin_for(&self, duration: Duration) {
        self.state().pinned_until = Some(Instant::now() + duration.min(LONGEST_PIN));
    }

    /// Unloads it, now or as soon as the last stream that reads from it is gone.
    pub(super) fn unload(&self) {
        drop(self.take(|_| true));
    }

    /// Unloads it if it may go, and tells whether it did.
    pub(super) fn unload_if_unused(&self, now: Instant) -> bool {
        let taken = self.take(|state| state.may_go(now));
        taken.is_some()
    }

    /// What was loaded; the caller drops it without holding the lock.
    fn take(&self, may: impl FnOnce(&State) -> bool) -> Option<Loaded> {
        let mut state = self.state();
        if !may(&state) {
            return None;
        }
        let loaded = state.loaded.take()?;
        state.admitted = false;
        Some(loaded)
    }

    /// Starts the thread that unloads the model when it was idle for long enough; it ends when the sender is dropped.
    fn watch(self: &Arc<Self>) -> Option<Sender<()>> {
        let idle = self.options.unload_after?;
        let (sender, receiver) = channel();
        let slot = Arc::downgrade(self);
        let watch = move || {
            let mut quiet = 0;
            let mut seen = None;
            while receiver.recv_timeout(idle / LOOKS) == Err(RecvTimeoutError::Timeout) {
                let Some(slot) = slot.upgrade() else { return };
                let now = Instant::now();
                let used = { slot.state().last_used };
                let is_quiet = seen == Some(used) && slot.state().may_go(now);
                quiet = if is_quiet { quiet + 1 } else { 0 };
                seen = Some(used);
                if quiet == LOOKS && slot.unload_if_unused(now) {
                    return;
                }
            }
        };
        // Without a thread it stays loaded.
        std::thread::Builder::new().name("rushlight-idle".to_owned()).spawn(watch).ok()?;
        Some(sender)
    }
}
