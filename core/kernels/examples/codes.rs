//! Times comparing a query with coded rows of 384 values: nanoseconds a row and GB/s of what is read, beside scores by three bytes a value.
//!
//! ```console
//! cargo run --release -p rushlight-kernels --example codes
//! ```

use std::hint::black_box;
use std::time::Instant;

use rushlight_kernels::{CodedRows, Nearness};

const DIMENSIONS: usize = 384;

/// Rows that a kernel is asked for at once.
const BLOCK: usize = 256;

fn main() {
    println!("{:?}", rushlight_kernels::cpu::active());
    for count in [1_000, 10_000, 100_000] {
        let values: Vec<f32> = (0..count * DIMENSIONS).map(|at| (at as f32 * 1.7).sin() / 14.0).collect();
        let mut rows = CodedRows::new(DIMENSIONS, Nearness::Dot);
        for row in values.chunks_exact(DIMENSIONS) {
            rows.push(row);
        }
        let query = rows.query(&values[..DIMENSIONS]);
        // Every row once, in an order without pattern.
        let scattered: Vec<u32> =
            (0..count as u32).map(|at| (u64::from(at) * 7_919 % count as u64) as u32).collect();
        let mut out = vec![0.0; BLOCK];

        print!("{count} rows:");
        report("bound", count, 1, || {
            for first in (0..count).step_by(BLOCK) {
                let out = &mut out[..BLOCK.min(count - first)];
                black_box(rows.bound(&query, first, 2.0, out));
            }
        });
        report("scattered", count, 1, || {
            for listed in scattered.chunks(BLOCK) {
                black_box(rows.bound_listed(&query, listed, 2.0, &mut out[..listed.len()]));
            }
        });
        report("estimates of 32", count, 1, || {
            for listed in scattered.chunks(32) {
                rows.estimate(&query, listed, &mut out[..listed.len()]);
            }
        });
        report("scores of 32", count, 3, || {
            for listed in scattered.chunks(32) {
                rows.score(&values[..DIMENSIONS], listed, &mut out[..listed.len()]);
            }
        });
        println!();
    }
}

/// Prints the quickest of several rounds.
fn report(name: &str, count: usize, bytes: usize, mut run: impl FnMut()) {
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed().as_secs_f64());
    }
    let nanoseconds = best * 1e9 / count as f64;
    print!("  {name} {nanoseconds:.1} ns {:.1} GB/s", (bytes * DIMENSIONS) as f64 / nanoseconds);
}
