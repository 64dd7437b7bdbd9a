//! Products and decoded rows beside those of candle, which reads the same blocks with code of its own.

use std::borrow::Cow;

use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{Device, Module, Tensor};
use rushlight_kernels::{QuantType, dequantize_row, matmul};

const KINDS: [(QuantType, GgmlDType); 10] = [
    (QuantType::Q4_0, GgmlDType::Q4_0),
    (QuantType::Q4_1, GgmlDType::Q4_1),
    (QuantType::Q5_0, GgmlDType::Q5_0),
    (QuantType::Q5_1, GgmlDType::Q5_1),
    (QuantType::Q8_0, GgmlDType::Q8_0),
    (QuantType::Q2K, GgmlDType::Q2K),
    (QuantType::Q3K, GgmlDType::Q3K),
    (QuantType::Q4K, GgmlDType::Q4K),
    (QuantType::Q5K, GgmlDType::Q5K),
    (QuantType::Q6K, GgmlDType::Q6K),
];

fn wave(len: usize, step: f32) -> Vec<f32> {
    (0..len).map(|index| (index as f32 * step).sin()).collect()
}

#[test]
fn products_and_rows_agree_with_candle() -> candle_core::Result<()> {
    let (n, k, m) = (48, 512, 3);
    let weights = Tensor::from_vec(wave(n * k, 0.37), (n, k), &Device::Cpu)?;
    let x = wave(m * k, 0.11);
    for (kind, dtype) in KINDS {
        let quantised = QTensor::quantize(&weights, dtype)?;
        let bytes = quantised.data()?.into_owned();
        let rows: Vec<f32> = quantised.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?;
        let mut row = vec![0.0; k];
        for (expected, bytes) in rows.chunks(k).zip(bytes.chunks(bytes.len() / n)) {
            dequantize_row(kind, bytes, &mut row).unwrap();
            let largest =
                row.iter().zip(expected).map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max);
            assert!(largest < 1e-6, "{kind:?}: {largest}");
        }

        let storage = QStorage::from_data(Cow::Borrowed(&bytes), &Device::Cpu, dtype)?;
        let product = QMatMul::from_qtensor(QTensor::new(storage, (n, k))?)?;
        let theirs = product.forward(&Tensor::from_slice(&x, (m, k), &Device::Cpu)?)?;
        let theirs: Vec<f32> = theirs.flatten_all()?.to_vec1()?;
        let mut ours = vec![0.0; m * n];
        matmul(kind, &bytes, n, k, &x, m, &mut ours).unwrap();
        for (ours, theirs) in ours.iter().zip(&theirs) {
            // Both quantise `x` to 8 bits; candle rounds halves away from zero.
            assert!((ours - theirs).abs() < 0.02 * (k as f32).sqrt(), "{kind:?}: {ours} {theirs}");
        }
    }
    Ok(())
}
