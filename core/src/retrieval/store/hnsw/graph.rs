use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rushlight_kernels::{CodedQuery, CodedRows};

use super::beam::{Beam, Found, Visited};
use super::links::Links;

/// A hierarchical navigable small-world graph (Malkov and Yashunin, "Efficient and robust approximate nearest
/// neighbor search using Hierarchical Navigable Small World graphs", 2016) over the first slots of some rows.
///
/// It holds nothing but links; what a node is near to is computed from the codes of the rows. It is not changed once it
/// is [built](super::Builder).
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) links: Links,
    pub(super) twins: Twins,
    /// What searches use again.
    searches: Mutex<Vec<Search>>,
}

/// Slots whose codes equal those of an earlier one, by that earlier slot. They have no links: many equal vectors would
/// be each other's only neighbours and fall off the graph.
pub(super) type Twins = BTreeMap<u32, Vec<u32>>;

/// What a search works with.
#[derive(Debug, Default)]
pub(super) struct Search {
    pub(super) beam: Beam,
    visited: Visited,
    unseen: Vec<u32>,
    similarities: Vec<f32>,
}

impl Graph {
    pub(super) fn new(links: Links, twins: Twins) -> Self {
        Self { links, twins, searches: Mutex::default() }
    }

    /// Slots below this one are covered.
    pub(super) fn slots(&self) -> usize {
        self.links.slots()
    }

    /// The node of `layer` at which a search of it begins: goes from the entry to ever nearer neighbours.
    pub(super) fn descend(&self, near: &Near<'_>, layer: usize, search: &mut Search) -> Option<u32> {
        let similarities = &mut search.similarities;
        let entry = self.links.entry()?;
        similarities.resize(1, 0.0);
        near.measure(&[entry], similarities);
        let mut best = Found { node: entry, similarity: similarities[0] };
        for upper in (layer + 1..self.links.layers()).rev() {
            let mut moved = true;
            while moved {
                moved = false;
                let links = self.links.get(upper, best.node);
                similarities.resize(links.len(), 0.0);
                near.measure(links, similarities);
                for (node, similarity) in links.iter().zip(&*similarities) {
                    if *similarity > best.similarity {
                        (best, moved) = (Found { node: *node, similarity: *similarity }, true);
                    }
                }
            }
        }
        Some(best.node)
    }

    /// Fills the beam of `search` with about the `width` nodes of `layer` that are nearest.
    pub(super) fn search(
        &self,
        near: &Near<'_>,
        layer: usize,
        entry: u32,
        width: usize,
        search: &mut Search,
    ) {
        let Search { beam, visited, unseen, similarities } = search;
        beam.restart(width);
        visited.restart(self.slots());
        visited.visit(entry);
        unseen.clear();
        unseen.push(entry);
        loop {
            similarities.resize(unseen.len(), 0.0);
            near.measure(unseen, similarities);
            for (node, similarity) in unseen.iter().zip(&*similarities) {
                beam.offer(Found { node: *node, similarity: *similarity });
            }
            let Some(node) = beam.expand() else {
                return;
            };
            unseen.clear();
            unseen.extend(self.links.get(layer, node).iter().filter(|link| visited.visit(**link)));
        }
    }

    /// About `width` covered slots that are nearest, dead or alive, nearest first, each with its twins.
    pub(super) fn near(&self, codes: &CodedRows, query: &CodedQuery, width: usize) -> Vec<u32> {
        let near = Near { codes, query, lift: None };
        let mut search = self.lend();
        let mut slots = Vec::new();
        if let Some(entry) = self.descend(&near, 0, &mut search) {
            self.search(&near, 0, entry, width, &mut search);
            slots.extend(search.beam.found().iter().map(|found| found.node));
        }
        self.give_back(search);
        if self.twins.is_empty() {
            return slots;
        }
        let twins = |node| self.twins.get(&node).into_iter().flatten().copied();
        slots.into_iter().flat_map(|node| std::iter::once(node).chain(twins(node))).collect()
    }

    /// Something to search with.
    pub(super) fn lend(&self) -> Search {
        self.searches.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(super) fn give_back(&self, search: Search) {
        self.searches.lock().unwrap_or_else(PoisonError::into_inner).push(search);
    }
}

/// What nodes are compared with.
#[derive(Debug)]
pub(super) struct Near<'a> {
    pub(super) codes: &'a CodedRows,
    pub(super) query: &'a CodedQuery,
    /// See [`Builder`](super::Builder); a query that is searched for has none.
    pub(super) lift: Option<Lift<'a>>,
}

/// The value of one more dimension, of the query and of all nodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lift<'a> {
    pub(super) query: f32,
    pub(super) nodes: &'a [f32],
}

impl Near<'_> {
    /// Writes how similar the nodes are to `out`.
    pub(super) fn measure(&self, nodes: &[u32], out: &mut [f32]) {
        self.codes.estimate(self.query, nodes, out);
        if let Some(lift) = self.lift {
            for (node, similarity) in nodes.iter().zip(out) {
                *similarity += lift.query * lift.nodes[*node as usize];
            }
        }
    }
}
