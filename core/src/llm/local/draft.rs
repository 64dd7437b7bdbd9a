/// Tokens that are guessed at once, at most.
const LONGEST: usize = 16;

/// How far back two places are compared to find the most alike.
const CONTEXT: usize = 16;

/// Tokens in common below which a place is no basis for a guess.
const LEAST: usize = 2;

/// Guesses how a sequence goes on, from what followed the same tokens earlier in it (prompt lookup decoding; Saxena 2023).
/// An answer often repeats what was asked or found.
///
/// The guesses change nothing but speed, and adapt to how many of them were right.
#[derive(Debug)]
pub(super) struct Drafter {
    /// How many tokens the next guess may have.
    length: usize,
    /// Passes without a guess until the next one, after some that were wrong.
    rest: usize,
    /// How long the last rest was.
    last_rest: usize,
}

impl Drafter {
    pub(super) fn new() -> Self {
        Self { length: 4, rest: 0, last_rest: 0 }
    }

    /// What may follow `tokens`, at most `most`; perhaps nothing.
    pub(super) fn guess<'t>(&mut self, tokens: &'t [u32], most: usize) -> &'t [u32] {
        if self.rest > 0 {
            self.rest -= 1;
            return &[];
        }
        let start = best_place(tokens).unwrap_or(tokens.len());
        let end = tokens.len().min(start + self.length.min(most));
        &tokens[start..end]
    }

    /// Learns how many tokens of a guess were right.
    pub(super) fn learn(&mut self, guessed: usize, right: usize) {
        if guessed == 0 {
            return;
        }
        if right == 0 {
            self.last_rest = (2 * self.last_rest + 1).min(31);
            self.rest = self.last_rest;
        } else {
            self.last_rest = 0;
        }
        self.length =
            if right == guessed { (2 * self.length).min(LONGEST) } else { (right + 1).min(self.length) };
    }
}

/// The place after an earlier occurrence of the last tokens: the longest in common, of equals the latest.
///
/// Looks at every place, which is little beside a pass through a model.
fn best_place(tokens: &[u32]) -> Option<usize> {
    let (last, before) = tokens.split_last()?;
    let mut best = None;
    let mut longest = LEAST - 1;
    for (index, _) in before.iter().enumerate().rev().filter(|(_, token)| *token == last) {
        let pairs = tokens[..=index].iter().rev().zip(tokens.iter().rev());
        let count = pairs.take(CONTEXT).take_while(|(one, two)| one == two).count();
        if count > longest {
            (longest, best) = (count, Some(index + 1));
        }
        if count == CONTEXT {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::{Drafter, LONGEST, best_place};

    #[test]
    fn the_longest_common_end_is_followed_and_of_equals_the_latest() {
        assert_eq!(best_place(&[]), None);
        assert_eq!(best_place(&[1]), None);
        assert_eq!(best_place(&[7, 1, 2, 9, 7]), None, "one token is not enough");
        assert_eq!(best_place(&[1, 2, 3, 4, 5, 2, 3, 6, 1, 2, 3]), Some(3));
        assert_eq!(best_place(&[2, 3, 4, 0, 2, 3, 5, 0, 1, 2, 3]), Some(6));
    }

    #[test]
    fn guesses_grow_while_they_are_right_and_pause_when_they_are_wrong() {
        let tokens: Vec<u32> = (0..60).chain(0..3).collect();
        let mut drafter = Drafter::new();

        assert_eq!(drafter.guess(&tokens, 99), [3, 4, 5, 6]);
        assert_eq!(drafter.guess(&tokens, 2), [3, 4]);
        for _ in 0..5 {
            drafter.learn(4, 4);
        }
        assert_eq!(drafter.guess(&tokens, 99).len(), LONGEST);

        drafter.learn(16, 2);
        assert_eq!(drafter.guess(&tokens, 99), [3, 4, 5]);
        for rest in [1, 3, 7] {
            drafter.learn(3, 0);
            for _ in 0..rest {
                assert!(drafter.guess(&tokens, 99).is_empty());
            }
            assert_eq!(drafter.guess(&tokens, 99).len(), 1);
        }
        drafter.learn(1, 1);
        assert_eq!(drafter.guess(&tokens, 99).len(), 2);
    }
}
