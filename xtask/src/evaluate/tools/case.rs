use std::collections::BTreeMap;

use rushlight::{Message, ToolSpec};
use serde_json::{Map, Value};

/// A prompt with tools, and what a model is to make of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    pub(super) messages: Vec<Message>,
    pub(super) tools: Vec<ToolSpec>,
    pub(super) expected: Expected,
}

/// What is right.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expected {
    /// One call, and this one.
    Call(Gold),
    /// No call.
    Text,
}

/// The right call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gold {
    pub(super) name: String,
    /// The values that are right for each argument; an empty text among them says that it may be left out.
    pub(super) arguments: BTreeMap<String, Vec<Value>>,
}

impl Gold {
    /// A call with one right value for each argument.
    pub(super) fn exactly(name: &str, arguments: Map<String, Value>) -> Self {
        let arguments = arguments.into_iter().map(|(key, value)| (key, vec![value])).collect();
        Self { name: tool_name(name), arguments }
    }
}

/// The name as models are told it: of letters, digits, `_` and `-`.
pub(super) fn tool_name(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::tool_name;

    #[test]
    fn names_are_those_that_models_may_be_told() {
        assert_eq!(tool_name("math.hypot"), "math_hypot");
    }
}
