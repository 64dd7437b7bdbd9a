//! What every [`Cache`] does.

use std::sync::Arc;

use rushlight::cache::{Cache, Entry, Key};

/// One test for each case; the argument makes an empty cache that keeps at least ten small entries.
#[macro_export]
macro_rules! cache_suite {
    ($make:expr) => {
        $crate::conformance!(
            cache,
            $make,
            a_key_that_was_never_put_gives_nothing,
            what_was_put_is_got,
            an_empty_entry_is_an_entry,
            putting_again_replaces,
            keys_do_not_meet,
            what_was_removed_is_gone,
            removing_an_unknown_key_does_nothing,
            puts_at_the_same_time_leave_one_of_them,
            works_behind_a_shared_pointer,
        );
    };
}

fn key(name: &str) -> Key {
    Key::builder("conformance").part("name", name).finish()
}

fn entry(text: &str) -> Entry {
    Entry::new(text.as_bytes())
}

/// `get` of an unknown key gives nothing.
pub async fn a_key_that_was_never_put_gives_nothing(cache: &impl Cache) {
    assert_eq!(cache.get(&key("a")).await.unwrap(), None);
}

/// `get` gives what `put` stored.
pub async fn what_was_put_is_got(cache: &impl Cache) {
    cache.put(&key("a"), entry("one")).await.unwrap();

    assert_eq!(cache.get(&key("a")).await.unwrap(), Some(entry("one")));
    assert_eq!(cache.get(&key("a")).await.unwrap(), Some(entry("one")));
}

/// An entry without bytes is not the same as none.
pub async fn an_empty_entry_is_an_entry(cache: &impl Cache) {
    cache.put(&key("a"), entry("")).await.unwrap();

    assert_eq!(cache.get(&key("a")).await.unwrap(), Some(entry("")));
}

/// `put` replaces.
pub async fn putting_again_replaces(cache: &impl Cache) {
    cache.put(&key("a"), entry("one")).await.unwrap();
    cache.put(&key("a"), entry("two")).await.unwrap();

    assert_eq!(cache.get(&key("a")).await.unwrap(), Some(entry("two")));
}

/// Entries of different keys are different entries.
pub async fn keys_do_not_meet(cache: &impl Cache) {
    for name in ["a", "b", "A", "", "a "] {
        cache.put(&key(name), entry(name)).await.unwrap();
    }
    for name in ["a", "b", "A", "", "a "] {
        assert_eq!(cache.get(&key(name)).await.unwrap(), Some(entry(name)));
    }
}

/// After `remove`, `get` gives nothing, and other keys are untouched.
pub async fn what_was_removed_is_gone(cache: &impl Cache) {
    cache.put(&key("a"), entry("one")).await.unwrap();
    cache.put(&key("b"), entry("two")).await.unwrap();

    cache.remove(&key("a")).await.unwrap();

    assert_eq!(cache.get(&key("a")).await.unwrap(), None);
    assert_eq!(cache.get(&key("b")).await.unwrap(), Some(entry("two")));
}

/// `remove` of an unknown key does nothing.
pub async fn removing_an_unknown_key_does_nothing(cache: &impl Cache) {
    cache.remove(&key("a")).await.unwrap();

    assert_eq!(cache.get(&key("a")).await.unwrap(), None);
}

/// Concurrent puts leave one whole entry.
pub async fn puts_at_the_same_time_leave_one_of_them(cache: &impl Cache) {
    let texts: Vec<String> = (0..16).map(|number| number.to_string().repeat(1000)).collect();

    futures::future::join_all(
        texts.iter().map(async |text| cache.put(&key("a"), entry(text)).await.unwrap()),
    )
    .await;

    let kept = cache.get(&key("a")).await.unwrap().unwrap();
    assert!(texts.iter().any(|text| entry(text) == kept));
}

/// An `Arc` of a cache is a cache.
pub async fn works_behind_a_shared_pointer<C: Cache + Clone>(cache: &C) {
    let shared: Arc<dyn Cache> = Arc::new(cache.clone());

    what_was_put_is_got(&shared).await;
}
