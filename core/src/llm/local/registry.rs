use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::files::Files;
use super::memory::{Plan, free_or_assumed};
use super::model::{LocalLlm, off_thread};
use super::options::LocalLlmOptions;
use super::slot::Slot;
use crate::setters::setters;
use crate::{Error, Result};

/// What is unloaded first when memory is needed: of equals the model that was unused for longest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EvictionPriority {
    /// Goes first.
    Low,
    /// Goes when no model of low priority can.
    #[default]
    Normal,
    /// Goes last.
    High,
}

/// Bounds of a [`ModelRegistry`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ModelRegistryOptions {
    /// Bytes that all loaded models may take together, by the estimate of each. Default: three quarters of the memory that
    /// is free when the registry is made, or of 4 GiB where the system does not say.
    pub memory_budget: Option<usize>,
}

setters!(ModelRegistryOptions { ; memory_budget: usize });

/// A model of a [`ModelRegistry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RegisteredModel {
    /// The name under which it was added.
    pub name: String,
    /// Whether it is in memory.
    pub is_loaded: bool,
    /// The bytes that it takes when it is, by the estimate.
    pub memory_bytes: u64,
    /// When it is unloaded.
    pub priority: EvictionPriority,
}

/// Models by name that share a budget of memory.
///
/// A model is loaded when it is first asked something, and stays until it is idle for as long as its options say, or
/// until another one needs its memory: then models go in the order of their [`EvictionPriority`]. One that is
/// generating, or [pinned](LocalLlm::pin_for), never goes. What was unloaded is loaded again when it is asked the next
/// time. Copies of the handle share the models; a model's own handles may outlive the registry.
#[derive(Debug, Clone)]
pub struct ModelRegistry {
    shared: Arc<Registered>,
}

#[derive(Debug)]
struct Registered {
    budget: u64,
    entries: Mutex<Vec<Entry>>,
    /// Held while room is made, so that two models don't take the same.
    admitting: Mutex<()>,
}

#[derive(Debug, Clone)]
struct Entry {
    name: String,
    slot: Arc<Slot>,
    priority: EvictionPriority,
    memory: u64,
}

/// The registry of a model, which makes room for it.
#[derive(Debug, Clone)]
pub(super) struct Admission {
    registry: Weak<Registered>,
    memory: u64,
}

impl ModelRegistry {
    /// A registry without models.
    #[expect(clippy::needless_pass_by_value, reason = "every constructor takes its options over")]
    pub fn new(options: ModelRegistryOptions) -> Self {
        let budget = options.memory_budget.map_or_else(|| free_or_assumed() / 4 * 3, |budget| budget as u64);
        let (entries, admitting) = (Mutex::default(), Mutex::default());
        Self { shared: Arc::new(Registered { budget, entries, admitting }) }
    }

    /// Adds a model by its name in the [`hub`](crate::hub) or by the path of a GGUF file; reads its header and loads
    /// nothing. Its memory budget is at most the registry's.
    ///
    /// # Errors
    ///
    /// Those of [`LocalLlm::open`], and [`Error::Invalid`] for a name that is taken.
    pub async fn add(
        &self,
        name: impl Into<String>,
        name_or_path: &str,
        options: LocalLlmOptions,
        priority: EvictionPriority,
    ) -> Result<LocalLlm> {
        let (name, name_or_path, shared) = (name.into(), name_or_path.to_owned(), Arc::clone(&self.shared));
        off_thread(move || shared.add(name, &name_or_path, options, priority)).await
    }

    /// The model of this name, loaded or not.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a name that was not added.
    pub fn get(&self, name: &str) -> Result<LocalLlm> {
        let entries = self.shared.entries();
        let found = entries.iter().find(|entry| entry.name == name);
        found.map(|entry| LocalLlm::at(Arc::clone(&entry.slot))).ok_or_else(|| {
            let known: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
            Error::Unknown { what: "model", name: name.to_owned(), known: known.join(", ") }
        })
    }

    /// The models in the order in which they were added.
    pub fn models(&self) -> Vec<RegisteredModel> {
        let described = |entry: &Entry| RegisteredModel {
            name: entry.name.clone(),
            is_loaded: entry.slot.state().loaded().is_some(),
            memory_bytes: entry.memory,
            priority: entry.priority,
        };
        self.shared.entries().iter().map(described).collect()
    }

    /// The bytes that all loaded models may take together.
    pub fn memory_budget(&self) -> u64 {
        self.shared.budget
    }
}

impl Default for ModelRegistry {
    fn default() -> Self {
        Self::new(ModelRegistryOptions::default())
    }
}

impl Registered {
    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(
        self: Arc<Self>,
        name: String,
        name_or_path: &str,
        mut options: LocalLlmOptions,
        priority: EvictionPriority,
    ) -> Result<LocalLlm> {
        let budget = usize::try_from(self.budget).unwrap_or(usize::MAX);
        options.memory_budget = Some(options.memory_budget.map_or(budget, |own| own.min(budget)));
        let files = Files::find(name_or_path, &options)?;
        let plan = Plan::new(&files, &options).map_err(|error| Error::model(name_or_path, error))?;
        // What it gets now is what it gets each time.
        options.kv_budget = Some(plan.kv_budget);
        let memory = plan.memory.total();
        let admission = Admission { registry: Arc::downgrade(&self), memory };
        let slot = Arc::new(Slot::new(&files.model, options, Some(admission)));
        let mut entries = self.entries();
        if entries.iter().any(|entry| entry.name == name) {
            return Err(Error::invalid("name", format!("expected one that is not taken, got `{name}`")));
        }
        entries.push(Entry { name, slot: Arc::clone(&slot), priority, memory });
        Ok(LocalLlm::at(slot))
    }

    /// Unloads models until there is room for `memory` bytes of `newcomer`, and counts them as taken.
    fn admit(&self, newcomer: &Arc<Slot>, memory: u64) -> Result<()> {
        let _turn = self.admitting.lock().unwrap_or_else(PoisonError::into_inner);
        let others: Vec<Entry> = {
            let is_other = |entry: &&Entry| !Arc::ptr_eq(&entry.slot, newcomer);
            self.entries().iter().filter(is_other).cloned().collect()
        };
        loop {
            let taken: u64 = others
                .iter()
                .filter(|entry| entry.slot.state().is_resident())
                .map(|entry| entry.memory)
                .sum();
            if taken.saturating_add(memory) <= self.budget {
                newcomer.admit();
                return Ok(());
            }
            let now = Instant::now();
            let first = others
                .iter()
                .filter(|entry| entry.slot.state().may_go(now))
                .min_by_key(|entry| (entry.priority, entry.slot.state().last_used));
            let Some(first) = first else {
                let limit = usize::try_from(self.budget).unwrap_or(usize::MAX);
                return Err(Error::Overloaded { what: "the memory of the models in bytes", limit });
            };
            // It may have been asked something in between; then another one goes.
            first.slot.unload_if_unused(now);
        }
    }
}

impl Admission {
    /// Makes room for a model and counts it as one that takes memory; a registry that is gone has nothing to say.
    pub(super) fn admit(&self, newcomer: &Arc<Slot>) -> Result<()> {
        let Some(registry) = self.registry.upgrade() else {
            newcomer.admit();
            return Ok(());
        };
        registry.admit(newcomer, self.memory)
    }
}
