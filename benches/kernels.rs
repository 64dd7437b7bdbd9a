//! What does a product with quantised weights cost? Beside the same weights of 13 bits, for one row and for a prompt's 128.
//!
//! Elements are multiplications.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rushlight_kernels::{Activation, FixedMatrix, QuantType, dequantize_row, matmul, pack};

/// Columns and depth: between the layers of a model of 0.5B.
const SHAPE: (usize, usize) = (4_096, 1_024);

fn kernels(criterion: &mut Criterion) {
    let (n, k) = SHAPE;
    let mut group = criterion.benchmark_group(format!("{:?}", rushlight_kernels::cpu::active()));
    for m in [1, 128] {
        // Some are far above the others, as in language models.
        let x: Vec<f32> =
            (0..m * k).map(|i| if i % 97 == 0 { 9.0 } else { (i % 13) as f32 / 13.0 - 0.5 }).collect();
        let mut out = vec![0.0; m * n];
        group.throughput(Throughput::Elements((n * k * m) as u64));
        for kind in QuantType::ALL {
            // Bytes 0x11 are small finite scales in every format.
            let rows = vec![0x11; n * kind.row_bytes(k).expect("the depth is whole blocks")];
            let mut weights = vec![0; kind.packed_bytes(n, k).expect("the shape fits")];
            pack(kind, &rows, n, k, &mut weights).expect("the lengths are right");
            group.bench_function(BenchmarkId::new(format!("{kind:?}"), m), |bencher| {
                bencher.iter(|| matmul(kind, &weights, n, k, &x, m, &mut out));
            });
        }
        let rows = vec![0x11; n * QuantType::Q4_0.row_bytes(k).expect("the depth is whole blocks")];
        let mut values = vec![0.0; n * k];
        dequantize_row(QuantType::Q4_0, &rows, &mut values).expect("the lengths are right");
        let fixed = FixedMatrix::quantize(&values, &vec![0.0; n], k).expect("the lengths are right");
        group.bench_function(BenchmarkId::new("13 bits", m), |bencher| {
            bencher.iter(|| fixed.multiply(&x, m, Activation::Identity, &mut out));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = kernels
}
criterion_main!(benches);
