/// The texts that hold one term, by ascending slot, packed: for each the distance from the slot before and how
/// often it holds the term, as variable-length integers.
#[derive(Debug, Clone, Default)]
pub(super) struct Postings {
    bytes: Vec<u8>,
    last: u32,
    /// Texts that are not removed.
    pub(super) live: u32,
}

/// One text that holds a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Posting {
    pub(super) slot: u32,
    pub(super) frequency: u32,
}

impl Postings {
    /// Adds a text whose slot is above all others.
    pub(super) fn push(&mut self, posting: Posting) {
        put(&mut self.bytes, posting.slot - self.last);
        put(&mut self.bytes, posting.frequency);
        self.last = posting.slot;
        self.live += 1;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Posting> + '_ {
        let mut bytes = self.bytes.iter();
        let mut slot = 0;
        std::iter::from_fn(move || {
            slot += take(&mut bytes)?;
            Some(Posting { slot, frequency: take(&mut bytes)? })
        })
    }
}

/// Seven bits a byte, lowest first; the top bit says that more follow.
fn put(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn take(bytes: &mut std::slice::Iter<'_, u8>) -> Option<u32> {
    let mut value = 0;
    let mut shift = 0;
    loop {
        let byte = *bytes.next()?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn postings_come_back_as_they_were_added(
            slots in proptest::collection::btree_set(any::<u32>(), 0..50),
            frequency in 1_u32..u32::MAX,
        ) {
            let expected: Vec<Posting> = slots.iter().map(|slot| Posting { slot: *slot, frequency }).collect();

            let mut postings = Postings::default();
            for posting in &expected {
                postings.push(*posting);
            }

            prop_assert_eq!(postings.iter().collect::<Vec<_>>(), expected);
        }
    }
}
