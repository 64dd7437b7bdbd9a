use proptest::prelude::*;

use super::*;
use crate::retrieval::HashedEmbedder;

fn chunks(document: &Document, limit: usize, overlap: usize) -> Vec<Chunk> {
    Chunker::new(limit, overlap).chunk(document, &HashedEmbedder::new(8)).expect("words can be counted")
}

fn texts(text: &str, limit: usize, overlap: usize) -> Vec<String> {
    chunks(&Document::new("a.md", text), limit, overlap).into_iter().map(|chunk| chunk.text).collect()
}

fn words(text: &str) -> usize {
    HashedEmbedder::new(8).count_tokens(text).expect("words can be counted")
}

/// Text with everything that may confuse: headings, lists, code, tables, long words, many scripts.
fn markdown() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        5 => "[a-zA-Z]{1,8}( [a-z]{1,8}){0,12}[.!?]? ?",
        1 => "\n\n#{1,4} [A-Z][a-z]{1,6}\n",
        1 => Just("\n\n".to_owned()),
        1 => Just("\n- item one\n- item two. More\n".to_owned()),
        1 => Just("\n```rust\nfn main() {\n\n    # x\n}\n```\n".to_owned()),
        1 => Just("\n| a | b |\n|---|---|\n| 1 | 2 |\n".to_owned()),
        1 => Just("\n> quoted. words\n".to_owned()),
        1 => "[x-z]{40,80}",
        1 => "\\PC{0,12}",
        1 => Just("東京は大きい。京都は古い。".to_owned()),
        1 => Just("\r\n---\r\n".to_owned()),
    ];
    prop::collection::vec(part, 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn chunks_are_slices_that_cover_the_text_within_the_limit(
        text in markdown(),
        title in "[A-Za-z ]{0,40}",
        plain in any::<bool>(),
        limit in 1_usize..40,
        overlap in 0_usize..20,
    ) {
        let source = if plain { "a.txt" } else { "a.md" };
        let document = Document::new(source, text.clone()).title(title);

        let chunks = chunks(&document, limit, overlap);

        let mut covered = 0;
        for chunk in &chunks {
            let end = chunk.start + chunk.text.len();
            prop_assert_eq!(&text[chunk.start..end], &chunk.text);
            prop_assert!(chunk.start <= covered && end > covered, "a gap or nothing new at {}", chunk.start);
            prop_assert!(words(&text[chunk.start..covered]) <= overlap);
            prop_assert!(words(&chunk.context) + words(&chunk.text) <= limit);
            covered = end;
        }
        prop_assert_eq!(covered, if text.trim().is_empty() { 0 } else { text.len() });
    }
}

#[test]
fn a_short_document_is_one_chunk() {
    assert_eq!(texts("One. Two.\n\nThree.\n", 10, 2), ["One. Two.\n\nThree.\n"]);
}

#[test]
fn chunks_end_at_paragraphs_before_sentences() {
    assert_eq!(
        texts("One two three. Four.\n\nFive six. Seven eight.", 6, 0),
        ["One two three. Four.\n\n", "Five six. Seven eight."]
    );
}

#[test]
fn the_overlap_is_whole_sentences() {
    assert_eq!(
        texts("Aa bb. Cc dd. Ee ff. Gg hh.", 4, 2),
        ["Aa bb. Cc dd. ", "Cc dd. Ee ff. ", "Ee ff. Gg hh."]
    );
    assert_eq!(texts("Aa bb. Cc dd. Ee ff. Gg hh.", 4, 1), ["Aa bb. Cc dd. ", "Ee ff. Gg hh."]);
}

#[test]
fn sections_are_chunks_with_their_headings() {
    let text = "# Guide\n\nIntro words here.\n\n## Install\n\nRun the installer now.\n\n## Use\n\nOpen it.\n";

    let chunks = chunks(&Document::new("guide.md", text).title("Guide"), 24, 4);

    let seen: Vec<_> =
        chunks.iter().map(|chunk| (chunk.headings.join("/"), chunk.context.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("Guide".to_owned(), ""),
            ("Guide/Install".to_owned(), "Guide\n"),
            ("Guide/Use".to_owned(), "Guide\n")
        ]
    );
    assert_eq!(chunks[1].text, "## Install\n\nRun the installer now.\n\n");
}

#[test]
fn a_heading_never_ends_a_chunk() {
    let text = "One two three four five six.\n\n## Next\n\nSeven eight nine ten.\n";

    assert_eq!(texts(text, 8, 0), ["One two three four five six.\n\n", "## Next\n\nSeven eight nine ten.\n"]);
}

#[test]
fn code_stays_whole_where_it_fits() {
    let text = "Before it one two.\n\n```\nlet a = b\nlet c = d\n```\n\nAfter it.\n";

    assert_eq!(
        texts(text, 7, 0),
        ["Before it one two.\n\n", "```\nlet a = b\nlet c = d\n```\n\n", "After it.\n"]
    );
}

#[test]
fn later_chunks_of_a_section_know_its_headings() {
    let text = "# Top\n\nAa bb cc dd. Ee ff gg hh. Ii jj kk ll.\n";

    let chunks = chunks(&Document::new("a.md", text).title("Book"), 8, 0);

    assert_eq!(chunks[1].context, "Book\nTop\n");
    assert_eq!(chunks[1].headings, ["Top"]);
}

#[test]
fn the_embedder_bounds_the_limit() {
    #[derive(Debug)]
    struct Short(HashedEmbedder);

    #[async_trait::async_trait]
    impl Embedder for Short {
        async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
            self.0.embed(texts).await
        }
        fn dimensions(&self) -> usize {
            self.0.dimensions()
        }
        fn max_tokens(&self) -> usize {
            3
        }
        fn count_tokens(&self, text: &str) -> Result<usize> {
            self.0.count_tokens(text)
        }
        fn name(&self) -> &str {
            self.0.name()
        }
    }

    let document = Document::new("a", "one two three four five");
    let chunks =
        Chunker::new(512, 0).chunk(&document, &Short(HashedEmbedder::new(8))).expect("it counts words");

    assert!(chunks.iter().all(|chunk| words(&chunk.text) <= 3));
    assert_eq!(chunks.len(), 2);
}

#[test]
fn blank_text_gives_no_chunk() {
    assert!(texts("", 10, 2).is_empty());
    assert!(texts(" \n\t\n", 10, 2).is_empty());
}
