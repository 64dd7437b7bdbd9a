use std::ops::Range;

use rushlight_kernels::PAGE;

use crate::nn::Segment;

/// The rows of a pass, in an order in which sequences of equally many rows follow each other.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    pub(super) sequences: Vec<Sequence<'a>>,
    pub(super) groups: Vec<Group>,
}

/// One sequence's part of a pass.
#[derive(Debug)]
pub(super) struct Sequence<'a> {
    /// Which of the segments it is.
    pub(super) segment: usize,
    pub(super) tokens: &'a [u32],
    /// The place of the first of these tokens in the sequence.
    pub(super) first: usize,
    /// How many of the last rows' logits are wanted.
    pub(super) logits: usize,
    pages: Vec<usize>,
}

/// Sequences of equally many rows: their attention is computed at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) sequences: Range<usize>,
    /// The first of their rows in the pass.
    pub(super) start: usize,
    /// The rows of each.
    pub(super) rows: usize,
}

impl<'a> Pass<'a> {
    pub(super) fn new(segments: &'a [Segment<'_>]) -> Self {
        let mut sequences: Vec<Sequence<'_>> = segments
            .iter()
            .enumerate()
            .map(|(segment, Segment { tokens, cache, logits })| Sequence {
                segment,
                tokens,
                first: cache.len(),
                logits: *logits,
                pages: cache.page_numbers(),
            })
            .collect();
        sequences.sort_by_key(|sequence| sequence.tokens.len());
        let groups = groups(&sequences);
        Self { sequences, groups }
    }

    /// The tokens of all rows.
    pub(super) fn tokens(&self) -> impl Iterator<Item = u32> {
        self.sequences.iter().flat_map(|sequence| sequence.tokens.iter().copied())
    }

    /// The place of each row in its sequence.
    pub(super) fn positions(&self) -> impl Iterator<Item = usize> + Clone {
        self.sequences.iter().flat_map(|sequence| (sequence.first..).take(sequence.tokens.len()))
    }

    /// Where each row's keys and values go in the arena.
    pub(super) fn slots(&self) -> Vec<u32> {
        let slots = |sequence: &Sequence<'_>| -> Vec<u32> {
            (sequence.first..sequence.end()).map(|token| sequence.slot(token)).collect()
        };
        self.sequences.iter().flat_map(slots).collect()
    }

    /// The rows whose logits are wanted.
    pub(super) fn wanted(&self) -> Vec<u32> {
        let mut end = 0;
        let mut wanted = Vec::new();
        for sequence in &self.sequences {
            end += sequence.tokens.len() as u32;
            wanted.extend(end - sequence.logits as u32..end);
        }
        wanted
    }

    /// Puts the wanted rows, `width` wide, into the order of the segments.
    pub(super) fn in_order(&self, rows: &[f32], width: usize) -> Vec<f32> {
        let mut parts: Vec<(usize, &[f32])> = Vec::with_capacity(self.sequences.len());
        let mut rest = rows;
        for sequence in &self.sequences {
            let (part, others) = rest.split_at(sequence.logits * width);
            parts.push((sequence.segment, part));
            rest = others;
        }
        parts.sort_by_key(|(segment, _)| *segment);
        parts.into_iter().flat_map(|(_, part)| part).copied().collect()
    }
}

impl Sequence<'_> {
    /// The tokens that it has after the pass.
    pub(super) fn end(&self) -> usize {
        self.first + self.tokens.len()
    }

    /// Where a token's keys and values are in the arena.
    pub(super) fn slot(&self, token: usize) -> u32 {
        (self.pages[token / PAGE] * PAGE + token % PAGE) as u32
    }

    /// The first token that any of its rows sees.
    pub(super) fn first_visible(&self, window: Option<usize>) -> usize {
        window.map_or(0, |window| (self.first + 1).saturating_sub(window))
    }
}

fn groups(sequences: &[Sequence<'_>]) -> Vec<Group> {
    let (mut groups, mut first, mut start) = (Vec::new(), 0, 0);
    for equal in sequences.chunk_by(|one, two| one.tokens.len() == two.tokens.len()) {
        let (count, rows) = (equal.len(), equal[0].tokens.len());
        groups.push(Group { sequences: first..first + count, start, rows });
        first += count;
        start += count * rows;
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::{Group, Pass, Sequence, groups};

    fn sequence(segment: usize, tokens: &[u32], first: usize, logits: usize) -> Sequence<'_> {
        Sequence { segment, tokens, first, logits, pages: vec![7, 3, 5] }
    }

    fn pass(sequences: Vec<Sequence<'_>>) -> Pass<'_> {
        let groups = groups(&sequences);
        Pass { sequences, groups }
    }

    #[test]
    fn sequences_of_equally_many_rows_are_one_group() {
        let pass =
            pass(vec![sequence(1, &[1], 4, 1), sequence(2, &[2], 9, 1), sequence(0, &[3, 4, 5], 0, 1)]);
        let group = |sequences: Range<usize>, start, rows| Group { sequences, start, rows };

        assert_eq!(pass.groups, [group(0..2, 0, 1), group(2..3, 2, 3)]);
        assert_eq!(pass.positions().collect::<Vec<usize>>(), [4, 9, 0, 1, 2]);
        assert_eq!(pass.wanted(), [0, 1, 4]);
    }

    #[test]
    fn logits_come_back_in_the_order_of_the_segments() {
        let pass =
            pass(vec![sequence(2, &[1], 0, 1), sequence(0, &[2, 3], 0, 2), sequence(1, &[4, 5, 6], 0, 0)]);

        assert_eq!(pass.in_order(&[1.0, 1.5, 2.0, 2.5, 3.0, 3.5], 2), [2.0, 2.5, 3.0, 3.5, 1.0, 1.5]);
    }

    #[test]
    fn a_token_is_found_in_its_page() {
        let sequence = sequence(0, &[1, 2, 3], 127, 0);

        assert_eq!(pass(vec![sequence]).slots(), [3 * 64 + 63, 5 * 64, 5 * 64 + 1]);
    }

    #[test]
    fn a_window_counts_the_token_itself() {
        let sequence = sequence(0, &[1, 2], 10, 0);

        assert_eq!(sequence.first_visible(None), 0);
        assert_eq!(sequence.first_visible(Some(4)), 7);
        assert_eq!(sequence.first_visible(Some(100)), 0);
    }
}
