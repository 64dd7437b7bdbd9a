//! As much of Qdrant as stores ask for, after its documentation (<https://api.qdrant.tech>): it shows that requests and
//! replies fit together, not what a server does.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::super::http::{Asked, Server};

/// The one collection.
#[derive(Default)]
struct Collection {
    vectors: Option<Value>,
    points: BTreeMap<u64, Point>,
}

struct Point {
    vector: Vec<f32>,
    payload: Value,
}

pub(super) fn new() -> Server {
    let collection = Mutex::new(Collection::default());
    Server::new(move |asked| {
        let reply = collection.lock().unwrap().reply(asked);
        match reply {
            Some(result) => (200, json!({ "status": "ok", "result": result }).to_string()),
            None => (404, json!({ "status": { "error": "Not found" } }).to_string()),
        }
    })
}

impl Collection {
    fn reply(&mut self, asked: &Asked) -> Option<Value> {
        let mut words = asked.head.split_whitespace();
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let path = target.split('?').next().unwrap();
        let action = path.split('/').skip(3).collect::<Vec<_>>().join("/");
        let body = &asked.body;
        match (method, action.as_str()) {
            ("PUT", "") => {
                self.vectors = Some(body["vectors"].clone());
                Some(json!(true))
            }
            ("GET", "") => Some(json!({ "config": { "params": { "vectors": self.vectors.clone()? } } })),
            ("PUT", "index") => Some(json!({ "status": "completed" })),
            ("PUT", "points") => self.put(body),
            ("POST", "points/delete") => {
                let ids: Vec<u64> = serde_json::from_value(body["points"].clone()).unwrap();
                self.points.retain(|id, _| !ids.contains(id));
                Some(json!({ "status": "completed" }))
            }
            ("POST", "points/count") => Some(json!({ "count": self.points.len() })),
            ("POST", "points/query") => Some(self.query(body)),
            _ => None,
        }
    }

    fn put(&mut self, body: &Value) -> Option<Value> {
        for point in body["points"].as_array()? {
            let vector = serde_json::from_value(point["vector"].clone()).unwrap();
            let payload = point["payload"].clone();
            self.points.insert(point["id"].as_u64()?, Point { vector, payload });
        }
        Some(json!({ "status": "completed" }))
    }

    /// Ties by descending id, which a server is free to do.
    fn query(&self, body: &Value) -> Value {
        let query: Vec<f32> = serde_json::from_value(body["query"].clone()).unwrap();
        let is_distance = self.vectors.as_ref().unwrap()["distance"] == "Euclid";
        let score = |vector: &[f32]| {
            let pairs = || vector.iter().zip(&query);
            if is_distance {
                pairs().map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
            } else {
                pairs().map(|(a, b)| a * b).sum()
            }
        };
        let matching = self.points.iter().rev().filter(|(_, point)| holds(&body["filter"], &point.payload));
        let mut found: Vec<(u64, f32)> = matching.map(|(id, point)| (*id, score(&point.vector))).collect();
        found.sort_by(|a, b| if is_distance { a.1.total_cmp(&b.1) } else { b.1.total_cmp(&a.1) });
        found.truncate(body["limit"].as_u64().unwrap() as usize);
        let points = found.into_iter().map(|(id, score)| json!({ "id": id, "version": 1, "score": score }));
        json!({ "points": points.collect::<Vec<_>>() })
    }
}

/// Whether a filter, or none, holds for a payload.
fn holds(filter: &Value, payload: &Value) -> bool {
    let clause = |name: &str| filter[name].as_array().cloned();
    let holds_one = |condition: &Value| {
        let Some(key) = condition["key"].as_str() else {
            return condition.get("has_id").is_none() && holds(condition, payload);
        };
        let has = |word: &Value| payload[key].as_array().unwrap().contains(word);
        match condition["match"]["any"].as_array() {
            Some(words) => words.iter().any(has),
            None => has(&condition["match"]["value"]),
        }
    };
    clause("must").unwrap_or_default().iter().all(holds_one)
        && clause("should").is_none_or(|conditions| conditions.iter().any(holds_one))
        && !clause("must_not").unwrap_or_default().iter().any(holds_one)
}
