use crate::Result;
use crate::retrieval::Embedder;

/// What is embedded and indexed before the text of a chunk: the title and the headings above it, one a line,
/// each once. Headings are left out from the outermost on, then words of the title, until it has at most
/// `limit` tokens.
pub(super) fn context(
    title: &str,
    headings: &[String],
    embedder: &dyn Embedder,
    limit: usize,
) -> Result<String> {
    let mut headings: Vec<&str> =
        headings.iter().map(String::as_str).filter(|heading| *heading != title).collect();
    loop {
        let context = lines(title, &headings);
        if context.is_empty() || embedder.count_tokens(&context)? <= limit {
            return Ok(context);
        }
        if headings.is_empty() {
            return shortened(title, embedder, limit);
        }
        headings.remove(0);
    }
}

/// As many words of the title as fit, found by halving.
fn shortened(title: &str, embedder: &dyn Embedder, limit: usize) -> Result<String> {
    let words: Vec<&str> = title.split_whitespace().collect();
    let (mut fitting, mut beyond) = (0, words.len());
    while fitting + 1 < beyond {
        let count = usize::midpoint(fitting, beyond);
        if embedder.count_tokens(&lines(&words[..count].join(" "), &[]))? <= limit {
            fitting = count;
        } else {
            beyond = count;
        }
    }
    Ok(lines(&words[..fitting].join(" "), &[]))
}

fn lines(title: &str, headings: &[&str]) -> String {
    let mut context = String::new();
    for line in [title].iter().chain(headings).filter(|line| !line.trim().is_empty()) {
        context.push_str(line);
        context.push('\n');
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::HashedEmbedder;

    fn within(limit: usize) -> String {
        let headings = ["Title words".to_owned(), "outer".to_owned(), "inner".to_owned()];
        context("Title words", &headings, &HashedEmbedder::new(8), limit).expect("words can be counted")
    }

    #[test]
    fn what_does_not_fit_is_left_out_from_the_outside() {
        assert_eq!(within(9), "Title words\nouter\ninner\n");
        assert_eq!(within(3), "Title words\ninner\n");
        assert_eq!(within(2), "Title words\n");
        assert_eq!(within(1), "Title\n");
        assert_eq!(within(0), "");
    }
}
