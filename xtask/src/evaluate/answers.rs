use std::collections::HashMap;

/// How good a short answer is, as `SQuAD` (arXiv 1606.05250) counts it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Score {
    /// 1 if it is a right one, but for case, punctuation and articles.
    pub(super) exact: f64,
    /// The harmonic mean of precision and recall of its words.
    pub(super) f1: f64,
}

/// The score against the right answer that is nearest.
pub(super) fn score(answer: &str, right: &[String]) -> Score {
    let words = words(answer);
    let mut best = Score::default();
    for right in right {
        let right = self::words(right);
        best.exact = best.exact.max(f64::from(u8::from(words == right)));
        best.f1 = best.f1.max(f1(&words, &right));
    }
    best
}

fn words(text: &str) -> Vec<String> {
    let plain: String = text.to_lowercase().chars().filter(|letter| !letter.is_ascii_punctuation()).collect();
    let words = plain.split_whitespace().filter(|word| !["a", "an", "the"].contains(word));
    words.map(str::to_owned).collect()
}

fn f1(words: &[String], right: &[String]) -> f64 {
    let mut left: HashMap<&String, usize> = HashMap::new();
    for word in right {
        *left.entry(word).or_default() += 1;
    }
    let mut common = 0_u32;
    for word in words {
        if let Some(count) = left.get_mut(word).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    if common == 0 { 0.0 } else { 2.0 * f64::from(common) / (words.len() + right.len()) as f64 }
}

#[cfg(test)]
mod tests {
    use super::{Score, score};

    #[test]
    fn words_count_whatever_their_case_and_punctuation() {
        let right = ["The Lighthouse of Alexandria".to_owned(), "Pharos".to_owned()];

        assert_eq!(score("the lighthouse of Alexandria.", &right), Score { exact: 1.0, f1: 1.0 });
        assert_eq!(score("pharos", &right), Score { exact: 1.0, f1: 1.0 });
        // Two words in common of two and three.
        assert_eq!(score("lighthouse Alexandria", &right), Score { exact: 0.0, f1: 0.8 });
        assert_eq!(score("", &right), Score::default());
    }
}
