use std::ops::Range;

use rushlight_kernels::for_each;

use super::rounding::encode;
use crate::checkpoint::Converted;
use crate::quantisation::Quantisation;
use crate::{Error, Result};

/// Numbers that one thread rounds at a time.
const TOGETHER: usize = 1 << 14;

/// A tensor as rows of numbers, and what they become.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    tensor: &'a Converted<'a>,
    from: Quantisation,
    to: Quantisation,
    count: usize,
    width: usize,
}

/// Rows as they are stored, and how far they are from what they were.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) squares: Squares,
}

/// Sums of squares: of the changes, and of the numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Squares {
    changes: f64,
    numbers: f64,
}

impl Squares {
    fn of(values: &[f32], back: &[f32]) -> Self {
        let mut squares = Self::default();
        for (&value, &back) in values.iter().zip(back) {
            squares.changes += f64::from(value - back).powi(2);
            squares.numbers += f64::from(value).powi(2);
        }
        squares
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { changes: self.changes + other.changes, numbers: self.numbers + other.numbers }
    }

    /// The root of the mean square of the changes, as a part of that of the numbers.
    pub(super) fn relative_error(self) -> f64 {
        if self.changes == 0.0 { 0.0 } else { (self.changes / self.numbers).sqrt() }
    }
}

impl<'a> Rows<'a> {
    /// Refuses a tensor that does not hold floats.
    pub(super) fn new(tensor: &'a Converted<'a>, matrices: Quantisation) -> Result<Self> {
        let from = tensor.tensor.quantisation(tensor.own_name)?;
        if from.float_kernel().is_none() {
            return Err(Error::Unsupported {
                what: "quantisation",
                name: format!("{from} of tensor {}", tensor.own_name),
                known: "F32, F16, BF16: weights that have been rounded before cannot be rounded again".into(),
            });
        }
        let shape = &tensor.tensor.shape[..];
        let (to, count, width) = match *shape {
            [length] => (Quantisation::F32, length, 1),
            [.., width] if width.is_multiple_of(matrices.block()) => {
                (matrices, shape[..shape.len() - 1].iter().product(), width)
            }
            [.., width] => (Quantisation::F16, shape[..shape.len() - 1].iter().product(), width),
            [] => return Err(Error::tensor(tensor.own_name, "expected at least 1 dimension, got 0")),
        };
        Ok(Self { tensor, from, to, count, width })
    }

    pub(super) fn tensor(&self) -> &'a Converted<'a> {
        self.tensor
    }

    pub(super) fn from(&self) -> Quantisation {
        self.from
    }

    pub(super) fn to(&self) -> Quantisation {
        self.to
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The bytes of so many rows before.
    pub(super) fn bytes_of(&self, rows: usize) -> u64 {
        (rows * self.width / self.from.block() * self.from.block_bytes()) as u64
    }

    /// Parts of about so many numbers, whole rows each.
    pub(super) fn parts(&self, numbers: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let (count, step) = (self.count, (numbers / self.width).max(1));
        (0..count).step_by(step).map(move |start| start..count.min(start + step))
    }

    /// What some rows become. The sums do not depend on the number of threads.
    pub(super) fn encode(&self, rows: Range<usize>) -> Result<Encoded> {
        let length = self.width / self.to.block() * self.to.block_bytes();
        let mut bytes = vec![0; rows.len() * length];
        let mut squares = vec![Squares::default(); rows.len()];
        let together = TOGETHER.div_ceil(self.width);
        let places = bytes.chunks_mut(together * length).zip(squares.chunks_mut(together));
        let tasks = places.zip(rows.step_by(together)).collect();
        for_each(tasks, |((bytes, squares), first): ((&mut [u8], &mut [Squares]), usize)| {
            let (mut values, mut back) = (vec![0.0; self.width], vec![0.0; self.width]);
            let mut encoded = Vec::with_capacity(length);
            for ((bytes, squares), place) in bytes.chunks_exact_mut(length).zip(squares).zip(first..) {
                self.read(place, &mut values);
                encoded.clear();
                encode(self.to, &values, &mut encoded);
                bytes.copy_from_slice(&encoded);
                self.to.dequantise(bytes, &mut back);
                *squares = Squares::of(&values, &back);
            }
        });
        let squares = squares.into_iter().fold(Squares::default(), Squares::plus);
        if squares.changes.is_finite() && squares.numbers.is_finite() {
            return Ok(Encoded { bytes, squares });
        }
        let message = format!("expected finite numbers that {} can hold, got others", self.to);
        Err(Error::tensor(self.tensor.own_name, message))
    }

    /// The numbers of the row that comes at this place.
    fn read(&self, place: usize, values: &mut [f32]) {
        let length = self.bytes_of(1) as usize;
        let start = self.tensor.row(place) * length;
        self.from.dequantise(&self.tensor.tensor.bytes.get()[start..start + length], values);
    }
}
