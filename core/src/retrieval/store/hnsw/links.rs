use std::collections::HashMap;

/// Closes a list of links that is not full.
const NONE: u32 = u32::MAX;

/// The highest layer, of a graph with more nodes than slots have numbers.
pub(super) const MOST_LAYERS: usize = 32;

/// The links of a graph, side by side in memory; each slot is a node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Links {
    parts: Parts,
    /// Where the links of a node above the lowest layer begin.
    upper_first: HashMap<u32, usize>,
}

/// What links are stored as.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parts {
    /// Links of a node in each layer; twice as many in the lowest.
    pub(super) m: usize,
    /// The highest layer of each node.
    pub(super) levels: Vec<u8>,
    /// `[nodes][2 * m]`.
    pub(super) lowest: Vec<u32>,
    /// The layers above the lowest of the nodes that have some, by node: `[level][m]` each.
    pub(super) upper: Vec<u32>,
    /// Where every search begins: a node of the highest layer.
    pub(super) entry: Option<u32>,
}

impl Links {
    pub(super) fn new(slots: usize, m: usize) -> Self {
        let lowest = vec![NONE; slots * 2 * m];
        let parts = Parts { m, levels: vec![0; slots], lowest, upper: Vec::new(), entry: None };
        Self { parts, upper_first: HashMap::new() }
    }

    /// The links that `parts` describe, unless they contradict each other.
    pub(super) fn from_parts(parts: Parts) -> Option<Self> {
        let mut upper_first = HashMap::new();
        let mut first = 0;
        for (node, level) in (0..).zip(&parts.levels) {
            if *level > 0 {
                upper_first.insert(node, first);
                first += usize::from(*level) * parts.m;
            }
        }
        let links = Self { parts, upper_first };
        let sizes =
            links.parts.upper.len() == first && links.parts.lowest.len() == links.slots() * 2 * links.parts.m;
        (sizes && links.are_sound()).then_some(links)
    }

    /// Whether every link leads to a node that is in its layer.
    fn are_sound(&self) -> bool {
        let in_layer = |layer: usize| {
            move |node: &u32| {
                self.parts.levels.get(*node as usize).is_some_and(|level| usize::from(*level) >= layer)
            }
        };
        let highest = self.parts.levels.iter().copied().max().map(usize::from);
        let entry = match (self.parts.entry, highest) {
            (Some(entry), Some(highest)) => in_layer(highest)(&entry),
            (entry, _) => entry.is_none() && self.slots() == 0,
        };
        entry
            && (0..self.slots() as u32).all(|node| {
                (0..=self.level(node)).all(|layer| self.get(layer, node).iter().all(in_layer(layer)))
            })
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The number of nodes.
    pub(super) fn slots(&self) -> usize {
        self.parts.levels.len()
    }

    /// The most links of a node in `layer`.
    pub(super) fn width(&self, layer: usize) -> usize {
        if layer == 0 { 2 * self.parts.m } else { self.parts.m }
    }

    fn level(&self, node: u32) -> usize {
        usize::from(self.parts.levels[node as usize])
    }

    /// Where every search begins.
    pub(super) fn entry(&self) -> Option<u32> {
        self.parts.entry
    }

    /// The number of layers.
    pub(super) fn layers(&self) -> usize {
        self.parts.entry.map_or(0, |entry| self.level(entry) + 1)
    }

    /// Makes room for a node's links up to layer `level`, at most [`MOST_LAYERS`], and it the entry if none is higher.
    /// Nodes come in order.
    pub(super) fn add(&mut self, node: u32, level: usize) {
        if level >= self.layers() {
            self.parts.entry = Some(node);
        }
        if level > 0 {
            self.parts.levels[node as usize] = level as u8;
            self.upper_first.insert(node, self.parts.upper.len());
            self.parts.upper.resize(self.parts.upper.len() + level * self.parts.m, NONE);
        }
    }

    /// The neighbours of a node in a layer that it is in.
    pub(super) fn get(&self, layer: usize, node: u32) -> &[u32] {
        let width = self.width(layer);
        let first = self.first(layer, node);
        let all = if layer == 0 {
            &self.parts.lowest[first..][..width]
        } else {
            &self.parts.upper[first..][..width]
        };
        let count = all.iter().position(|link| *link == NONE).unwrap_or(width);
        &all[..count]
    }

    /// Replaces the neighbours of a node in a layer that it is in.
    pub(super) fn set(&mut self, layer: usize, node: u32, neighbours: &[u32]) {
        let width = self.width(layer);
        let first = self.first(layer, node);
        let parts = &mut self.parts;
        let all =
            if layer == 0 { &mut parts.lowest[first..][..width] } else { &mut parts.upper[first..][..width] };
        all.fill(NONE);
        all[..neighbours.len()].copy_from_slice(neighbours);
    }

    /// Where the links of a node in a layer begin.
    fn first(&self, layer: usize, node: u32) -> usize {
        match layer {
            0 => node as usize * 2 * self.parts.m,
            _ => self.upper_first[&node] + (layer - 1) * self.parts.m,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three nodes, the second of which is in two layers.
    fn parts() -> Parts {
        let mut links = Links::new(3, 2);
        for (node, level) in [(0, 0), (1, 2), (2, 1)] {
            links.add(node, level);
        }
        for (layer, node, neighbours) in [(0, 0, &[1, 2][..]), (0, 1, &[0]), (1, 1, &[2]), (1, 2, &[1])] {
            links.set(layer, node, neighbours);
        }
        links.parts
    }

    #[test]
    fn links_are_those_of_their_parts() {
        let links = Links::from_parts(parts()).expect("the parts are sound");

        assert_eq!((links.entry(), links.layers()), (Some(1), 3));
        assert_eq!(links.get(0, 0), [1, 2]);
        assert_eq!(links.get(1, 2), [1]);
        assert!(links.get(2, 1).is_empty());
    }

    #[test]
    fn parts_that_contradict_each_other_are_refused() {
        let changes: [fn(&mut Parts); 7] = [
            |parts| parts.entry = None,
            |parts| parts.entry = Some(3),
            |parts| parts.entry = Some(2),
            |parts| parts.levels[0] = 1,
            |parts| parts.lowest.truncate(5),
            |parts| parts.lowest[0] = 3,
            |parts| parts.upper[0] = 0,
        ];
        for change in changes {
            let mut parts = parts();
            change(&mut parts);

            assert!(Links::from_parts(parts.clone()).is_none(), "{parts:?}");
        }
    }
}
