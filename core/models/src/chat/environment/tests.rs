use minijinja::context;

use super::python;

fn render(source: &str) -> String {
    let values =
        context! { yes => true, nothing => (), list => vec!["a", "b'"], map => context! { k => 1.0 } };
    python().render_str(source, values).unwrap()
}

#[test]
fn values_are_written_as_python_writes_them() {
    assert_eq!(render("{{ yes }} {{ nothing }} {{ list }} {{ map }}"), r#"True None ['a', "b'"] {'k': 1.0}"#);
    assert_eq!(render("{{ yes | string }}{{ missing }}"), "True");
    assert_eq!(render("{{ '<&>' }}"), "<&>");
}

#[test]
fn blocks_leave_no_lines_behind() {
    assert_eq!(render("a\n  {% if yes %}\nb\n  {% endif %}\nc\n"), "a\nb\nc");
}

#[test]
fn json_is_written_as_python_writes_it() {
    assert_eq!(render("{{ {'a': [1, 'é<'], 'b': none} | tojson }}"), r#"{"a": [1, "é<"], "b": null}"#);
    assert_eq!(render("{{ {'a': [1]} | tojson(indent=2) }}"), "{\n  \"a\": [\n    1\n  ]\n}");
    assert_eq!(render("{{ [1, 2] | tojson(separators=(',', ':')) }}"), "[1,2]");
    assert_eq!(render("{{ 'é🦙' | tojson(ensure_ascii=true) }}"), r#""\u00e9\ud83e\udd99""#);
    assert_eq!(render("{{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }}"), r#"{"a": 2, "b": 1}"#);
}

#[test]
fn what_can_be_iterated_is_decided_as_in_python() {
    assert_eq!(
        render("{{ nothing is iterable }} {{ 'a' is iterable }} {{ list is iterable }}"),
        "False True True"
    );
    assert_eq!(render("{{ 'a' is sequence }} {{ map is sequence }} {{ 1 is sequence }}"), "True True False");
}

#[test]
fn methods_of_python_are_there() {
    assert_eq!(
        render("{{ ' a '.strip() }}{{ 'a,b'.split(',')[1] }}{{ map.items() | list }}"),
        "ab[('k', 1.0)]"
    );
    assert_eq!(render("{{ 'Ab'.startswith('A') }}{{ map.get('x', 'd') }}"), "Trued");
}

#[test]
fn loops_can_be_left_and_lists_grow_in_namespaces() {
    let source = "{% set ns = namespace(l=[]) %}{% for i in range(5) %}{% if i == 3 %}{% break %}{% endif %}\
                  {% set ns.l = ns.l + [i] %}{% endfor %}{{ ns.l }}";

    assert_eq!(render(source), "[0, 1, 2]");
}

#[test]
fn the_date_has_the_form_that_is_asked_for() {
    let date = render("{{ strftime_now('%Y-%m-%d %b') }}");

    assert_eq!(date.len(), 14, "{date}");
    assert!(date.starts_with("20"), "{date}");
}
