use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use rushlight_kernels::{CodedQuery, CodedRows, for_each};

use super::HnswOptions;
use super::beam::Found;
use super::graph::{Graph, Lift, Near, Search, Twins};
use super::links::{Links, MOST_LAYERS};
use crate::retrieval::store::Metric;
use crate::retrieval::store::rows::Rows;

/// The most nodes that are added together.
const BATCH: usize = 256;

/// Nodes that a thread looks at before it takes more.
const TASK: usize = 8;

/// Adds nodes to a graph, a batch at a time, in the order of their slots.
///
/// The nodes of a batch look for their neighbours at the same time, in the graph without them and among each other;
/// then their neighbours link back, each to all that chose it. So the graph is a function of the rows, however many
/// threads build it.
///
/// Dot products are no metric: a long vector would be the nearest to all others. For the graph each vector gets one
/// more dimension, its lift, that makes all of them as long as the longest; a query has 0 there, so its products stay
/// as they are (Bachrach et al., "Speeding up the Xbox recommender system using a Euclidean transformation for
/// inner-product spaces", 2014).
pub(super) struct Builder<'a> {
    graph: Graph,
    codes: &'a CodedRows,
    lifts: Option<Vec<f32>>,
    width: usize,
}

/// The neighbours that a node chose in a layer.
struct Choice {
    node: u32,
    layer: usize,
    neighbours: Vec<u32>,
}

impl<'a> Builder<'a> {
    /// The graph of all rows, none of which is dead; nothing when `stop` is raised meanwhile.
    pub(super) fn build(rows: &'a Rows, options: &HnswOptions, stop: &AtomicBool) -> Option<Graph> {
        let (mut nodes, twins) = without_twins(rows.codes());
        let mut builder = Self {
            graph: Graph::new(Links::new(rows.slots(), options.m), twins),
            codes: rows.codes(),
            lifts: (rows.metric() == Metric::Dot).then(|| lifts(rows)),
            width: options.ef_construction.max(options.m),
        };
        let mut done = 0;
        while !nodes.is_empty() {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let rest = nodes.split_off(nodes.len().min((done / 4).clamp(1, BATCH)));
            builder.add(&nodes);
            done += nodes.len();
            nodes = rest;
        }
        Some(builder.graph)
    }

