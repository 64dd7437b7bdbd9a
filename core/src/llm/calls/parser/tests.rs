use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What a parser for the tools `add` and `clock` makes of these pieces: all text, and all calls.
fn parse(pieces: &[&str], cut: bool) -> (String, Vec<(String, Value)>) {
    let mut parser = CallParser::new(vec!["add".to_owned(), "clock".to_owned()]);
    let mut found: Vec<Piece> = pieces.iter().flat_map(|piece| parser.push(piece)).collect();
    found.extend(parser.finish(cut));
    let mut text = String::new();
    let mut calls = Vec::new();
    for piece in found {
        match piece {
            Piece::Text(more) => text.push_str(&more),
            Piece::Call(call) => calls.push((call.name, call.arguments)),
        }
    }
    (text, calls)
}

fn add() -> (String, Value) {
    ("add".to_owned(), json!({"a": 1, "b": 2}))
}

#[test]
fn every_way_of_writing_a_call_is_understood() {
    let written = [
        "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}\n</tool_call>",
        "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}",
        "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}</tool_call>",
        "<tool_call>{{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}}</tool_call>",
        "<tool_call>{{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}</tool_call>",
        "<tool_call>\n```json\n{\"name\": \"add\", \"parameters\": {\"a\": 1, \"b\": 2}}\n```\n</tool_call>",
        "```json\n{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}\n```",
        "```\n{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}\n```\n",
        "```json\n{\n  \"name\": \"add\",\n  \"arguments\": {\n    \"a\": 1,\n    \"b\": 2\n  }\n}\n",
        "{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}",
        "  {\"name\": \"add\", \"parameters\": {\"a\": 1, \"b\": 2}",
        "{\"type\": \"function\", \"function\": {\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}}",
        "[{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}]",
        "add{\"a\": 1, \"b\": 2}",
        "add[ARGS]{\"a\": 1, \"b\": 2}",
    ];
    for text in written {
        assert_eq!(parse(&[text], false), (String::new(), vec![add()]), "{text}");
    }
}

#[test]
fn several_calls_come_in_their_order() {
    let clock = ("clock".to_owned(), json!({}));
    let written = [
        "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}</tool_call>\n<tool_call>{\"name\": \"clock\"}</tool_call>",
        "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}\n{\"name\": \"clock\"}</tool_call>",
        "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}<tool_call>{\"name\": \"clock\"}",
        "```json\n{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}},\n{\"name\": \"clock\", \"arguments\": {}}\n```",
        "{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}, {\"name\": \"clock\", \"arguments\": {}}",
        "[{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}, {\"name\": \"clock\", \"arguments\": {}}]",
    ];
    for text in written {
        assert_eq!(parse(&[text], false), (String::new(), vec![add(), clock.clone()]), "{text}");
    }
}

#[test]
fn text_before_a_call_is_shown_and_text_after_it_is_not() {
    let text = "Let me see.\n<tool_call>{\"name\": \"clock\"}</tool_call>\nThe time is 12:00.";

    assert_eq!(parse(&[text], false), ("Let me see.\n".to_owned(), vec![("clock".to_owned(), json!({}))]));
}

#[test]
fn what_only_looks_like_a_call_is_text() {
    let texts = [
        "a < b and <b>bold</b>",
        "[1] says so",
        "{\"name\": \"Ann\", \"arguments\": {}}",
        "{\"colour\": \"red\"}",
        "```json\n{\"colour\": \"red\"}\n```",
        "```rust\nfn add() {}\n```",
        "The call {\"name\": \"add\", \"arguments\": {}} within a line",
        "{\"name\": \"add\"} is an object without arguments",
        "adding",
        "add {\"a\": 1}",
        "add{a: 1}",
        "clock",
        "```",
        "<tool",
    ];
    for text in texts {
        assert_eq!(parse(&[text], false), (text.to_owned(), Vec::new()), "{text}");
    }
}

