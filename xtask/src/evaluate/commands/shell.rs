/// The words of a line as a shell would hand them to a program; none if it is more than one program called with plain
/// words: pipes, redirections, substitutions, several lines.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut letters = line.trim().chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        end if end == letter => break,
                        '\\' if letter == '"' => word.push(letters.next()?),
                        inside => word.push(inside),
                    }
                }
            }
            '\\' => match letters.next()? {
                '\n' => {}
                literal => word.get_or_insert_default().push(literal),
            },
            '|' | '&' | ';' | '<' | '>' | '`' | '\n' | '(' | ')' => return None,
            ' ' | '\t' => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn quotes_join_what_is_one_word() {
        let line = r#"kubectl label pods foo note='my frontend' --env="A=\"b\"" \
            -o json"#;

        let expected = ["kubectl", "label", "pods", "foo", "note=my frontend", "--env=A=\"b\"", "-o", "json"];
        assert_eq!(words(line).unwrap(), expected);
        assert_eq!(words("a '' b").unwrap(), ["a", "", "b"]);
        assert!(words("").unwrap().is_empty());
    }

    #[test]
    fn what_needs_a_shell_is_no_plain_command() {
        for line in [
            "cat a | b",
            "a > b",
            "a < b",
            "a; b",
            "a && b",
            "a $(b)",
            "a `b`",
            "a\nb",
            "a 'b",
            "source <(a)",
        ] {
            assert_eq!(words(line), None, "{line}");
        }
    }
}
