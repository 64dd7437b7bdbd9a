use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::duration;
use crate::retrieval::Filter;
use crate::setters::setters;
use crate::tools::canonical::canonical;

/// For how long, and how many, values of a tool are given again to calls with the same arguments.
///
/// In its JSON form it may be a duration alone: `"10m"`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ResultCache {
    /// How long a value is given again.
    #[serde(with = "duration")]
    pub ttl: Duration,
    /// How many values are kept, at least 1; then the oldest goes. Default 256.
    pub entries: usize,
}

setters!(ResultCache { entries: usize });

impl ResultCache {
    /// Up to 256 values, each for this time.
    pub fn new(ttl: Duration) -> Self {
        Self { ttl, entries: 256 }
    }
}

#[derive(Deserialize)]
struct Lifetime(#[serde(with = "duration")] Duration);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    ttl: Lifetime,
    entries: Option<usize>,
}

impl<'de> Deserialize<'de> for ResultCache {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if !value.is_object() {
            let Lifetime(ttl) = serde_json::from_value(value).map_err(Error::custom)?;
            return Ok(Self::new(ttl));
        }
        let Fields { ttl: Lifetime(ttl), entries } = serde_json::from_value(value).map_err(Error::custom)?;
        let made = Self::new(ttl);
        Ok(Self { entries: entries.unwrap_or(made.entries), ..made })
    }
}

/// The values that a tool gave.
#[derive(Debug)]
pub(in crate::tools) struct Memo {
    options: ResultCache,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    values: HashMap<[u8; 32], (String, Instant)>,
    /// Oldest first. All live equally long, so that the oldest is also the first to expire.
    order: VecDeque<[u8; 32]>,
    /// How often all were forgotten.
    generation: u64,
}

/// Where the value of a call belongs.
#[derive(Debug, Clone, Copy)]
pub(in crate::tools) struct Entry {
    key: [u8; 32],
    generation: u64,
}

impl Memo {
    pub(in crate::tools) fn new(options: ResultCache) -> Self {
        Self { options, kept: Mutex::default() }
    }

    /// The place of these arguments' value, for runs that may find the same, and as long as this is the tool's version.
    pub(in crate::tools) fn entry(&self, arguments: &Value, filter: Option<&Filter>, version: &str) -> Entry {
        let key = Sha256::digest(format!("{}{filter:?}{version}", canonical(arguments))).into();
        Entry { key, generation: self.held().generation }
    }

    /// The value, if there is one that has not expired.
    pub(in crate::tools) fn get(&self, entry: Entry) -> Option<String> {
        let kept = self.held();
        let (value, made) = kept.values.get(&entry.key)?;
        (made.elapsed() < self.options.ttl).then(|| value.clone())
    }

    /// Keeps a value, unless all were forgotten since the entry was asked for.
    pub(in crate::tools) fn put(&self, entry: Entry, value: String) {
        let mut kept = self.held();
        if kept.generation != entry.generation {
            return;
        }
        let now = Instant::now();
        if kept.values.insert(entry.key, (value, now)).is_some() {
            kept.order.retain(|key| *key != entry.key);
        }
        kept.order.push_back(entry.key);
        while kept.values.len() > self.options.entries || self.oldest_is_over(&kept) {
            let Some(oldest) = kept.order.pop_front() else { break };
            kept.values.remove(&oldest);
        }
    }

    fn oldest_is_over(&self, kept: &Kept) -> bool {
        let oldest = kept.order.front().and_then(|key| kept.values.get(key));
        oldest.is_some_and(|(_, made)| made.elapsed() >= self.options.ttl)
    }

    /// Forgets all values, also those of calls that still run.
    pub(in crate::tools) fn clear(&self) {
        let mut kept = self.held();
        *kept = Kept { generation: kept.generation + 1, ..Kept::default() };
    }

    fn held(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TTL: Duration = Duration::from_mins(1);

    fn memo(entries: usize) -> Memo {
        Memo::new(ResultCache::new(TTL).entries(entries))
    }

    fn put(memo: &Memo, number: usize) {
        memo.put(memo.entry(&json!({"n": number}), None, ""), number.to_string());
    }

    fn get(memo: &Memo, number: usize) -> Option<String> {
        memo.get(memo.entry(&json!({"n": number}), None, ""))
    }

    #[tokio::test(start_paused = true)]
    async fn equal_arguments_are_one_entry_in_any_order() {
        let memo = memo(8);
        memo.put(memo.entry(&json!({"a": 1, "b": {"c": [1, 2], "d": null}}), None, ""), "kept".to_owned());

        let same = memo.entry(&json!({"b": {"d": null, "c": [1, 2]}, "a": 1}), None, "");
        assert_eq!(memo.get(same).as_deref(), Some("kept"));
        for other in [json!({"a": 1, "b": {"c": [2, 1], "d": null}}), json!({"a": "1", "b": {}}), json!({})] {
            assert_eq!(memo.get(memo.entry(&other, None, "")), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_expires_and_the_oldest_go_first() {
        let memo = memo(2);
        put(&memo, 1);
        tokio::time::advance(TTL / 2).await;
        put(&memo, 2);
        put(&memo, 3);
        assert_eq!([1, 2, 3].map(|number| get(&memo, number).is_some()), [false, true, true]);

        tokio::time::advance(TTL.abs_diff(Duration::from_millis(1))).await;
        assert!(get(&memo, 3).is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(get(&memo, 3), None);
    }

    #[tokio::test(start_paused = true)]
    async fn however_often_values_are_replaced_memory_is_bounded() {
        let memo = memo(4);
        for round in 0..10_000 {
            put(&memo, round % 7);
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        for _ in 0..10_000 {
            put(&memo, 1);
        }

        let kept = memo.held();
        assert_eq!((kept.values.len(), kept.order.len()), (4, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_forgotten_does_not_come_back_from_a_call_that_ran() {
        let memo = memo(8);
        put(&memo, 1);
        let running = memo.entry(&json!({"n": 2}), None, "");

        memo.clear();
        memo.put(running, "old".to_owned());

        assert_eq!([get(&memo, 1), get(&memo, 2)], [None, None]);
        put(&memo, 2);
        assert!(get(&memo, 2).is_some());
    }
}
