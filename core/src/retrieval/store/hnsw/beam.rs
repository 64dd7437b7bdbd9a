use std::mem;

/// A node that a search came by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) similarity: f32,
    pub(super) node: u32,
}

/// The best nodes that a search found, which are also those that it goes on from: nearest first.
#[derive(Debug, Default)]
pub(super) struct Beam {
    width: usize,
    found: Vec<Found>,
    expanded: Vec<bool>,
    /// Everything before it is expanded.
    next: usize,
}

impl Beam {
    pub(super) fn restart(&mut self, width: usize) {
        self.found.clear();
        self.expanded.clear();
        self.width = width;
        self.next = 0;
    }

    /// Takes a node in if it is among the best; of equal ones, the first to come stays.
    pub(super) fn offer(&mut self, found: Found) {
        if self.found.len() == self.width {
            if self.found.last().is_none_or(|last| found.similarity <= last.similarity) {
                return;
            }
            self.found.pop();
            self.expanded.pop();
        }
        let place = self.found.partition_point(|other| other.similarity >= found.similarity);
        self.found.insert(place, found);
        self.expanded.insert(place, false);
        self.next = self.next.min(place);
    }

    /// The best node that was not expanded, which it is now.
    pub(super) fn expand(&mut self) -> Option<u32> {
        while *self.expanded.get(self.next)? {
            self.next += 1;
        }
        self.expanded[self.next] = true;
        Some(self.found[self.next].node)
    }

    pub(super) fn found(&self) -> &[Found] {
        &self.found
    }
}

/// Which nodes a search has seen: a bit for each, so that a million fit into the second-level cache.
#[derive(Debug, Default)]
pub(super) struct Visited {
    bits: Vec<u64>,
}

impl Visited {
    pub(super) fn restart(&mut self, nodes: usize) {
        self.bits.clear();
        self.bits.resize(nodes.div_ceil(64), 0);
    }

    /// Whether this is the first visit.
    pub(super) fn visit(&mut self, node: u32) -> bool {
        let (word, bit) = (&mut self.bits[node as usize / 64], 1 << (node % 64));
        let seen = mem::replace(word, *word | bit);
        seen & bit == 0
    }
}
