use std::borrow::Cow;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{Device, Module, Result, Tensor};

use crate::nn::{Linear, Matrix};
use crate::quantisation::Quantisation;

/// A matrix product and an optional bias, on the device.
#[derive(Debug, Clone)]
pub(super) struct Product {
    weight: QMatMul,
    bias: Option<Tensor>,
}

impl Product {
    pub(super) fn of_linear(linear: &Linear, device: &Device) -> Result<Self> {
        let bias = optional_vector(linear.bias.as_deref(), device)?;
        Ok(Self { bias, ..Self::of_matrix(&linear.weight, device)? })
    }

    pub(super) fn of_matrix(matrix: &Matrix, device: &Device) -> Result<Self> {
        let shape = (matrix.rows, matrix.columns);
        let bytes = matrix.bytes.get();
        let weight = if let Some(kind) = stored_as(matrix.quantisation) {
            if bytes.as_ptr().align_offset(align_of::<f32>()) != 0 {
                candle_core::bail!("`{}` does not lie at a multiple of 4 bytes in its file", matrix.name);
            }
            let storage = QStorage::from_data(Cow::Borrowed(bytes), device, kind)?;
            QMatMul::QTensor(Arc::new(QTensor::new(storage, shape)?))
        } else {
            let mut values = vec![0.0; matrix.rows * matrix.columns];
            matrix.quantisation.dequantise(bytes, &mut values);
            QMatMul::Tensor(Tensor::from_vec(values, shape, device)?)
        };
        Ok(Self { weight, bias: None })
    }

    /// `[rows, inputs]` to `[rows, outputs]`.
    pub(super) fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        let out = self.weight.forward(rows)?;
        match &self.bias {
            None => Ok(out),
            Some(bias) => out.broadcast_add(bias),
        }
    }
}

pub(super) fn vector(values: &[f32], device: &Device) -> Result<Tensor> {
    Tensor::new(values, device)
}

pub(super) fn optional_vector(values: Option<&[f32]>, device: &Device) -> Result<Option<Tensor>> {
    values.map(|values| vector(values, device)).transpose()
}

/// candle's name of the types that it multiplies with as they are; it and we widen the others to single precision.
fn stored_as(quantisation: Quantisation) -> Option<GgmlDType> {
    match quantisation {
        Quantisation::Q4_0 => Some(GgmlDType::Q4_0),
        Quantisation::Q4_1 => Some(GgmlDType::Q4_1),
        Quantisation::Q5_0 => Some(GgmlDType::Q5_0),
        Quantisation::Q5_1 => Some(GgmlDType::Q5_1),
        Quantisation::Q8_0 => Some(GgmlDType::Q8_0),
        Quantisation::Q2K => Some(GgmlDType::Q2K),
        Quantisation::Q3K => Some(GgmlDType::Q3K),
        Quantisation::Q4K => Some(GgmlDType::Q4K),
        Quantisation::Q5K => Some(GgmlDType::Q5K),
        Quantisation::Q6K => Some(GgmlDType::Q6K),
        Quantisation::F32
        | Quantisation::F16
        | Quantisation::Bf16
        | Quantisation::Q8_1
        | Quantisation::Q8K => None,
    }
}
