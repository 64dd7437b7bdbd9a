/// Sentences are put together until they are this long, in bytes.
const LEAST: usize = 80;
/// What has no end of a sentence for so long is cut between words.
const MOST: usize = 480;

/// The text in pieces of a sentence or two.
pub(super) fn chunks(text: &str) -> Vec<String> {
    let mut chunks = Vec::new();
    let mut chunk = String::new();
    for paragraph in text.split("\n\n") {
        for word in paragraph.split_whitespace() {
            if chunk.len() + word.len() > MOST {
                chunks.extend((!chunk.is_empty()).then(|| std::mem::take(&mut chunk)));
            }
            if !chunk.is_empty() {
                chunk.push(' ');
            }
            chunk.push_str(word);
            let ends = word.trim_end_matches(['"', '\'', ')', ']']).ends_with(['.', '!', '?']);
            if ends && chunk.len() >= LEAST {
                chunks.push(std::mem::take(&mut chunk));
            }
        }
        chunks.extend((chunk.len() >= LEAST).then(|| std::mem::take(&mut chunk)));
    }
    chunks.extend((!chunk.is_empty()).then_some(chunk));
    chunks
}

#[cfg(test)]
mod tests {
    use super::{LEAST, MOST, chunks};

    #[test]
    fn a_chunk_ends_with_a_sentence_once_it_is_long_enough() {
        let long =
            "The keeper wrote every evening, whatever the weather was, what the sea had done to the rocks.";

        assert_eq!(chunks(&format!("{long} {long}")), [long, long]);
        assert_eq!(chunks("It rained. It was cold.\n\n"), ["It rained. It was cold."]);
        assert_eq!(chunks(" \n\n"), Vec::<String>::new());
    }

    #[test]
    fn short_paragraphs_are_put_together_and_endless_ones_cut() {
        let short = "a heading\n\nand some words\n\n".repeat(10);
        let endless = "word ".repeat(1_000);

        assert!(chunks(&short).iter().rev().skip(1).all(|chunk| chunk.len() >= LEAST));
        assert!(chunks(&endless).iter().all(|chunk| chunk.len() <= MOST));
        assert_eq!(chunks(&endless).join(" "), endless.trim());
    }

    #[test]
    fn a_word_longer_than_a_chunk_is_kept_whole() {
        let word = "x".repeat(2 * MOST);

        assert_eq!(chunks(&format!("a {word} b")), ["a".to_owned(), word, "b".to_owned()]);
    }
}
