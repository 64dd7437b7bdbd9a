use serde_json::{Map, Value};

use super::case::Gold;
use crate::engine::Call;

/// Whether the call is the right one, as the Berkeley Function-Calling Leaderboard checks it: every argument has one of
/// the right values, none is missing that may not be, and there is no other. Texts are equal but for case, blanks and
/// some punctuation, and a whole number may stand for a fraction.
pub(super) fn is_exact(call: &Call, gold: &Gold) -> bool {
    let Value::Object(arguments) = &call.arguments else { return false };
    call.name == gold.name && fits(arguments, |name| gold.arguments.get(name)) && {
        let may_be_left_out = |right: &[Value]| right.contains(&Value::String(String::new()));
        let mut others = gold.arguments.iter().filter(|(name, _)| !arguments.contains_key(*name));
        others.all(|(_, right)| may_be_left_out(right))
    }
}

fn fits<'a>(values: &Map<String, Value>, right: impl Fn(&str) -> Option<&'a Vec<Value>>) -> bool {
    values.iter().all(|(name, value)| {
        right(name).is_some_and(|right| right.iter().any(|right| is_equal(value, right)))
    })
}

fn is_equal(value: &Value, right: &Value) -> bool {
    match (value, right) {
        (Value::String(value), Value::String(right)) => standard(value) == standard(right),
        (Value::Number(value), Value::Number(right)) => value.as_f64() == right.as_f64(),
        // Some sets have all values as texts.
        (Value::Number(_) | Value::Bool(_), Value::String(right)) => {
            standard(&value.to_string()) == standard(right)
        }
        (Value::Array(values), Value::Array(right)) => {
            values.len() == right.len()
                && values.iter().zip(right).all(|(value, right)| is_equal(value, right))
        }
        (Value::Object(values), Value::Object(right)) => is_equal_object(values, right),
        _ => value == right,
    }
}

/// The right values of a field are a list of alternatives, or one value.
fn is_equal_object(values: &Map<String, Value>, right: &Map<String, Value>) -> bool {
    let is_right = |value: &Value, right: &Value| {
        let alternatives = right.as_array().map_or(&[][..], Vec::as_slice);
        is_equal(value, right) || alternatives.iter().any(|right| is_equal(value, right))
    };
    let may_be_left_out =
        |right: &Value| right.as_array().is_some_and(|right| right.contains(&Value::String(String::new())));
    values.iter().all(|(name, value)| right.get(name).is_some_and(|right| is_right(value, right)))
        && right.iter().all(|(name, right)| values.contains_key(name) || may_be_left_out(right))
}

/// A text without what makes no difference.
fn standard(text: &str) -> String {
    let letters = text.chars().filter(|letter| !" ,./-_*^".contains(*letter));
    letters.map(|letter| if letter == '\'' { '"' } else { letter }).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::is_exact;
    use crate::engine::Call;
    use crate::evaluate::tools::case::Gold;

    fn is_right(arguments: Value) -> bool {
        let right = json!({
            "base": [10, 10.5], "unit": ["units", ""], "points": [[1, 2]],
            "place": [{"city": ["New York", "NYC"], "code": [1, ""]}],
        });
        let arguments_of_gold: BTreeMap<String, Vec<Value>> = serde_json::from_value(right).unwrap();
        let gold = Gold { name: "area".to_owned(), arguments: arguments_of_gold };
        is_exact(&Call { name: "area".to_owned(), arguments }, &gold)
    }

    #[test]
    fn an_argument_has_one_of_its_right_values() {
        let place = json!({"city": "new-york"});
        assert!(is_right(json!({"base": 10.0, "points": [1, 2], "place": place})));
        assert!(is_right(
            json!({"base": 10.5, "unit": "Units", "points": [1, 2], "place": {"city": "NYC", "code": 1}})
        ));

        assert!(!is_right(json!({"base": 11, "points": [1, 2], "place": place})));
        assert!(!is_right(json!({"base": 10, "points": [2, 1], "place": place})));
        assert!(!is_right(json!({"base": 10, "points": [1, 2, 3], "place": place})));
        assert!(!is_right(json!({"base": 10, "points": [1, 2], "place": {"code": 1}})));
    }

    #[test]
    fn arguments_are_neither_missing_nor_too_many() {
        let place = json!({"city": "NYC"});
        assert!(!is_right(json!({"points": [1, 2], "place": place})));
        assert!(!is_right(json!({"base": 10, "points": [1, 2], "place": place, "height": 3})));
        assert!(!is_right(json!("base: 10")));
    }
}
