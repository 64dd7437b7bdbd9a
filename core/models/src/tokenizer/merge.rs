//! The merging loop that byte-pair encoding and `SentencePiece` share.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

const NONE: u32 = u32::MAX;

/// A merge that two neighbours could make.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Of several candidates the one with the lowest order is made, then the leftmost.
    pub(super) order: f32,
    /// What the neighbours become.
    pub(super) id: u32,
}

/// A piece of the text that is being encoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// The token, or [`Piece::UNKNOWN`].
    pub(super) id: u32,
    /// The first byte.
    pub(super) start: u32,
    /// The byte after the last.
    pub(super) end: u32,
}

impl Piece {
    /// The id of a piece that is no token.
    pub(super) const UNKNOWN: u32 = u32::MAX;
}

#[derive(Debug, Clone, Copy)]
struct Link {
    piece: Piece,
    previous: u32,
    next: u32,
    alive: bool,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    candidate: Candidate,
    left: u32,
    right: u32,
    /// Where the right piece ended when the candidate was found: it is stale if either piece has changed.
    end: u32,
    /// The ids of both pieces at that time.
    ids: (u32, u32),
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        other.candidate.order.total_cmp(&self.candidate.order).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

/// Merges neighbours, the best candidate first, until none is left. `O(n log n)` for any text.
pub(super) fn merge(pieces: &mut Vec<Piece>, find: impl Fn(Piece, Piece) -> Option<Candidate>) {
    if pieces.len() <= SHORT { merge_short(pieces, &find) } else { merge_long(pieces, &find) }
}

/// Up to here scanning all neighbours is quicker than a heap.
const SHORT: usize = 24;

fn merge_short(pieces: &mut Vec<Piece>, find: &impl Fn(Piece, Piece) -> Option<Candidate>) {
    let candidate = |pieces: &[Piece], left: usize| match pieces.get(left + 1) {
        Some(&right) => find(pieces[left], right),
        None => None,
    };
    let mut candidates = [None; SHORT];
    for (left, found) in candidates[..pieces.len()].iter_mut().enumerate() {
        *found = candidate(pieces, left);
    }
    loop {
        let mut best: Option<(usize, Candidate)> = None;
        for (left, found) in candidates[..pieces.len()].iter().enumerate() {
            if let Some(found) = *found
                && best.is_none_or(|(_, best)| found.order.total_cmp(&best.order) == Ordering::Less)
            {
                best = Some((left, found));
            }
        }
        let Some((left, found)) = best else { return };
        pieces[left] = Piece { id: found.id, start: pieces[left].start, end: pieces[left + 1].end };
        pieces.remove(left + 1);
        candidates.copy_within(left + 2.., left + 1);
        candidates[left] = candidate(pieces, left);
        if left > 0 {
            candidates[left - 1] = candidate(pieces, left - 1);
        }
    }
}

fn merge_long(pieces: &mut Vec<Piece>, find: &impl Fn(Piece, Piece) -> Option<Candidate>) {
    let count = pieces.len() as u32;
    let mut links: Vec<Link> = (0u32..)
        .zip(pieces.iter())
        .map(|(index, &piece)| Link {
            piece,
            previous: index.checked_sub(1).unwrap_or(NONE),
            next: if index + 1 < count { index + 1 } else { NONE },
            alive: true,
        })
        .collect();
    let mut queue = BinaryHeap::with_capacity(pieces.len());
    let offer = |links: &[Link], queue: &mut BinaryHeap<Entry>, left: u32, right: u32| {
        if left == NONE || right == NONE {
            return;
        }
        let (one, other) = (links[left as usize].piece, links[right as usize].piece);
        if let Some(candidate) = find(one, other) {
            queue.push(Entry { candidate, left, right, end: other.end, ids: (one.id, other.id) });
        }
    };
    for right in 1..count {
        offer(&links, &mut queue, right - 1, right);
    }
    while let Some(Entry { candidate, left, right, end, ids }) = queue.pop() {
        let (one, other) = (links[left as usize], links[right as usize]);
        let current = one.alive && other.alive && one.next == right;
        if !current || other.piece.end != end || (one.piece.id, other.piece.id) != ids {
            continue;
        }
        links[right as usize].alive = false;
        let merged = &mut links[left as usize];
        merged.piece = Piece { id: candidate.id, start: one.piece.start, end };
        merged.next = other.next;
        if other.next != NONE {
            links[other.next as usize].previous = left;
        }
        offer(&links, &mut queue, one.previous, left);
        offer(&links, &mut queue, left, other.next);
    }
    pieces.clear();
    pieces.extend(links.iter().filter(|link| link.alive).map(|link| link.piece));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Candidate, Piece, merge_long, merge_short};

    proptest! {
        #[test]
        fn short_and_long_texts_are_merged_alike(
            ids in prop::collection::vec(0u32..4, 0..24),
            rules in prop::collection::vec((0u32..8, 0u32..8, 0u8..5), 0..20),
        ) {
            // The rule for (a, b) gives token 4 + its number; few orders, so that many candidates tie.
            let find = |left: Piece, right: Piece| {
                rules
                    .iter()
                    .position(|&(a, b, _)| (a, b) == (left.id, right.id))
                    .map(|rule| Candidate { order: f32::from(rules[rule].2), id: 4 + rule as u32 })
            };
            let pieces = |ids: &[u32]| -> Vec<Piece> {
                (0u32..).zip(ids).map(|(at, &id)| Piece { id, start: at, end: at + 1 }).collect()
            };
            let (mut short, mut long) = (pieces(&ids), pieces(&ids));

            merge_short(&mut short, &find);
            merge_long(&mut long, &find);

            let seen = |pieces: &[Piece]| pieces.iter().map(|p| (p.id, p.start, p.end)).collect::<Vec<_>>();
            prop_assert_eq!(seen(&short), seen(&long));
        }
    }
}
