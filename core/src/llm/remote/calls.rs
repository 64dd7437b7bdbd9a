use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::message::ToolCall;

/// Calls that one answer may have.
const MAX_CALLS: usize = 128;

/// A piece of a call, as it comes.
#[derive(Debug, Deserialize)]
pub(super) struct Fragment {
    /// The call's place among those of the answer.
    index: Option<usize>,
    id: Option<String>,
    #[serde(default)]
    function: Option<FunctionFragment>,
}

#[derive(Debug, Default, Deserialize)]
struct FunctionFragment {
    name: Option<String>,
    /// A piece of JSON; some servers give the object itself, whole.
    arguments: Option<Value>,
}

/// The calls of an answer while their pieces come.
#[derive(Debug, Default)]
pub(super) struct OpenCalls {
    calls: Vec<OpenCall>,
}

#[derive(Debug, Default)]
struct OpenCall {
    index: usize,
    id: String,
    name: String,
    arguments: String,
}

impl OpenCalls {
    /// Adds a piece to its call: that of its index, or else the last one, unless it begins another.
    ///
    /// # Errors
    ///
    /// A message, for more calls than anybody can run.
    pub(super) fn push(&mut self, fragment: Fragment) -> Result<(), String> {
        let function = fragment.function.unwrap_or_default();
        let (id, name) = (fragment.id.unwrap_or_default(), function.name.unwrap_or_default());
        let arguments = match function.arguments {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text,
            Some(whole) => whole.to_string(),
        };
        let place = match fragment.index {
            Some(index) => self.calls.iter().rposition(|call| call.index == index),
            None => self.calls.len().checked_sub(1),
        };
        let place = place.filter(|&place| !self.calls[place].is_before(&id, &name));
        match place {
            Some(place) => self.calls[place].push(&id, &name, &arguments),
            None if self.calls.len() == MAX_CALLS => {
                return Err(format!("expected at most {MAX_CALLS} calls of tools, got more"));
            }
            None => {
                let index = fragment.index.unwrap_or(self.calls.len());
                self.calls.push(OpenCall { index, id, name, arguments });
            }
        }
        Ok(())
    }

    /// Bytes of names and arguments.
    pub(super) fn len(&self) -> usize {
        self.calls.iter().map(|call| call.name.len() + call.arguments.len()).sum()
    }

    /// The calls in their order, each with an id of its own: its own, if it is not `taken`, or a number from `number` on.
    pub(super) fn finish(self, mut taken: HashSet<String>, mut number: usize) -> Vec<ToolCall> {
        let with_id = |mut call: OpenCall| {
            while call.id.is_empty() || taken.contains(&call.id) {
                call.id = format!("call_{number}");
                number += 1;
            }
            taken.insert(call.id.clone());
            let arguments = read(call.arguments);
            ToolCall::new(call.id, call.name, arguments)
        };
        self.calls.into_iter().map(with_id).collect()
    }
}

impl OpenCall {
    /// Whether a piece with this id and name begins another call: some servers give all calls the same index, and some none.
    fn is_before(&self, id: &str, name: &str) -> bool {
        let is_other = if id.is_empty() { self.id.is_empty() && name != self.name } else { id != self.id };
        !name.is_empty() && !self.arguments.is_empty() && is_other
    }

    /// Id and name come once, in pieces, or again with every piece.
    fn push(&mut self, id: &str, name: &str, arguments: &str) {
        if id != self.id {
            self.id.push_str(id);
        }
        if name != self.name {
            self.name.push_str(name);
        }
        self.arguments.push_str(arguments);
    }
}

/// Arguments that are an object, or the text that is none, for whoever checks them.
fn read(arguments: String) -> Value {
    if arguments.trim().is_empty() {
        return Value::Object(Map::new());
    }
    match serde_json::from_str(&arguments) {
        Ok(object) => Value::Object(object),
        Err(_) => Value::String(arguments),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn calls(fragments: Vec<Value>) -> Vec<ToolCall> {
        let mut open = OpenCalls::default();
        for fragment in fragments {
            open.push(serde_json::from_value(fragment).unwrap()).unwrap();
        }
        open.finish(HashSet::from(["call_1".to_owned(), "used".to_owned()]), 1)
    }

    fn piece(index: usize, id: &str, name: &str, arguments: &str) -> Value {
        json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
    }

    #[test]
    fn pieces_go_to_the_call_of_their_index() {
        let found = calls(vec![
            piece(0, "a", "add", ""),
            piece(1, "b", "now", ""),
            json!({"index": 0, "function": {"arguments": "{\"a\""}}),
            json!({"index": 1, "id": null, "function": {"name": null, "arguments": "{}"}}),
            json!({"index": 0, "function": {"arguments": ": 1}"}}),
        ]);

        let expected = [ToolCall::new("a", "add", json!({"a": 1})), ToolCall::new("b", "now", json!({}))];
        assert_eq!(found, expected);
    }

    #[test]
    fn ids_and_names_come_in_pieces_or_again_and_again() {
        let expected = [ToolCall::new("id_7", "get_time", json!({"a": 1}))];

        let pieces =
            vec![piece(0, "id_", "get", ""), piece(0, "7", "_time", ""), piece(0, "", "", "{\"a\": 1}")];
        assert_eq!(calls(pieces), expected);
        let again = ["{\"a\"", ": ", "1}"].map(|arguments| piece(0, "id_7", "get_time", arguments));
        assert_eq!(calls(again.to_vec()), expected);
    }

    #[test]
    fn calls_without_an_index_or_all_with_the_same_are_told_apart() {
        let expected =
            [ToolCall::new("a", "add", json!({"a": 1})), ToolCall::new("b", "add", json!({"a": 2}))];

        let same = vec![piece(0, "a", "add", "{\"a\": 1}"), piece(0, "b", "add", "{\"a\": 2}")];
        assert_eq!(calls(same), expected);
        let none = vec![
            json!({"id": "a", "function": {"name": "add", "arguments": "{\"a\""}}),
            json!({"function": {"arguments": ": 1}"}}),
            json!({"id": "b", "function": {"name": "add", "arguments": {"a": 2}}}),
        ];
        assert_eq!(calls(none), expected);
    }

    #[test]
    fn every_call_has_an_id_of_its_own() {
        let call = |index, id| piece(index, id, "now", "");
        let found = calls(vec![call(0, ""), call(1, "used"), call(2, "own"), call(3, "own")]);

        let ids: Vec<&str> = found.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids, ["call_2", "call_3", "own", "call_4"]);
    }

    #[test]
    fn arguments_that_are_no_object_are_handed_on_as_text() {
        let arguments = |text: &str| calls(vec![piece(0, "a", "add", text)])[0].arguments.clone();

        assert_eq!(arguments(" "), json!({}));
        assert_eq!(arguments("{\"a\": 1, \"b\": "), json!("{\"a\": 1, \"b\": "));
        assert_eq!(arguments("[1]"), json!("[1]"));
        let deep = "[".repeat(100_000);
        assert_eq!(arguments(&deep), json!(deep));
    }

    #[test]
    fn calls_beyond_any_number_that_can_be_run_are_refused() {
        let mut open = OpenCalls::default();
        let mut push = |index| open.push(serde_json::from_value(piece(index, "", "now", "")).unwrap());

        assert_eq!(
            (0..MAX_CALLS).map(&mut push).collect::<Result<Vec<()>, _>>().map(|calls| calls.len()),
            Ok(128)
        );
        assert_eq!(push(MAX_CALLS), Err("expected at most 128 calls of tools, got more".to_owned()));
    }
}
