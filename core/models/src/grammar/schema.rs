use serde_json::{Map, Value, json};

use crate::{Error, Result};

/// Bytes of one schema as JSON.
const MAX_BYTES: usize = 64 << 10;
/// Levels of objects and arrays in one schema.
const MAX_DEPTH: usize = 32;

/// Numbers without a bound stay within what every JSON reader has without loss.
const LARGEST: i64 = (1 << 53) - 1;
/// The same for fractions; above it the grammar would have to count digits that no number has.
const LARGEST_FRACTION: f64 = 1e15;

/// Keywords whose value is an object of schemas, by names.
const MAPS: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// Keywords whose value is a list of schemas.
const LISTS: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];
/// Keywords whose value is a schema.
const SINGLE: [&str; 5] = ["items", "additionalProperties", "contains", "propertyNames", "additionalItems"];
/// Keywords that add to what stands beside them, so that an object may have names that are listed elsewhere.
const COMPOSING: [&str; 8] =
    ["$ref", "$dynamicRef", "anyOf", "oneOf", "if", "dependentSchemas", "patternProperties", "allOf"];

/// Refuses what would take too long. `what` names the schema.
pub(super) fn check(what: &str, schema: &Value) -> Result<()> {
    let refuse = |message: String| Err(Error::invalid(what, message));
    if is_deeper(schema, MAX_DEPTH) {
        return refuse(format!("expected at most {MAX_DEPTH} levels, got more"));
    }
    let bytes = schema.to_string().len();
    if bytes > MAX_BYTES {
        return refuse(format!("expected at most {MAX_BYTES} bytes of schema, got {bytes}"));
    }
    if !schema.is_object() {
        return refuse(format!("expected a JSON Schema object, got `{schema}`"));
    }
    Ok(())
}

/// Walks without recursion, since the value may be hostile.
fn is_deeper(value: &Value, limit: usize) -> bool {
    let mut open = vec![(value, 1)];
    while let Some((value, depth)) = open.pop() {
        if depth > limit {
            return true;
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(fields) => open.extend(fields.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    false
}

/// A [checked](check) schema as it is compiled. All values that fit it fit the original, but for keywords that a grammar
/// cannot say, such as `not` and `uniqueItems`.
///
/// Objects that list properties have no others unless the schema speaks of others, whole numbers have bounds, and values are
/// written as Python does it, on one line: models have seen calls written so, and cannot lose themselves in white space.
pub(super) fn prepared(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let closes = !composes(&mut schema);
    narrow(&mut schema, closes);
    // Separators are regular expressions.
    schema["x-guidance"] = json!({
        "item_separator": ", ",
        "key_separator": ": ",
        "whitespace_flexible": false,
        "lenient": true,
    });
    schema
}

/// The same with a line break and an indentation wherever white space may be.
pub(super) fn loose(schema: &Value) -> Value {
    let mut schema = prepared(schema);
    schema["x-guidance"] = json!({
        "item_separator": ",",
        "key_separator": ":",
        "whitespace_flexible": true,
        "whitespace_pattern": r"\n {0,40}| ",
        "lenient": true,
    });
    schema
}

/// The schemas right within one.
fn inner(schema: &mut Map<String, Value>) -> impl Iterator<Item = &mut Value> {
    schema.iter_mut().flat_map(|(keyword, value)| -> Vec<&mut Value> {
        let keyword = keyword.as_str();
        if SINGLE.contains(&keyword) {
            return vec![value];
        }
        match value {
            Value::Object(fields) if MAPS.contains(&keyword) => fields.values_mut().collect(),
            Value::Array(items) if LISTS.contains(&keyword) => items.iter_mut().collect(),
            _ => Vec::new(),
        }
    })
}

/// Whether any object gets its properties from several places.
fn composes(schema: &mut Value) -> bool {
    let mut open = vec![schema];
    while let Some(Value::Object(schema)) = open.pop() {
        let listed = usize::from(schema.contains_key("properties"));
        let places = listed + COMPOSING.iter().filter(|&&keyword| schema.contains_key(keyword)).count();
        let alternatives = schema.get("allOf").and_then(Value::as_array).map_or(0, Vec::len);
        if places > 1 || alternatives > 1 {
            return true;
        }
        open.extend(inner(schema).filter(|value| value.is_object()));
    }
    false
}

fn narrow(schema: &mut Value, closes: bool) {
    let Value::Object(schema) = schema else { return };
    let speaks_of_others =
        ["additionalProperties", "unevaluatedProperties"].iter().any(|&keyword| schema.contains_key(keyword));
    let lists_some =
        schema.get("properties").and_then(Value::as_object).is_some_and(|names| !names.is_empty());
    if closes && lists_some && !speaks_of_others && requires_only_listed(schema) {
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    bound_numbers(schema);
    for value in inner(schema) {
        narrow(value, closes);
    }
}

/// Whether all required properties are listed: others could not be written if no others were allowed.
fn requires_only_listed(schema: &Map<String, Value>) -> bool {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).all(|name| schema["properties"].get(name).is_some())
}

fn bound_numbers(schema: &mut Map<String, Value>) {
    let is = |name: &str| match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(names)) => names.iter().any(|each| each == name),
        _ => false,
    };
    let (least, greatest) = if is("integer") {
        (json!(-LARGEST), json!(LARGEST))
    } else if is("number") {
        (json!(-LARGEST_FRACTION), json!(LARGEST_FRACTION))
    } else {
        return;
    };
    let bound = |names: [&str; 2]| names.iter().find_map(|&name| schema.get(name)?.as_f64());
    let (low, high) = (bound(["minimum", "exclusiveMinimum"]), bound(["maximum", "exclusiveMaximum"]));
    if !is("integer") && low.is_none() && high.is_none() {
        // A number within bounds has no exponent.
        return;
    }
    let within = |bound: Option<f64>| bound.is_none_or(|bound| bound.abs() < LARGEST_FRACTION);
    if low.is_none() && within(high) {
        schema.insert("minimum".to_owned(), least);
    }
    if high.is_none() && within(low) {
        schema.insert("maximum".to_owned(), greatest);
    }
}
