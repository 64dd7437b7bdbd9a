use super::model::Reading;
use super::pace::Pace;
use super::speculation::Speculation;
use super::suffixes::{Occurrence, SuffixAutomaton};

/// Tokens in common below which an occurrence is no basis for a guess.
const LEAST: usize = 2;

/// Guesses how a sequence goes on from what followed its last tokens before: earlier in it (prompt lookup decoding; Saxena
/// 2023), because an answer often repeats what was asked or found, or in an earlier answer, if more tokens are in common.
/// Where there is nothing of that, a draft model guesses, if there is one.
///
/// The guesses change nothing but speed, and adapt to how many of them were right.
#[derive(Debug)]
pub(in crate::llm::local) struct Drafter {
    own: SuffixAutomaton,
    /// How many tokens of the sequence `own` knows.
    known: usize,
    /// Where the end of the sequence occurred before.
    repeated: Occurrence,
    lookup: Pace,
    model: Pace,
    reading: Option<Reading>,
    /// What each token of the last guess took, if the draft model guessed it.
    cost: Option<f64>,
}

impl Drafter {
    pub(in crate::llm::local) fn new() -> Self {
        Self {
            own: SuffixAutomaton::default(),
            known: 0,
            repeated: Occurrence::default(),
            lookup: Pace::new(),
            model: Pace::new(),
            reading: None,
            cost: None,
        }
    }

    /// What may follow `tokens`, at most `most`; perhaps nothing. They begin with those of the last call.
    pub(in crate::llm::local) fn guess(
        &mut self,
        tokens: &[u32],
        most: usize,
        speculation: &mut Speculation<'_>,
    ) -> Vec<u32> {
        self.cost = None;
        let found = self.look_up(tokens, most, speculation);
        if !found.is_empty() {
            return found;
        }
        let most = most.min(self.model.next());
        if most == 0 {
            return found;
        }
        self.cost = Some(speculation.cost());
        speculation.ask_model(tokens, &mut self.reading, most)
    }

    fn look_up(&mut self, tokens: &[u32], most: usize, speculation: &Speculation<'_>) -> Vec<u32> {
        for &token in &tokens[self.known..] {
            self.repeated = self.own.push(token);
        }
        self.known = tokens.len();
        let most = most.min(self.lookup.next());
        let (own, earlier) = (self.repeated, speculation.earlier.find(tokens));
        if own.length.max(earlier.length) < LEAST {
            Vec::new()
        } else if own.length >= earlier.length {
            tokens[own.end..].iter().copied().take(most).collect()
        } else {
            speculation.earlier.after(earlier, most).collect()
        }
    }

    /// Learns how many tokens of a guess were right.
    pub(in crate::llm::local) fn learn(&mut self, guessed: usize, right: usize) {
        if guessed == 0 {
            return;
        }
        let Some(cost) = self.cost else {
            return self.lookup.learn(guessed, right, 0.0);
        };
        self.model.learn(guessed, right, cost);
        if let Some(reading) = &mut self.reading {
            reading.keep(right);
        }
    }

    /// Lets later answers go on as these tokens do from `answer` on.
    pub(in crate::llm::local) fn remember(
        &self,
        tokens: &[u32],
        answer: usize,
        speculation: &mut Speculation<'_>,
    ) {
        speculation.remember(tokens, answer, self.reading.as_ref());
    }

    /// Gives up what it knows of the sequence, to read it again later.
    pub(in crate::llm::local) fn forget(&mut self) {
        (self.own, self.known, self.reading) = (SuffixAutomaton::default(), 0, None);
    }
}

#[cfg(test)]
mod tests {
    use super::{Drafter, Speculation};

    const NOTHING: [u32; 0] = [];

    fn guess(tokens: &[u32], speculation: &mut Speculation<'_>) -> Vec<u32> {
        Drafter::new().guess(tokens, 3, speculation)
    }

    #[test]
    fn the_longest_common_end_is_followed_and_of_equals_the_latest() {
        let none = &mut Speculation::new(None);

        assert_eq!(guess(&[1], none), NOTHING);
        assert_eq!(guess(&[7, 1, 2, 9, 7], none), NOTHING, "one token is not enough");
        assert_eq!(guess(&[1, 2, 3, 4, 5, 2, 3, 6, 1, 2, 3], none), [4, 5, 2]);
        assert_eq!(guess(&[2, 3, 4, 0, 2, 3, 5, 0, 1, 2, 3], none), [5, 0, 1]);
    }

    #[test]
    fn earlier_answers_are_followed_where_they_have_more_in_common_than_the_sequence_itself() {
        let speculation = &mut Speculation::new(None);
        speculation.remember(&[1, 2, 3, 40, 41, 42], 3, None);
        speculation.remember(&[8, 8, 8], 3, None);

        assert_eq!(
            guess(&[1, 2, 3], speculation),
            [40, 41, 42],
            "the end of a question belongs to its answer"
        );
        assert_eq!(guess(&[2, 3, 5, 6, 1, 2, 3], speculation), [40, 41, 42]);
        assert_eq!(
            guess(&[1, 2, 3, 5, 6, 1, 2, 3], speculation),
            [5, 6, 1],
            "its own win when they are equal"
        );
        assert_eq!(guess(&[8, 8], speculation), NOTHING, "without an answer nothing is remembered");
    }

    #[test]
    fn a_sequence_is_read_on_and_guesses_are_at_most_as_long_as_allowed() {
        let tokens: Vec<u32> = (0..60).chain(0..3).collect();
        let none = &mut Speculation::new(None);
        let mut drafter = Drafter::new();

        assert_eq!(drafter.guess(&tokens[..60], 99, none), NOTHING);
        assert_eq!(drafter.guess(&tokens, 99, none), [3, 4, 5, 6]);
        assert_eq!(drafter.guess(&tokens, 2, none), [3, 4]);
        drafter.forget();
        assert_eq!(drafter.guess(&tokens, 2, none), [3, 4], "it is read again");
        drafter.learn(4, 0);
        assert_eq!(drafter.guess(&tokens, 99, none), NOTHING, "a pause");
        assert_eq!(drafter.guess(&tokens, 99, none), [3]);
    }
}
