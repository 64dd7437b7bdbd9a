/// Tokens that are guessed at once, at most.
const LONGEST: usize = 16;

/// How far ahead is guessed, which follows how many guesses were right.
#[derive(Debug)]
pub(super) struct Pace {
    /// How many tokens the next guess may have.
    length: usize,
    /// Passes without a guess until the next one, after some that did not pay.
    rest: usize,
    /// How long the last rest was.
    last_rest: usize,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { length: 4, rest: 0, last_rest: 0 }
    }

    /// How many tokens may be guessed for this pass, perhaps none.
    pub(super) fn next(&mut self) -> usize {
        if self.rest > 0 {
            self.rest -= 1;
            return 0;
        }
        self.length
    }

    /// Learns how many of some guesses were right, each of which took `cost` passes of the model: they pay if they save
    /// at least as many.
    pub(super) fn learn(&mut self, guessed: usize, right: usize, cost: f64) {
        if right > 0 && right as f64 >= cost * guessed as f64 {
            self.last_rest = 0;
        } else {
            self.last_rest = (2 * self.last_rest + 1).min(31);
            self.rest = self.last_rest;
        }
        self.length =
            if right == guessed { (2 * self.length).min(LONGEST) } else { (right + 1).min(self.length) };
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Pace};

    /// Passes without a guess until the next one.
    fn rest(pace: &mut Pace) -> usize {
        (0..100).take_while(|_| pace.next() == 0).count()
    }

    #[test]
    fn guesses_grow_while_they_are_right_and_pause_when_they_are_wrong() {
        let mut pace = Pace::new();
        assert_eq!(pace.next(), 4);
        for _ in 0..5 {
            pace.learn(4, 4, 0.0);
        }
        assert_eq!(pace.next(), LONGEST);

        pace.learn(16, 2, 0.0);
        assert_eq!(pace.next(), 3);
        let rests = [1, 3, 7, 15, 31, 31].map(|_| {
            pace.learn(3, 0, 0.0);
            rest(&mut pace)
        });
        assert_eq!(rests, [1, 3, 7, 15, 31, 31]);
        assert_eq!(pace.next(), 1);
        pace.learn(1, 1, 0.0);
        assert_eq!(pace.next(), 2);
    }

    #[test]
    fn guesses_that_cost_more_than_they_save_pause() {
        let mut pace = Pace::new();

        pace.learn(4, 2, 0.5);
        assert_eq!(rest(&mut pace), 0);
        pace.learn(4, 2, 0.6);
        assert_eq!(rest(&mut pace), 1);
        pace.learn(4, 4, 1.1);
        assert_eq!(rest(&mut pace), 3, "even if all are right");
    }
}
