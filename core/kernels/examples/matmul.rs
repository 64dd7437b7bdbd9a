//! Times the product of every format at the shapes of small models: GB/s of weights and Gop/s, beside reading alone.
//!
//! ```console
//! RAYON_NUM_THREADS=2 cargo run --release -p rushlight-kernels --example matmul [FORMAT...]
//! ```

use std::time::{Duration, Instant};

use rushlight_kernels::{QuantType, for_each, lead, matmul};

/// Bytes of weights that a measurement walks through, more than the caches hold.
const WALK: usize = 128 << 20;

/// Columns and depth: feed-forward layers of a Qwen2.5 model (0.5B) and of `SmolLM2` (135M).
const SHAPES: [(usize, usize); 3] = [(4864, 896), (896, 4864), (1536, 576)];

fn main() -> Result<(), rushlight_kernels::ShapeError> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    println!("{:?}, {} threads", rushlight_kernels::cpu::active(), rayon::current_num_threads());
    println!("reading alone: {:.1} GB/s", read());
    for kind in QuantType::ALL {
        if !wanted.is_empty() && !wanted.contains(&format!("{kind:?}")) {
            continue;
        }
        for (n, k) in SHAPES {
            // Long blocks need a depth of whole blocks; models use another format there.
            let k = k.next_multiple_of(kind.block_len());
            let Some(bytes) = kind.packed_bytes(n, k) else { continue };
            // Bytes 0x11 are small finite scales in every format.
            let weights = vec![0x11_u8; WALK.next_multiple_of(bytes)];
            print!("{kind:?} n={n} k={k}:");
            for m in [1, 4, 16, 128] {
                let x = vec![0.5; m * k];
                let mut out = vec![0.0; m * n];
                let mut best = Duration::MAX;
                // Part by part through the whole walk; the quickest of several rounds counts.
                for _ in 0..if m == 1 { 5 } else { 3 } {
                    let parts = if m < 16 { weights.len() / bytes } else { 8 };
                    let start = Instant::now();
                    // Threads stand by for all of them, as in a pass through a model.
                    lead(|| {
                        let mut weights = weights.chunks_exact(bytes).take(parts);
                        weights.try_for_each(|weights| matmul(kind, weights, n, k, &x, m, &mut out))
                    })?;
                    best = best.min(start.elapsed() / u32::try_from(parts).unwrap_or(1));
                }
                let seconds = best.as_secs_f64();
                let (gigabytes, operations) = (bytes as f64 / 1e9, 2e-9 * (n * k * m) as f64);
                print!("  m={m} {:.1} GB/s {:.0} Gop/s", gigabytes / seconds, operations / seconds);
            }
            println!();
        }
    }
    Ok(())
}

/// GB/s at which all threads together add up what is in memory: no product is faster for long.
fn read() -> f64 {
    let words = vec![1_u64; 4 * WALK / size_of::<u64>()];
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for_each(words.chunks(1 << 14).collect(), |words| {
            std::hint::black_box(words.iter().fold(0, |sum: u64, word| sum.wrapping_add(*word)));
        });
        best = best.min(start.elapsed());
    }
    4.0 * WALK as f64 / 1e9 / best.as_secs_f64()
}