#[test]
fn a_call_that_cannot_be_read_is_a_call_with_its_text_as_arguments() {
    let body = "{\"name\": \"add\", \"arguments\": {a: one}}";

    let (text, calls) = parse(&[&format!("<tool_call>{body}</tool_call>")], false);

    assert_eq!((text.as_str(), calls), ("", vec![("add".to_owned(), json!(body))]));
}

#[test]
fn a_call_that_a_limit_cut_off_is_not_mended() {
    let cut_off = "{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2";

    assert_eq!(parse(&[&format!("<tool_call>{cut_off}")], true).1, vec![("add".to_owned(), json!(cut_off))]);
    assert_eq!(parse(&[cut_off], true), (cut_off.to_owned(), Vec::new()));
}

#[test]
fn text_that_can_be_no_call_is_not_held_back() {
    let mut parser = CallParser::new(vec!["add".to_owned()]);

    assert_eq!(parser.push("Hello"), vec![Piece::Text("Hello".to_owned())]);
    assert_eq!(parser.push(" {"), vec![Piece::Text(" {".to_owned())]);
    assert_eq!(parser.push("\n{\"na"), vec![Piece::Text("\n".to_owned())]);
    let text = |character: &str| Piece::Text(character.to_owned());
    assert_eq!(parser.push("tion\""), vec![text("{"), text("\"nation\"")]);
}

#[test]
fn without_tools_every_text_is_text() {
    let mut parser = CallParser::new(Vec::new());
    let text = "<tool_call>{\"name\": \"add\"}</tool_call>";

    assert_eq!(parser.push(text), vec![Piece::Text(text.to_owned())]);
}

fn fragment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "<tool_call>",
        "</tool_call>",
        "```",
        "json",
        "\n",
        "{",
        "}",
        "[",
        "]",
        " ",
        ",",
        "\"name\"",
        ": ",
        "\"add\"",
        "\"arguments\"",
        "{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}",
        "{\"name\": \"clock\", \"arguments\": {}}",
        "text",
        "clock",
        "é",
        "<",
        "`",
        "\"",
        "{\"name\": \"other\"}",
        "1",
    ])
}

