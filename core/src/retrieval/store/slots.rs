use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Places of the list that no row has.
const NONE: u32 = u32::MAX;

/// The list has so many places for each row at most, and so many more.
const PLACES_A_ROW: usize = 2;
const PLACES_MORE: usize = 1024;

/// In which slot the row of each id is.
///
/// Ids that count up, as databases give them, are places of a list, which is read in order where a table would be read at random;
/// ids too large for it are in a table.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    listed: Vec<u32>,
    others: HashMap<u64, u32, BuildHasherDefault<IdHasher>>,
    len: usize,
}

impl Slots {
    /// For rows with these ids, the first in the first slot.
    pub(super) fn of(ids: &[u64]) -> Self {
        let mut slots = Self::default();
        slots.reserve(ids.len());
        for (slot, id) in (0..).zip(ids) {
            slots.insert(*id, slot);
        }
        slots
    }

    /// Makes room for this many more rows with ids that count up.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.listed.reserve(rows);
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, id: u64) -> Option<u32> {
        match usize::try_from(id).ok().and_then(|place| self.listed.get(place)) {
            Some(slot) => Some(*slot).filter(|slot| *slot != NONE),
            None => self.others.get(&id).copied(),
        }
    }

    /// Puts the row of an id that has none into a slot.
    pub(super) fn insert(&mut self, id: u64, slot: u32) {
        self.len += 1;
        let places = PLACES_A_ROW.saturating_mul(self.len).saturating_add(PLACES_MORE);
        match usize::try_from(id).ok().filter(|place| *place < places.max(self.listed.len())) {
            Some(place) => {
                self.lengthen(place + 1);
                self.listed[place] = slot;
            }
            None => {
                self.others.insert(id, slot);
            }
        }
    }

    /// Forgets the row of an id; gives its slot.
    pub(super) fn remove(&mut self, id: u64) -> Option<u32> {
        let slot = self.get(id)?;
        self.len -= 1;
        match usize::try_from(id).ok().and_then(|place| self.listed.get_mut(place)) {
            Some(listed) => *listed = NONE,
            None => {
                self.others.remove(&id);
            }
        }
        Some(slot)
    }

    /// All ids with their slots, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, u32)> {
        let listed = (0..).zip(self.listed.iter().copied()).filter(|(_, slot)| *slot != NONE);
        listed.chain(self.others.iter().map(|(id, slot)| (*id, *slot)))
    }

    /// Makes the list so long at least; what is in the table and has a place then moves there.
    fn lengthen(&mut self, places: usize) {
        if places <= self.listed.len() {
            return;
        }
        self.listed.resize(places, NONE);
        if !self.others.is_empty() {
            let moving: Vec<u64> =
                self.others.keys().copied().filter(|id| *id < self.listed.len() as u64).collect();
            for id in moving {
                if let Some(slot) = self.others.remove(&id) {
                    self.listed[id as usize] = slot;
                }
            }
        }
    }
}

/// Spreads ids over a table; they come from the store's owner, so nobody chooses them to collide.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, id: u64) {
        let product = u128::from(id ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ids that count up, ids all over, and both borders.
    fn any_id() -> impl Strategy<Value = u64> {
        prop_oneof![0_u64..40, 1_000_u64..1_200, 2_000_u64..2_010, any::<u64>(), Just(u64::MAX)]
    }

    proptest! {
        #[test]
        fn a_slot_is_found_wherever_it_is_kept(changes in prop::collection::vec((any_id(), any::<bool>()), 0..400)) {
            let (mut slots, mut expected) = (Slots::default(), HashMap::new());
            for (slot, (id, put)) in (0..).zip(changes) {
                prop_assert_eq!(slots.remove(id), expected.remove(&id));
                if put {
                    slots.insert(id, slot);
                    expected.insert(id, slot);
                }
                prop_assert_eq!(slots.get(id), expected.get(&id).copied());
            }
            prop_assert_eq!(slots.len(), expected.len());
            prop_assert_eq!(slots.iter().collect::<HashMap<_, _>>(), expected);
        }
    }

    #[test]
    fn the_list_grows_with_the_rows_and_takes_in_what_the_table_had() {
        let mut slots = Slots::default();
        slots.insert(3_000, 0);
        assert_eq!((slots.listed.len(), slots.others.len()), (0, 1));

        for id in 0..2_000 {
            slots.insert(id, 1 + id as u32);
        }
        slots.insert(4_000, 2_001);

        assert_eq!((slots.listed.len(), slots.others.len()), (4_001, 0));
        assert_eq!((slots.get(3_000), slots.get(1_999), slots.get(3_001)), (Some(0), Some(2_000), None));
    }
}
