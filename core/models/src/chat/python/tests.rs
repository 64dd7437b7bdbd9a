use minijinja::Value;

use super::{JsonStyle, display, to_json};

#[test]
fn floats_have_the_digits_of_python() {
    for (float, expected) in [
        (1.0, "1.0"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (0.0, "0.0"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e16, "1e+16"),
        (123_456_789_012_345.0, "123456789012345.0"),
        (1.5e300, "1.5e+300"),
        (f64::INFINITY, "inf"),
    ] {
        assert_eq!(display(&Value::from(float)), expected);
    }
    assert_eq!(display(&Value::from(u64::MAX)), "18446744073709551615");
}

#[test]
fn texts_in_lists_are_quoted_as_in_python() {
    let list = Value::from(vec!["a", "it's", "both ' and \"", "line\n\\"]);

    assert_eq!(display(&list), r#"['a', "it's", 'both \' and "', 'line\n\\']"#);
}

#[test]
fn control_characters_are_escaped_in_json() {
    let json = to_json(&Value::from("\u{1}\u{8}\u{c}\n\"\\/\u{7f}"), &JsonStyle::default()).unwrap();

    assert_eq!(json, "\"\\u0001\\b\\f\\n\\\"\\\\/\u{7f}\"");
}

#[test]
fn a_value_that_is_nested_too_deeply_is_an_error() {
    let mut value = Value::from(1);
    for _ in 0..200 {
        value = Value::from(vec![value]);
    }

    assert!(to_json(&value, &JsonStyle::default()).is_err());
    assert!(display(&value).contains("..."));
}
