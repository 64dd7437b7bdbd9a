use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::time::Instant;

use super::Key;

/// How long a waiting caller bears with a leader that does not go on.
const PATIENCE: Duration = Duration::from_secs(1);

/// An asynchronous lock for each key, so that the same work asked twice at once is done once.
///
/// Whoever gets the lock first does the work and stores the result; whoever waited looks for the result
/// before doing the work again. Copies of the handle share the locks.
///
/// # Cancellation
///
/// Dropping a [`Flight`], or the future that waits for one, frees the key; the next waiter takes over.
#[derive(Debug, Clone, Default)]
pub struct SingleFlight {
    slots: Arc<Mutex<HashMap<Key, Arc<Slot>>>>,
}

#[derive(Debug, Default)]
struct Slot {
    lock: Arc<AsyncMutex<()>>,
    paused_since: Mutex<Option<Instant>>,
}

/// The right to work on one key, until it is dropped.
#[derive(Debug)]
#[must_use = "the key is free again as soon as the flight is dropped"]
pub struct Flight {
    guard: Option<OwnedMutexGuard<()>>,
    waited: bool,
    place: Place,
}

/// One caller's hold on a slot: the leader and every waiter have one. The last one to go removes the slot.
#[derive(Debug)]
struct Place {
    key: Key,
    slot: Arc<Slot>,
    slots: Arc<Mutex<HashMap<Key, Arc<Slot>>>>,
}

impl SingleFlight {
    /// No key is locked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until nobody else works on `key`.
    ///
    /// A leader that has [paused](Flight::pause) for a second is not waited for any longer: the caller goes
    /// on beside it, so that a stream which nobody reads cannot block its question for everybody.
    pub async fn lock(&self, key: &Key) -> Flight {
        let slot = Arc::clone(held(&self.slots).entry(*key).or_default());
        let place = Place { key: *key, slot, slots: Arc::clone(&self.slots) };
        let lock = Arc::clone(&place.slot.lock);
        if let Ok(guard) = Arc::clone(&lock).try_lock_owned() {
            return Flight { guard: Some(guard), waited: false, place };
        }
        let mut turn = std::pin::pin!(lock.lock_owned());
        loop {
            if let Ok(guard) = tokio::time::timeout(PATIENCE / 4, &mut turn).await {
                return Flight { guard: Some(guard), waited: true, place };
            }
            if held(&place.slot.paused_since).is_some_and(|since| since.elapsed() >= PATIENCE) {
                return Flight { guard: None, waited: true, place };
            }
        }
    }

    /// The number of keys that somebody works on or waits for.
    pub fn len(&self) -> usize {
        held(&self.slots).len()
    }

    /// Whether nobody works on any key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Flight {
    /// Whether somebody else worked on the key meanwhile, so that there may be a result now.
    pub fn waited(&self) -> bool {
        self.waited
    }

    /// Tells those who wait that the work stands still, for a reason outside of it.
    pub fn pause(&self) {
        self.set_paused(Some(Instant::now()));
    }

    /// Tells those who wait that the work goes on.
    pub fn resume(&self) {
        self.set_paused(None);
    }

    fn set_paused(&self, since: Option<Instant>) {
        if self.guard.is_some() {
            *held(&self.place.slot.paused_since) = since;
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.resume();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut slots = held(&self.slots);
        // Callers clone the slot only under this lock: the map and this place are the last two holders.
        if Arc::strong_count(&self.slot) <= 2 {
            slots.remove(&self.key);
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::builder("test").finish()
    }

    #[tokio::test]
    async fn only_one_works_on_a_key_and_the_next_one_knows_that_it_waited() {
        let flights = SingleFlight::new();
        let leader = flights.lock(&key()).await;
        let waiter = tokio::spawn({
            let flights = flights.clone();
            async move { flights.lock(&key()).await.waited() }
        });
        tokio::task::yield_now().await;
        assert!(!leader.waited());
        assert!(!waiter.is_finished());

        drop(leader);

        assert!(waiter.await.unwrap());
        assert!(flights.is_empty());
    }

    #[tokio::test]
    async fn another_key_is_free() {
        let flights = SingleFlight::new();
        let _leader = flights.lock(&key()).await;

        let other = flights.lock(&Key::builder("other").finish()).await;

        assert!(!other.waited());
        assert_eq!(flights.len(), 2);
    }

    #[tokio::test]
    async fn a_waiter_that_gives_up_leaves_nothing_behind() {
        let flights = SingleFlight::new();
        let leader = flights.lock(&key()).await;

        let waited = tokio::time::timeout(Duration::from_millis(10), flights.lock(&key())).await;

        assert!(waited.is_err());
        drop(leader);
        assert!(flights.is_empty());
        assert!(!flights.lock(&key()).await.waited());
    }

    #[tokio::test(start_paused = true)]
    async fn a_paused_leader_is_overtaken_and_one_that_goes_on_is_not() {
        let flights = SingleFlight::new();
        let leader = flights.lock(&key()).await;
        leader.pause();
        leader.resume();
        assert!(tokio::time::timeout(PATIENCE * 10, flights.lock(&key())).await.is_err());

        leader.pause();
        let overtaking = tokio::time::timeout(PATIENCE * 2, flights.lock(&key())).await;

        assert!(overtaking.is_ok());
    }
}
