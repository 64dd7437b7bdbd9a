//! What every [`Embedder`] does.

use std::sync::Arc;

use rushlight::Embedder;

/// One test for each case; the argument makes an embedder.
#[macro_export]
macro_rules! embedder_suite {
    ($make:expr) => {
        $crate::conformance!(
            embedder,
            $make,
            no_texts_give_no_vectors,
            every_vector_has_the_promised_length_and_norm,
            questions_have_vectors_like_passages,
            vectors_come_in_the_order_of_the_texts,
            neighbours_in_the_batch_do_not_matter,
            related_texts_are_nearer_than_others,
            text_beyond_the_limit_is_ignored,
            tokens_are_counted_without_limit_or_special_ones,
            many_callers_at_once_get_their_own_vectors,
            works_behind_a_shared_pointer,
        );
    };
}

const TEXTS: [&str; 6] = [
    "The cat sat on the mat.",
    "",
    "🙂 ¿Qué tal? 東京 \u{0}",
    "a",
    "The cat sat on a mat!",
    "Interest rates rose.",
];

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

async fn embed(embedder: &impl Embedder, texts: &[&str]) -> Vec<Vec<f32>> {
    embedder.embed(texts.iter().map(ToString::to_string).collect()).await.unwrap()
}

/// An empty list gives an empty list.
pub async fn no_texts_give_no_vectors(embedder: &impl Embedder) {
    assert!(embed(embedder, &[]).await.is_empty());
}

/// Each has `dimensions()` finite numbers and length 1, also that of an empty text.
pub async fn every_vector_has_the_promised_length_and_norm(embedder: &impl Embedder) {
    let vectors = embed(embedder, &TEXTS).await;

    assert_eq!(vectors.len(), TEXTS.len());
    for vector in &vectors {
        assert_eq!(vector.len(), embedder.dimensions());
        assert!((dot(vector, vector) - 1.0).abs() < 1e-4, "the length is {}", dot(vector, vector).sqrt());
    }
}

/// A vector of a question has the same length and norm, in order, too.
pub async fn questions_have_vectors_like_passages(embedder: &impl Embedder) {
    let ask = async |texts: &[&str]| {
        embedder.embed_queries(texts.iter().map(ToString::to_string).collect()).await.unwrap()
    };
    let vectors = ask(&TEXTS).await;

    assert!(ask(&[]).await.is_empty());
    assert_eq!(vectors.len(), TEXTS.len());
    for (text, vector) in TEXTS.iter().zip(&vectors) {
        assert_eq!(vector.len(), embedder.dimensions());
        assert!((dot(vector, vector) - 1.0).abs() < 1e-4, "the length is {}", dot(vector, vector).sqrt());
        assert!(dot(&ask(&[text]).await[0], vector) > 0.9999, "{text:?}");
    }
}

/// One vector for each text, in order.
pub async fn vectors_come_in_the_order_of_the_texts(embedder: &impl Embedder) {
    let forward = embed(embedder, &TEXTS).await;
    let reversed: Vec<&str> = TEXTS.iter().rev().copied().collect();
    let mut backward = embed(embedder, &reversed).await;
    backward.reverse();

    for (one, other) in forward.iter().zip(&backward) {
        assert!(dot(one, other) > 0.9999);
    }
}

/// Up to rounding.
pub async fn neighbours_in_the_batch_do_not_matter(embedder: &impl Embedder) {
    let together = embed(embedder, &TEXTS).await;

    for (text, expected) in TEXTS.iter().zip(&together) {
        let alone = embed(embedder, &[text]).await;
        assert!(dot(&alone[0], expected) > 0.9999, "`{text}` depends on its neighbours");
    }
}

/// Texts that say the same are nearer than texts that do not.
pub async fn related_texts_are_nearer_than_others(embedder: &impl Embedder) {
    let vectors = embed(embedder, &TEXTS).await;

    assert!(dot(&vectors[0], &vectors[4]) > dot(&vectors[0], &vectors[5]) + 0.2);
}

/// What comes after `max_tokens()` tokens changes nothing.
pub async fn text_beyond_the_limit_is_ignored(embedder: &impl Embedder) {
    let limit = embedder.max_tokens();
    if limit < usize::MAX {
        let filler = "word ".repeat(limit);
        assert_eq!(embedder.count_tokens(&filler).unwrap(), limit);

        let vectors = embed(embedder, &[&filler, &format!("{filler} something else entirely")]).await;

        assert!(dot(&vectors[0], &vectors[1]) > 0.9999);
    } else {
        let vectors =
            embed(embedder, &[&"word ".repeat(2_000), &format!("{}end", "word ".repeat(1_000))]).await;

        assert_ne!(vectors[0], vectors[1]);
    }
}

/// An empty text has no tokens, and more words have more.
pub async fn tokens_are_counted_without_limit_or_special_ones(embedder: &impl Embedder) {
    assert_eq!(embedder.count_tokens("").unwrap(), 0);
    assert_eq!(embedder.count_tokens("word").unwrap(), 1);
    assert_eq!(embedder.count_tokens(&"word ".repeat(5_000)).unwrap(), 5_000);
}

/// Calls at the same time do not mix.
pub async fn many_callers_at_once_get_their_own_vectors(embedder: &impl Embedder) {
    let expected = embed(embedder, &TEXTS).await;

    let calls = (0..8).map(|index| embed(embedder, &TEXTS[index % TEXTS.len()..][..1]));
    let vectors = futures::future::join_all(calls).await;

    for (index, vectors) in vectors.iter().enumerate() {
        assert!(dot(&vectors[0], &expected[index % TEXTS.len()]) > 0.9999);
    }
}

/// An `Arc` of an embedder is that embedder.
pub async fn works_behind_a_shared_pointer(embedder: &(impl Embedder + Clone)) {
    let shared: Arc<dyn Embedder> = Arc::new(embedder.clone());

    assert_eq!(embed(&shared, &["a"]).await, embed(embedder, &["a"]).await);
    assert_eq!(
        (shared.name(), shared.dimensions(), shared.max_tokens()),
        (embedder.name(), embedder.dimensions(), embedder.max_tokens())
    );
}
