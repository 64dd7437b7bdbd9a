use super::bytes::{put, take};

/// Texts that are packed before the next place where reading can begin.
const BLOCK: u32 = 128;

/// The texts that hold one term, by ascending slot, packed: for each the distance from the slot before and how
/// often it holds the term, as variable-length integers. A list of blocks allows to skip.
#[derive(Debug, Clone, Default)]
pub(super) struct Postings {
    bytes: Vec<u8>,
    /// The full blocks; what follows them is the open one.
    blocks: Vec<Block>,
    open: u32,
    last: u32,
    /// Texts that are not removed.
    pub(super) live: u32,
    /// The greatest frequency, and the length of the shortest text, that were ever added: they bound every score.
    pub(super) max_frequency: u32,
    pub(super) min_length: u32,
}

/// Where a block ends: its last slot and the byte after it.
#[derive(Debug, Clone, Copy)]
struct Block {
    last: u32,
    end: u32,
}

/// One text that holds a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Posting {
    pub(super) slot: u32,
    pub(super) frequency: u32,
}

impl Postings {
    /// Adds a text of `length` terms whose slot is above all others.
    pub(super) fn push(&mut self, posting: Posting, length: u32) {
        let first = self.bytes.is_empty();
        put(&mut self.bytes, posting.slot - self.last);
        put(&mut self.bytes, posting.frequency);
        self.last = posting.slot;
        self.live += 1;
        self.max_frequency = self.max_frequency.max(posting.frequency);
        self.min_length = if first { length } else { self.min_length.min(length) };
        self.open += 1;
        if self.open == BLOCK {
            self.blocks.push(Block { last: self.last, end: self.bytes.len() as u32 });
            self.open = 0;
        }
    }

    /// The postings from the first one.
    pub(super) fn read(&self) -> Reader<'_> {
        let mut reader = Reader { postings: self, rest: self.bytes.iter(), block: 0, next: None };
        reader.advance(0);
        reader
    }
}

/// Reads postings by ascending slot.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    postings: &'a Postings,
    rest: std::slice::Iter<'a, u8>,
    /// No block before this one holds what comes next.
    block: usize,
    next: Option<Posting>,
}

impl Reader<'_> {
    /// The slot of the next posting; `u32::MAX` after the last.
    pub(super) fn slot(&self) -> u32 {
        self.next.map_or(u32::MAX, |posting| posting.slot)
    }

    /// Calls `visit` with the postings below `end`, and leaves the next one.
    #[inline]
    pub(super) fn until(&mut self, end: u32, mut visit: impl FnMut(Posting)) {
        let mut rest = self.rest.clone();
        let mut next = self.next;
        while let Some(posting) = next
            && posting.slot < end
        {
            visit(posting);
            next = decode(&mut rest, posting.slot);
        }
        (self.rest, self.next) = (rest, next);
    }

    /// The frequency in the text at `slot`, which must not be below any that was asked for.
    pub(super) fn frequency(&mut self, slot: u32) -> Option<u32> {
        if self.slot() < slot {
            self.skip(slot);
            self.until(slot, |_| {});
        }
        self.next.filter(|posting| posting.slot == slot).map(|posting| posting.frequency)
    }

    /// Goes to the block that `slot` would be in, unless it is there.
    fn skip(&mut self, slot: u32) {
        let blocks = &self.postings.blocks;
        let ahead = blocks[self.block..].partition_point(|block| block.last < slot);
        if ahead > 0 {
            self.block += ahead;
            let before = blocks[self.block - 1];
            self.rest = self.postings.bytes[before.end as usize..].iter();
            self.advance(before.last);
        }
    }

    fn advance(&mut self, slot: u32) {
        self.next = decode(&mut self.rest, slot);
    }
}

impl Iterator for Reader<'_> {
    type Item = Posting;

    fn next(&mut self) -> Option<Posting> {
        let posting = self.next?;
        self.advance(posting.slot);
        Some(posting)
    }
}

/// The posting after the one at `slot`.
#[inline]
fn decode(bytes: &mut std::slice::Iter<'_, u8>, slot: u32) -> Option<Posting> {
    Some(Posting { slot: slot + take(bytes)?, frequency: take(bytes)? })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn postings(slots: &BTreeSet<u32>) -> Postings {
        let mut postings = Postings::default();
        for slot in slots {
            postings.push(Posting { slot: *slot, frequency: frequency(*slot) }, 1);
        }
        postings
    }

    fn frequency(slot: u32) -> u32 {
        slot.wrapping_mul(2_654_435_761) | 1
    }

    proptest! {
        #[test]
        fn postings_come_back_as_they_were_added(
            slots in proptest::collection::btree_set(any::<u32>(), 0..300),
        ) {
            let found: Vec<Posting> = postings(&slots).read().collect();

            let expected = slots.iter().map(|slot| Posting { slot: *slot, frequency: frequency(*slot) });
            prop_assert_eq!(found, expected.collect::<Vec<_>>());
        }

        #[test]
        fn skipping_finds_what_reading_finds(
            slots in proptest::collection::btree_set(0..2_000_u32, 0..700),
            asked in proptest::collection::btree_set(0..2_100_u32, 0..60),
        ) {
            let postings = postings(&slots);
            let mut reader = postings.read();

            for slot in asked {
                let expected = slots.contains(&slot).then(|| frequency(slot));
                prop_assert_eq!(reader.frequency(slot), expected);
            }
        }
    }
}
