use super::suffixes::{Occurrence, SuffixAutomaton};

/// Tokens that are kept at most.
const BUDGET: usize = 1 << 16;

/// The last tokens of a text that are looked for.
const CONTEXT: usize = 16;

/// Stands between two texts; no token has this number.
const BETWEEN: u32 = u32::MAX;

/// What a model has said before, whoever asked it: a new answer may go on as an earlier one did (SAM decoding; Hu et al.
/// 2024, arXiv 2411.10666).
#[derive(Debug, Default)]
pub(in crate::llm::local) struct EarlierAnswers {
    tokens: Vec<u32>,
    suffixes: SuffixAutomaton,
}

impl EarlierAnswers {
    /// What all of them take of memory.
    pub(in crate::llm::local) const MOST_BYTES: u64 = BUDGET as u64 * SuffixAutomaton::TOKEN_BYTES;

    /// Adds the answer that these tokens end with, from `answer` on, and the last tokens that it was said after. When there
    /// are too many, only as many of the newest stay as fill half of the room.
    pub(super) fn remember(&mut self, tokens: &[u32], answer: usize) {
        if answer >= tokens.len() {
            return;
        }
        let mut added = [&tokens[answer.saturating_sub(CONTEXT)..], &[BETWEEN]].concat();
        let length = self.tokens.len() + added.len();
        if length > BUDGET {
            let all = [std::mem::take(self).tokens, added].concat();
            added = all[length - BUDGET / 2..].to_vec();
        }
        for &token in &added {
            self.suffixes.push(token);
        }
        self.tokens.append(&mut added);
    }

    /// Where the longest end of these tokens occurs, of which the last [`CONTEXT`] count.
    pub(super) fn find(&self, tokens: &[u32]) -> Occurrence {
        self.suffixes.find(&tokens[tokens.len().saturating_sub(CONTEXT)..])
    }

    /// What follows it there, at most `most` tokens.
    pub(super) fn after(&self, occurrence: Occurrence, most: usize) -> impl Iterator<Item = u32> {
        let rest = self.tokens[occurrence.end..].iter().copied();
        rest.take_while(|&token| token != BETWEEN).take(most)
    }
}

#[cfg(test)]
mod tests {
    use super::{BUDGET, EarlierAnswers};

    const NOTHING: [u32; 0] = [];

    fn guess(earlier: &EarlierAnswers, tokens: &[u32]) -> Vec<u32> {
        earlier.after(earlier.find(tokens), 4).collect()
    }

    #[test]
    fn a_text_goes_on_as_an_earlier_one_and_not_beyond_its_end() {
        let mut earlier = EarlierAnswers::default();
        assert_eq!(earlier.find(&[1, 2, 3]).length, 0);
        earlier.remember(&[1, 2, 3, 4, 5, 6, 7, 8], 1);
        earlier.remember(&[9, 3, 4, 1], 0);

        assert_eq!(guess(&earlier, &[0, 2, 3]), [4, 5, 6, 7]);
        assert_eq!(guess(&earlier, &[0, 9, 3]), [4, 1]);
        assert_eq!(guess(&earlier, &[6, 7, 8]), NOTHING);
        assert_eq!(earlier.find(&[8, 9, 3]).length, 2, "nothing goes from one text to the next");
    }

    #[test]
    fn the_oldest_texts_are_forgotten_when_there_are_too_many() {
        let mut earlier = EarlierAnswers::default();
        let text = |number: u32| -> Vec<u32> { (number * 1000..number * 1000 + 999).collect() };
        let most = (BUDGET / 1000) as u32;

        for number in 0..=most {
            earlier.remember(&text(number), 0);
            assert!(earlier.tokens.len() <= BUDGET);
        }

        assert_eq!(guess(&earlier, &[most * 1000, most * 1000 + 1]).len(), 4, "the newest is there");
        assert_eq!(earlier.find(&[0, 1]).length, 0, "the oldest is not");
        earlier.remember(&vec![7; 2 * BUDGET], 0);
        assert_eq!(guess(&earlier, &[7, 7, 7]), [7; 4], "of a text that is too long its end stays");
        assert!(earlier.tokens.len() <= BUDGET);
    }
}
