use serde_json::Value;

use crate::schema::excerpt;

/// Characters that are shown before those that differ.
const CONTEXT: usize = 20;

/// The first place at which two values differ, and what each has there; as one sentence.
pub(super) fn difference(expected: &Value, got: &Value) -> String {
    let mut place = String::new();
    let (expected, got) = descend(expected, got, &mut place);
    let place = if place.is_empty() { "/" } else { &place };
    let same = common_beginning(expected, got);
    format!("at `{place}` expected {}, got {}", shown(expected, same), shown(got, same))
}

/// Bytes of two texts that need not be shown: those before the last few that are the same.
fn common_beginning(expected: Option<&Value>, got: Option<&Value>) -> usize {
    let (Some(Value::String(expected)), Some(Value::String(got))) = (expected, got) else { return 0 };
    let same = expected.chars().zip(got.chars()).take_while(|(left, right)| left == right);
    let before: Vec<usize> = same.map(|(character, _)| character.len_utf8()).collect();
    before[..before.len().saturating_sub(CONTEXT)].iter().sum()
}

/// Walks down to the values that differ, writing the way as a JSON pointer.
fn descend<'a>(
    expected: &'a Value,
    got: &'a Value,
    place: &mut String,
) -> (Option<&'a Value>, Option<&'a Value>) {
    let (mut expected, mut got) = (Some(expected), Some(got));
    while let (Some(left), Some(right)) = (expected, got) {
        let Some((step, left, right)) = step(left, right) else { break };
        place.push('/');
        place.push_str(&step);
        (expected, got) = (left, right);
    }
    (expected, got)
}

type Step<'a> = (String, Option<&'a Value>, Option<&'a Value>);

/// The first member that differs.
fn step<'a>(expected: &'a Value, got: &'a Value) -> Option<Step<'a>> {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            let mut names = expected.keys().chain(got.keys());
            let name = names.find(|name| expected.get(*name) != got.get(*name))?;
            Some((name.clone(), expected.get(name), got.get(name)))
        }
        (Value::Array(expected), Value::Array(got)) => {
            let longest = expected.len().max(got.len());
            let index = (0..longest).find(|&index| expected.get(index) != got.get(index))?;
            Some((index.to_string(), expected.get(index), got.get(index)))
        }
        _ => None,
    }
}

/// A value without its first bytes, if it is a text.
fn shown(value: Option<&Value>, from: usize) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) if from > 0 => format!("`…{}`", excerpt(&text[from..])),
        Some(value) => format!("`{}`", excerpt(&value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_place_that_differs_is_named() {
        let expected = json!({"messages": [{"content": "a"}, {"content": "b"}], "stop": []});

        let changed = json!({"messages": [{"content": "a"}, {"content": "c"}], "stop": []});
        assert_eq!(difference(&expected, &changed), "at `/messages/1/content` expected `\"b\"`, got `\"c\"`");
        let shorter = json!({"messages": [{"content": "a"}], "stop": []});
        assert_eq!(
            difference(&expected, &shorter),
            "at `/messages/1` expected `{\"content\":\"b\"}`, got nothing"
        );
        let (long, other) =
            (format!("{}ä, then this", "x".repeat(99)), format!("{}ä, then that", "x".repeat(99)));
        assert_eq!(
            difference(&json!(long), &json!(other)),
            "at `/` expected `…xxxxxxxxxxä, then this`, got `…xxxxxxxxxxä, then that`"
        );
        assert_eq!(difference(&json!(1), &json!("1")), "at `/` expected `1`, got `\"1\"`");
    }
}