proptest! {
    #[test]
    fn how_the_text_is_cut_makes_no_difference(
        fragments in prop::collection::vec(fragment(), 0..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        cut in any::<bool>(),
    ) {
        let whole = fragments.concat();
        let mut places: Vec<usize> = cuts.iter().map(|cut| whole.floor_char_boundary(cut.index(whole.len() + 1))).collect();
        places.extend([0, whole.len()]);
        places.sort_unstable();
        let pieces: Vec<&str> = places.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect();

        prop_assert_eq!(parse(&pieces, cut), parse(&[&whole], cut));
    }

    #[test]
    fn text_without_calls_passes_unchanged(text in "[a-z<`{}\\[\\]\", \n]{0,40}") {
        let (shown, calls) = parse(&[&text], false);

        prop_assert!(calls.is_empty());
        prop_assert_eq!(shown, text.trim_start());
    }
}

/// What a parser makes of pieces whose calls are held to a grammar from where they begin, if `holds`: all text, all
/// calls, and the beginnings that it told.
fn parse_guarded(pieces: &[&str], holds: bool, cut: bool) -> (String, Vec<(String, Value)>, Vec<String>) {
    let mut parser = CallParser::guarded(vec!["add".to_owned(), "clock".to_owned()], false);
    let (mut found, mut begun) = (Vec::new(), Vec::new());
    for piece in pieces {
        found.extend(parser.push(piece));
        if let Some(beginning) = parser.begun() {
            begun.push(beginning.to_owned());
            if holds {
                parser.hold();
            }
        }
    }
    found.extend(parser.finish(cut));
    let (mut text, mut calls) = (String::new(), Vec::new());
    for piece in found {
        match piece {
            Piece::Text(more) => text.push_str(&more),
            Piece::Call(call) => calls.push((call.name, call.arguments)),
        }
    }
    (text, calls, begun)
}

#[test]
fn the_beginning_of_a_call_is_told_in_whatever_form_it_is() {
    for text in [
        "<tool_call>",
        "<tool_call>{",
        "{ \"name\":\"add\",\n",
        "```json\n[\n {\"name\": \"clock\"",
        "{{\"name\": \"add\"",
        "{\"name\": \"clo",
        "{\"name\": \"The Sum\", \"arguments\":",
        "```json\n{\n  \"name\": \"sum\",\n  \"parameters\"",
    ] {
        assert_eq!(parse_guarded(&["I look.\n", text], false, false).2, [text]);
    }
    for text in [
        "<tool_cal",
        "{\"name\": \"ad",
        "{\"name\": \"cloak",
        "{\"name\": \"Ann\", \"arg",
        "{\"name\": \"Ann\", \"age\": 3, \"arguments\": 0}",
        "{\"age\": \"add\"",
        "so {\"name\": \"add\"",
    ] {
        assert_eq!(parse_guarded(&[text], false, false).2, [""; 0], "{text}");
    }
}

#[test]
fn an_object_with_a_name_is_shown_as_soon_as_it_can_be_no_call() {
    let mut parser = CallParser::guarded(vec!["add".to_owned()], false);

    assert_eq!(parser.push("{\"name\": \"Ann\", "), []);
    assert!(parser.holds_back());
    parser.push("\"age\": 3");
    assert!(!parser.holds_back());
}

#[test]
fn a_call_that_is_taken_back_leaves_what_was_said_before() {
    let mut parser = CallParser::guarded(vec!["add".to_owned()], false);
    let mut pieces = parser.push("I add.\n```json\n{\"name\": \"sum\", \"arguments\": {");
    assert!(parser.begun().is_some());

    parser.take_back();
    pieces.extend(parser.push("<tool_call>\n{\"name\": \"add\", \"arguments\": {}}\n</tool_call>"));

    let [Piece::Text(said), Piece::Call(call)] = &pieces[..] else { panic!("{pieces:?}") };
    assert_eq!((said.as_str(), call.name.as_str()), ("I add.\n", "add"));
    assert!(parser.is_over(), "one was begun");
}

#[test]
fn what_nobody_holds_to_the_grammar_is_text() {
    for text in [
        "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}\n</tool_call>",
        "<tool_call>oh",
        "{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}",
        "[{\"arguments\": {}, \"name\": \"clock\"}]",
    ] {
        let (said, calls, _) = parse_guarded(&[text], false, false);

        assert_eq!((said.as_str(), calls.len()), (text, 0));
    }
}

#[test]
fn a_tag_within_a_string_is_part_of_a_call_that_is_held() {
    let arguments = r#"{"a": "</tool_call> \" <tool_call>", "b": "é"}"#;
    let body = format!("{{\"name\": \"add\", \"arguments\": {arguments}}}");
    let text = format!("\n{body}\n</tool_call>");

    let (said, calls, _) = parse_guarded(&["<tool_call>", &text], true, false);

    assert_eq!(said, "");
    assert_eq!(calls, [("add".to_owned(), serde_json::from_str(arguments).unwrap())]);
}

#[test]
fn half_a_call_that_is_held_is_none() {
    for rest in ["", "\n{\"name\": \"add\", \"arguments\": {\"a\": 1"] {
        let (said, calls, _) = parse_guarded(&["I add. ", "<tool_call>", rest], true, true);

        assert_eq!((said.as_str(), calls.len()), ("I add. ", 0), "{rest}");
    }
}

#[test]
fn behind_a_call_that_is_held_others_may_begin_or_the_text_is_over() {
    let calls =
        ["{\"name\": \"add\",", " \"arguments\": {}}\n", "{\"name\": \"clock\",", " \"arguments\": {}}\n"];
    for rest in [&["{\"free\": 63.0}"][..], &["```", "\nIt is noon."], &["\n\n"], &[]] {
        let pieces = [&calls[..], rest].concat();

        let (said, called, begun) = parse_guarded(&pieces, true, false);

        let names: Vec<&str> = called.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((said.as_str(), names), ("", vec!["add", "clock"]), "{pieces:?}");
        assert_eq!(begun, [calls[0], calls[2]]);
    }
}
