use super::*;

const CODE: &str = "//! Module.\n\nuse a;\nuse b;\n\nconst X: u8 = 1;\n\n/// One.\nstruct One;\n\nimpl One {\n    \
    const C: u8 = 1;\n\n    fn first(&self) { a }\n\n    // Rest.\n    type T = u8;\n\n    fn second(&self) { b }\n}\n\nstatic Y: u8 = 2;\n\nstatic Z: u8 = 3;\n";

/// The blocks of `CODE` where texts of up to `bytes` fit, each with its section.
fn blocks_within(bytes: usize) -> Vec<(Kind, String, &'static str)> {
    let language = Language::of("rs").expect("a known language");
    let outline = outline(CODE, language, |text| Ok(text.len() <= bytes)).expect("it fits or not");
    let section = |section: usize| outline.sections[section].join("/");
    outline
        .blocks
        .iter()
        .map(|block| (block.kind, section(block.section), &CODE[block.range.clone()]))
        .collect()
}

#[test]
fn definitions_that_fit_are_whole() {
    let blocks = blocks_within(1_000);

    let sections: Vec<(Kind, &str)> =
        blocks.iter().map(|(kind, section, _)| (*kind, section.as_str())).collect();
    assert_eq!(
        sections,
        [
            (Kind::Lines, ""),
            (Kind::Lines, ""),
            (Kind::Lines, ""),
            (Kind::Definition, "struct One"),
            (Kind::Definition, "impl One"),
            (Kind::Lines, ""),
            (Kind::Lines, ""),
        ]
    );
    assert!(blocks[4].2.starts_with("impl One {") && blocks[4].2.ends_with("}\n\n"), "{blocks:?}");
}

#[test]
fn definitions_that_do_not_fit_are_cut_at_those_within_them() {
    let blocks = blocks_within(30);

    assert_eq!(
        blocks[4..8],
        [
            (Kind::Definition, "impl One".to_owned(), "impl One {\n    const C: u8 = 1;\n\n"),
            (Kind::Definition, "impl One/fn first".to_owned(), "    fn first(&self) { a }\n\n"),
            (Kind::Lines, "impl One".to_owned(), "    // Rest.\n    type T = u8;\n\n"),
            (Kind::Definition, "impl One/fn second".to_owned(), "    fn second(&self) { b }\n}\n\n"),
        ]
    );
}

#[test]
fn blocks_follow_each_other_without_a_gap() {
    for bytes in [0, 30, 1_000] {
        let text: String = blocks_within(bytes).into_iter().map(|(_, _, text)| text).collect();

        assert_eq!(text, CODE);
    }
}
