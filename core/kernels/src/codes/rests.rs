//! What codes leave out.

use std::sync::Arc;

use crate::MappedRests;
use crate::panel::LANES;

/// Rests by row, filled up with zeros to [`width`]: the first of them may lie in a file, the others in memory.
#[derive(Debug, Clone)]
pub(super) struct Rests {
    width: usize,
    mapped: Option<Arc<MappedRests>>,
    in_memory: Vec<i16>,
}

/// How many are kept of a row.
pub(super) fn width(dimensions: usize) -> usize {
    dimensions.next_multiple_of(LANES)
}

impl Rests {
    pub(super) fn new(dimensions: usize) -> Self {
        Self { width: width(dimensions), mapped: None, in_memory: Vec::new() }
    }

    /// Those of a file.
    pub(super) fn mapped(dimensions: usize, mapped: MappedRests) -> Self {
        Self { width: width(dimensions), mapped: Some(Arc::new(mapped)), in_memory: Vec::new() }
    }

    /// Whether there are those of so many rows.
    pub(super) fn has_rows(&self, rows: usize) -> bool {
        self.in_file().len() + self.in_memory.len() == rows * self.width
    }

    pub(super) fn reserve(&mut self, rows: usize) {
        self.in_memory.reserve(rows * self.width);
    }

    pub(super) fn push(&mut self, rests: &[i16]) {
        self.in_memory.extend_from_slice(rests);
    }

    #[inline(always)]
    pub(super) fn get(&self, row: usize) -> &[i16] {
        let in_file = self.in_file();
        let first = row * self.width;
        match first.checked_sub(in_file.len()) {
            Some(first) => &self.in_memory[first..][..self.width],
            None => &in_file[first..][..self.width],
        }
    }

    #[inline(always)]
    fn in_file(&self) -> &[i16] {
        self.mapped.as_ref().map_or(&[][..], |mapped| mapped.values())
    }
}
