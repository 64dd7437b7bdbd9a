//! Small files for tests.

use super::value::GgufValue;
use super::writer::GgufWriter;
use crate::quantisation::Quantisation;

/// A file with the bytes of its tensors.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    writer: GgufWriter,
    data: Vec<Vec<u8>>,
}

impl Sample {
    pub(crate) fn entry(mut self, key: &str, value: impl Into<GgufValue>) -> Self {
        self.writer.entry(key, value);
        self
    }

    pub(crate) fn tensor(mut self, name: &str, shape: &[usize], kind: Quantisation, bytes: Vec<u8>) -> Self {
        self.writer.tensor(name, shape, kind).unwrap();
        self.data.push(bytes);
        self
    }

    /// The whole file.
    pub(crate) fn build(&self) -> Vec<u8> {
        let mut body = self.writer.begin(Vec::new()).unwrap();
        self.data.iter().for_each(|bytes| body.write(bytes).unwrap());
        body.finish().unwrap()
    }
}
