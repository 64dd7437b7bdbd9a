use rushlight::Error;

/// What a party of the protocol did wrong, as text: its own error types stay inside.
pub(crate) fn failed(what: &str, error: &dyn std::error::Error) -> Error {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Some errors repeat their causes.
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    Error::Foreign { what: what.to_owned(), source: text.into() }
}