    fn add(&mut self, nodes: &[u32]) {
        let leveled: Vec<(u32, usize)> = nodes.iter().map(|node| (*node, self.draw_level(*node))).collect();
        let mut choices: Vec<Vec<Choice>> = leveled.chunks(TASK).map(|_| Vec::new()).collect();
        for_each(choices.iter_mut().zip(leveled.chunks(TASK)).collect(), |(choices, nodes)| {
            let mut search = self.graph.lend();
            for (node, level) in nodes {
                self.choose(*node, *level, &leveled, &mut search, choices);
            }
            self.graph.give_back(search);
        });
        for (node, level) in leveled {
            self.graph.links.add(node, level);
        }
        let mut back: Vec<(usize, u32, u32)> = Vec::new();
        for Choice { node, layer, neighbours } in choices.into_iter().flatten() {
            self.graph.links.set(layer, node, &neighbours);
            back.extend(neighbours.iter().map(|neighbour| (layer, *neighbour, node)));
        }
        back.sort_unstable();
        let targets: Vec<&[(usize, u32, u32)]> = back.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).collect();
        let mut relinked: Vec<Vec<Choice>> = targets.chunks(TASK).map(|_| Vec::new()).collect();
        for_each(relinked.iter_mut().zip(targets.chunks(TASK)).collect(), |(relinked, targets)| {
            relinked.extend(targets.iter().map(|links| self.link_back(links)));
        });
        for Choice { node, layer, neighbours } in relinked.into_iter().flatten() {
            self.graph.links.set(layer, node, &neighbours);
        }
    }

    /// Each layer has about one of `m` nodes of the layer below; by chance, but the same in every build.
    fn draw_level(&self, node: u32) -> usize {
        let mut mixed = (u64::from(node) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let chance = ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
        let level = -(1.0 - chance).ln() / (self.graph.links.width(1) as f64).ln();
        (level as usize).min(MOST_LAYERS)
    }

    /// Chooses the neighbours of a new node in all its layers.
    fn choose(
        &self,
        node: u32,
        level: usize,
        batch: &[(u32, usize)],
        search: &mut Search,
        choices: &mut Vec<Choice>,
    ) {
        let query = self.codes.query_of(node as usize);
        let near = self.near(node, &query);
        let mut entry = self.graph.descend(&near, level, search);
        for layer in (0..=level).rev() {
            let mut candidates = Vec::new();
            if let Some(begin) = entry.filter(|_| layer < self.graph.links.layers()) {
                self.graph.search(&near, layer, begin, self.width, search);
                candidates.extend_from_slice(search.beam.found());
                entry = candidates.first().map(|found| found.node);
            }
            let others: Vec<u32> = batch
                .iter()
                .filter(|(other, level)| *other != node && *level >= layer)
                .map(|(other, _)| *other)
                .collect();
            candidates.extend(measured(&near, &others));
            // New nodes have at most `m` links everywhere: the lowest layer has room for those that link back.
            let neighbours = self.select(node, candidates, self.graph.links.width(1));
            choices.push(Choice { node, layer, neighbours });
        }
    }

    /// The neighbours of a node to which others link: all of them where there is room.
    fn link_back(&self, links: &[(usize, u32, u32)]) -> Choice {
        let (layer, node, _) = links[0];
        let mut neighbours = self.graph.links.get(layer, node).to_vec();
        for (_, _, new) in links {
            if !neighbours.contains(new) {
                neighbours.push(*new);
            }
        }
        let width = self.graph.links.width(layer);
        if neighbours.len() > width {
            let query = self.codes.query_of(node as usize);
            let candidates = measured(&self.near(node, &query), &neighbours);
            neighbours = self.select(node, candidates, width);
        }
        Choice { node, layer, neighbours }
    }

    /// Up to `most` of the candidates, nearest first, leaving out those that are nearer to one that is chosen
    /// already than to the node: it leads to them.
    fn select(&self, node: u32, mut candidates: Vec<Found>, most: usize) -> Vec<u32> {
        candidates.sort_unstable_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.node.cmp(&b.node)));
        candidates.truncate(self.width.max(most + 1));
        let own = self.codes.bias(node as usize);
        let mut rest: Vec<u32> = candidates.iter().map(|found| found.node).collect();
        let mut similarities: Vec<f32> = candidates.iter().map(|found| found.similarity + own).collect();
        let mut between = vec![0.0; rest.len()];
        let mut chosen = Vec::with_capacity(most);
        while let Some(nearest) = rest.first().copied() {
            chosen.push(nearest);
            if chosen.len() == most {
                break;
            }
            let query = self.codes.query_of(nearest as usize);
            let bias = self.codes.bias(nearest as usize);
            let between = &mut between[..rest.len()];
            self.near(nearest, &query).measure(&rest, between);
            let mut kept = 0;
            for at in 1..rest.len() {
                if between[at] + bias < similarities[at] {
                    (rest[kept], similarities[kept]) = (rest[at], similarities[at]);
                    kept += 1;
                }
            }
            rest.truncate(kept);
        }
        chosen
    }

    fn near<'b>(&'b self, node: u32, query: &'b CodedQuery) -> Near<'b> {
        let lift = self.lifts.as_ref().map(|nodes| Lift { query: nodes[node as usize], nodes });
        Near { codes: self.codes, query, lift }
    }
}

/// The slots without those whose codes equal an earlier one's, and these.
fn without_twins(codes: &CodedRows) -> (Vec<u32>, Twins) {
    let (mut nodes, mut twins) = (Vec::with_capacity(codes.len()), Twins::new());
    let mut known: HashMap<u64, Vec<u32>> = HashMap::with_capacity(codes.len());
    for slot in 0..codes.len() {
        let same = known.entry(codes.fingerprint(slot)).or_default();
        if let Some(first) = same.iter().find(|first| codes.are_equal(**first as usize, slot)) {
            twins.entry(*first).or_default().push(slot as u32);
        } else {
            same.push(slot as u32);
            nodes.push(slot as u32);
        }
    }
    (nodes, twins)
}

fn measured(near: &Near<'_>, nodes: &[u32]) -> Vec<Found> {
    let mut similarities = vec![0.0; nodes.len()];
    near.measure(nodes, &mut similarities);
    nodes.iter().zip(similarities).map(|(node, similarity)| Found { node: *node, similarity }).collect()
}

/// What makes all rows as long as the longest.
fn lifts(rows: &Rows) -> Vec<f32> {
    let lengths: Vec<f64> = (0..rows.slots()).map(|slot| rows.codes().length(slot)).collect();
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    lengths.iter().map(|length| (longest * longest - length * length).max(0.0).sqrt() as f32).collect()
}
