//! The portable product: the oracle of every other path, and the path of machines without one.

use crate::activations::{Activations, CHUNK, REST_BITS};
use crate::block::Block;
use crate::packed::Band;
use crate::quant_type::QuantType;

/// The products of the row `lane` of a band with every row of `x`: adds to `out[i]`, in the order of the groups.
///
/// Each group adds `fma(dot, weight scale * activation scale, sum)` and, in formats with minima,
/// `fma(minimum, activation sum, sum)`: every path does exactly these roundings in this order.
pub(crate) fn row(kind: QuantType, band: &Band<'_>, lane: usize, x: &Activations, out: &mut [f32]) {
    let layout = kind.layout();
    let (block_len, groups) = (kind.block_len(), kind.block_len() / layout.group);
    let mut block = Block::ZERO;
    for index in 0..band.words.len() / kind.words() {
        band.decode(kind, lane, index, &mut block);
        let (chunk, first) = (index * block_len / CHUNK, index * block_len % CHUNK / layout.group);
        for (row, sum) in out.iter_mut().enumerate() {
            let x = x.chunk(row, chunk);
            for (group, quants) in block.quants[..block_len].chunks_exact(layout.group).enumerate() {
                let at = first + group;
                let words = at * layout.group / 4..(at + 1) * layout.group / 4;
                let mut dot = x.starts[at] + integer_dot(quants, &x.quants[words.clone()]);
                if x.has_rests(at) {
                    dot = (dot << REST_BITS) + x.rest_starts[at] + integer_dot(quants, &x.rests[words]);
                }
                *sum = (dot as f32).mul_add(block.scales[group] * x.scales[at], *sum);
                if layout.minimum {
                    *sum = block.minima[group].mul_add(x.sums[at], *sum);
                }
            }
        }
        debug_assert_eq!(groups * layout.group, block_len);
    }
}

/// The dot product of unsigned weights with signed bytes, four in a word.
fn integer_dot(weights: &[u8], words: &[u32]) -> i32 {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    weights.iter().zip(bytes).map(|(weight, x)| i32::from(*weight) * i32::from(x as i8)).sum()
}
