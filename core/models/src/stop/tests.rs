use proptest::prelude::*;

use super::{StopStrings, Stopping};

fn run(stops: &[&str], pieces: &[&str]) -> (String, Option<String>) {
    let mut watch = StopStrings::new(stops.iter().copied());
    let mut shown = String::new();
    for piece in pieces {
        let Stopping { text, stop } = watch.push(piece);
        shown.push_str(&text);
        if stop.is_some() {
            return (shown, stop);
        }
    }
    shown.push_str(&watch.finish());
    (shown, None)
}

#[test]
fn text_before_a_stop_string_is_shown_and_the_rest_is_not() {
    let (shown, stop) = run(&["\nUser:"], &["Hello", "\nUs", "er: more"]);

    assert_eq!(shown, "Hello");
    assert_eq!(stop.as_deref(), Some("\nUser:"));
}

#[test]
fn a_beginning_that_does_not_go_on_is_shown_in_the_end() {
    assert_eq!(run(&["STOP"], &["a ST", "ST", "O"]), ("a STSTO".to_owned(), None));
}

#[test]
fn the_beginning_of_a_stop_string_is_held_back() {
    let mut watch = StopStrings::new(["</answer>"]);

    assert_eq!(watch.push("x</ans").text, "x");
    assert_eq!(watch.push("wer is").text, "</answer is");
}

#[test]
fn the_stop_string_that_is_complete_first_wins_and_then_the_longest() {
    assert_eq!(run(&["b", "bc"], &["abcd"]), ("a".to_owned(), Some("b".to_owned())));
    assert_eq!(run(&["c", "bc", "abcd"], &["abcd"]), ("a".to_owned(), Some("bc".to_owned())));
}

#[test]
fn nothing_follows_a_stop_string() {
    let mut watch = StopStrings::new(["."]);
    watch.push("a.b");

    assert_eq!(watch.push("c"), Stopping::default());
    assert_eq!(watch.finish(), "");
}

#[test]
fn empty_stop_strings_are_ignored() {
    assert_eq!(run(&[""], &["a", "b"]), ("ab".to_owned(), None));
}

proptest! {
    #[test]
    fn the_pieces_make_no_difference(
        pieces in prop::collection::vec("[abé]{0,4}", 0..12),
        stops in prop::collection::vec("[abé]{1,4}", 0..4),
    ) {
        let whole = pieces.concat();
        let stops: Vec<&str> = stops.iter().map(String::as_str).collect();

        let (shown, stop) = run(&stops, &pieces.iter().map(String::as_str).collect::<Vec<_>>());

        prop_assert_eq!((shown.clone(), stop.clone()), run(&stops, &[&whole]));
        prop_assert!(stops.iter().all(|stop| !shown.contains(stop)));
        match stop {
            None => prop_assert_eq!(shown, whole),
            Some(stop) => prop_assert!(whole[shown.len()..].starts_with(&stop)),
        }
    }
}
