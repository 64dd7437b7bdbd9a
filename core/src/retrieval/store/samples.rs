use crate::retrieval::VectorRow;

/// Vectors around random centres: like texts of a few hundred topics. A splitmix64 sequence, so that each run
/// sees the same ones.
pub(in crate::retrieval) fn clustered(count: usize, dimensions: usize, seed: u64) -> Vec<VectorRow> {
    let mut state = seed;
    let mut random = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    };
    let centres: Vec<Vec<f32>> = (0..200).map(|_| (0..dimensions).map(|_| random()).collect()).collect();
    let mut row = |id: u64| {
        let centre = &centres[(id % 200) as usize];
        VectorRow::new(id, centre.iter().map(|value| value + 0.6 * random()).collect())
    };
    (0..count as u64).map(&mut row).collect()
}
