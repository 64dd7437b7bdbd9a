/// So many states, from the longest, learn where their sequences occurred last when a text repeats itself. Texts repeat
/// themselves in few lengths, but for those that say the same again and again, where one place is as good as another.
const NEWEST: usize = 16;

const START: u32 = 0;

/// All sequences of tokens that occur in a text, which grows at its end (suffix automaton; Blumer et al. 1985, "The smallest
/// automaton recognizing the subwords of a text"). A token takes a constant time on average, however long the text is.
///
/// It has at most two states and three edges for each token.
#[derive(Debug)]
pub(super) struct SuffixAutomaton {
    states: Vec<State>,
    /// That of the whole text.
    last: u32,
}

/// Sequences that end at the same places, each an end of the next longer one.
#[derive(Debug, Clone, Default)]
struct State {
    /// The tokens of the longest.
    length: u32,
    /// The state of the longest end of them that ends at more places; the start has none.
    link: Option<u32>,
    /// The tokens of the text up to the last of these places.
    end: u32,
    /// The states that tokens lead to, in the order of the tokens.
    edges: Vec<(u32, u32)>,
}

/// Tokens that occur in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Occurrence {
    /// How many there are.
    pub(super) length: usize,
    /// The tokens of the text up to their end.
    pub(super) end: usize,
}

impl Default for SuffixAutomaton {
    fn default() -> Self {
        Self { states: vec![State::default()], last: START }
    }
}

impl SuffixAutomaton {
    /// What a token of a text takes of memory, about.
    pub(super) const TOKEN_BYTES: u64 = 150;

    /// Appends a token, and gives the longest end of the text that has occurred before, where it did so last.
    pub(super) fn push(&mut self, token: u32) -> Occurrence {
        let length = self.state(self.last).length + 1;
        let whole = self.add(State { length, end: length, ..State::default() });
        let mut place = Some(self.last);
        let mut link = START;
        while let Some(from) = place {
            if let Some(to) = self.follow(from, token) {
                link = self.only_from(from, token, to);
                break;
            }
            self.connect(from, token, whole);
            place = self.state(from).link;
        }
        self.states[whole as usize].link = Some(link);
        self.last = whole;
        let State { length: repeated, end, .. } = *self.state(link);
        let mut place = Some(link);
        for _ in 0..NEWEST {
            let Some(index) = place else { break };
            let state = &mut self.states[index as usize];
            state.end = length;
            place = state.link;
        }
        Occurrence { length: repeated as usize, end: end as usize }
    }

    /// The longest end of these tokens that occurs in the text.
    pub(super) fn find(&self, tokens: &[u32]) -> Occurrence {
        let (mut place, mut length) = (START, 0);
        for &token in tokens {
            loop {
                if let Some(to) = self.follow(place, token) {
                    (place, length) = (to, length + 1);
                    break;
                }
                let Some(link) = self.state(place).link else { break };
                (place, length) = (link, self.state(link).length);
            }
        }
        Occurrence { length: length as usize, end: self.state(place).end as usize }
    }

    fn state(&self, index: u32) -> &State {
        &self.states[index as usize]
    }

    fn add(&mut self, state: State) -> u32 {
        self.states.push(state);
        self.states.len() as u32 - 1
    }

    fn follow(&self, from: u32, token: u32) -> Option<u32> {
        let edges = &self.state(from).edges;
        edges.binary_search_by_key(&token, |edge| edge.0).ok().map(|index| edges[index].1)
    }

    fn connect(&mut self, from: u32, token: u32, to: u32) {
        let edges = &mut self.states[from as usize].edges;
        match edges.binary_search_by_key(&token, |edge| edge.0) {
            Ok(index) => edges[index].1 = to,
            Err(index) => {
                if edges.is_empty() {
                    // Most have one for ever.
                    edges.reserve_exact(1);
                }
                edges.insert(index, (token, to));
            }
        }
    }

    /// The state of the sequences of `from` with the token after them: `to`, unless that has longer ones too, which are
    /// then no longer in the same state.
    fn only_from(&mut self, from: u32, token: u32, to: u32) -> u32 {
        let length = self.state(from).length + 1;
        if self.state(to).length == length {
            return to;
        }
        let shorter = State { length, ..self.state(to).clone() };
        let split = self.add(shorter);
        self.states[to as usize].link = Some(split);
        let mut place = Some(from);
        while let Some(from) = place.filter(|&from| self.follow(from, token) == Some(to)) {
            self.connect(from, token, split);
            place = self.state(from).link;
        }
        split
    }
}

#[cfg(test)]
mod tests {
    use super::{Occurrence, SuffixAutomaton};

    /// The longest end of `tokens` that ends in `text` before `limit`, found by looking everywhere.
    fn longest(text: &[u32], tokens: &[u32], limit: usize) -> Occurrence {
        let common = |end: usize| {
            let pairs = text[..end].iter().rev().zip(tokens.iter().rev());
            let length = pairs.take_while(|(one, two)| one == two).count();
            Occurrence { length, end }
        };
        let found = (1..limit).map(common).filter(|found| found.length > 0);
        found.max_by_key(|found| (found.length, found.end)).unwrap_or_default()
    }

    fn automaton(text: &[u32]) -> SuffixAutomaton {
        let mut suffixes = SuffixAutomaton::default();
        for &token in text {
            suffixes.push(token);
        }
        suffixes
    }

    /// Texts of few different tokens, so that they repeat themselves.
    fn texts() -> impl Iterator<Item = Vec<u32>> {
        let mut state = 7_u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % below) as u32
        };
        (0..60).map(move |round| (0..80).map(|_| random(2 + round % 5)).collect())
    }

    #[test]
    fn the_longest_end_that_occurred_before_is_found_with_every_token() {
        for text in texts() {
            let mut suffixes = SuffixAutomaton::default();
            for length in 1..=text.len() {
                let found = suffixes.push(text[length - 1]);

                let expected = longest(&text, &text[..length], length);
                assert_eq!(found.length, expected.length, "{:?}", &text[..length]);
                if found.length > 0 {
                    assert_eq!(found.end, expected.end, "the latest: {:?}", &text[..length]);
                }
            }
        }
    }

    #[test]
    fn the_longest_end_of_other_tokens_is_found_wherever_it_occurs() {
        let texts: Vec<Vec<u32>> = texts().collect();
        for (text, other) in texts.iter().zip(texts.iter().rev()) {
            let suffixes = automaton(text);
            for other in other.windows(16) {
                let found = suffixes.find(other);

                let expected = longest(text, other, text.len() + 1);
                assert_eq!(found.length, expected.length, "{other:?} in {text:?}");
                let here = &text[found.end - found.length..found.end];
                assert_eq!(here, &other[other.len() - found.length..], "it is there");
            }
        }
        assert_eq!(SuffixAutomaton::default().find(&[1, 2, 3]).length, 0);
    }

    #[test]
    fn a_text_takes_two_states_for_each_token_at_most() {
        for text in texts().chain([vec![1; 1000]]) {
            let suffixes = automaton(&text);

            assert!(suffixes.states.len() <= 2 * text.len());
            let edges: usize = suffixes.states.iter().map(|state| state.edges.len()).sum();
            assert!(edges <= 3 * text.len());
        }
    }
}
