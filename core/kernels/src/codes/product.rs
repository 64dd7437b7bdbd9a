//! Products of a query with rows, for any instruction set.

#[cfg(target_arch = "x86_64")]
use super::product_x86;
use super::{CodedQuery, CodedRows, Facts, Line};
use crate::cpu::Level;

/// Rows that are multiplied together.
pub(super) const TOGETHER: usize = 4;

/// How many rows ahead scattered ones are fetched.
const AHEAD: usize = 2 * TOGETHER;

/// An instruction set that multiplies bytes. The methods must be inlined into a function that has it.
pub(super) trait Bytes: Copy {
    /// The sums of the products of the query's signed bytes with the unsigned bytes of four rows.
    fn multiply(self, query: &[Line], rows: [&[Line]; TOGETHER]) -> [i32; TOGETHER];

    /// Asks for a line that will be read soon.
    fn fetch<T>(self, line: &T);
}

/// Which rows are meant.
pub(super) trait Rows: Copy {
    /// Whether they lie apart, so that the machine does not see which ones come next.
    const SCATTERED: bool;

    /// The row at this place.
    fn at(self, index: usize) -> usize;
}

/// Rows that lie one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct From(pub(super) usize);

impl Rows for From {
    const SCATTERED: bool = false;

    #[inline(always)]
    fn at(self, index: usize) -> usize {
        self.0 + index
    }
}

impl Rows for &[u32] {
    const SCATTERED: bool = true;

    #[inline(always)]
    fn at(self, index: usize) -> usize {
        self[index] as usize
    }
}

/// What is added to an estimate.
pub(super) trait Margin: Copy {
    /// What stands for a result that is not a number, which huge values may give.
    const UNKNOWN: f32;

    fn of(self, facts: Facts, query: &CodedQuery) -> f32;
}

/// Nothing: the estimate itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nothing;

impl Margin for Nothing {
    const UNKNOWN: f32 = f32::NEG_INFINITY;

    #[inline(always)]
    fn of(self, _facts: Facts, _query: &CodedQuery) -> f32 {
        0.0
    }
}

/// As much as it may be wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Uncertainty;

impl Margin for Uncertainty {
    const UNKNOWN: f32 = f32::INFINITY;

    #[inline(always)]
    fn of(self, facts: Facts, query: &CodedQuery) -> f32 {
        facts.uncertainty(query)
    }
}

/// Portable code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portable;

impl Bytes for Portable {
    fn multiply(self, query: &[Line], rows: [&[Line]; TOGETHER]) -> [i32; TOGETHER] {
        let mut sums = [0_i32; TOGETHER];
        for (sum, row) in sums.iter_mut().zip(rows) {
            for (query, row) in query.iter().zip(row) {
                for (query, row) in query.0.iter().zip(row.0) {
                    *sum = sum.wrapping_add(i32::from(query.cast_signed()) * i32::from(row));
                }
            }
        }
        sums
    }

    fn fetch<T>(self, _line: &T) {}
}

/// Writes the estimate of each row, with its margin, to `out`; whether any is `threshold` or above.
#[inline(always)]
pub(super) fn run<B: Bytes, R: Rows, M: Margin>(
    bytes: B,
    margin: M,
    coded: &CodedRows,
    query: &CodedQuery,
    rows: R,
    threshold: f32,
    out: &mut [f32],
) -> bool {
    let count = out.len();
    let mut any = false;
    if R::SCATTERED {
        for index in 0..count.min(AHEAD) {
            fetch(bytes, coded, rows.at(index));
        }
    }
    for (block, out) in out.chunks_mut(TOGETHER).enumerate() {
        let first = block * TOGETHER;
        let mut places = [0; TOGETHER];
        for (lane, place) in places.iter_mut().enumerate() {
            // A last block of fewer rows computes one of them several times.
            *place = rows.at((first + lane).min(count - 1));
        }
        if R::SCATTERED {
            for index in first + AHEAD..(first + AHEAD + TOGETHER).min(count) {
                fetch(bytes, coded, rows.at(index));
            }
        }
        let lines =
            [coded.line(places[0]), coded.line(places[1]), coded.line(places[2]), coded.line(places[3])];
        let sums = bytes.multiply(&query.lines, lines);
        let mut estimates = [0.0_f32; TOGETHER];
        for lane in 0..TOGETHER {
            let facts = coded.facts[places[lane]];
            let product = sums[lane].wrapping_sub(query.surplus) as f32 * (query.scale * facts.scale);
            estimates[lane] = product + facts.bias + margin.of(facts, query);
        }
        for estimate in &mut estimates {
            *estimate = if estimate.is_nan() { M::UNKNOWN } else { *estimate };
            any |= *estimate >= threshold;
        }
        out.copy_from_slice(&estimates[..out.len()]);
    }
    any
}

#[inline(always)]
fn fetch<B: Bytes>(bytes: B, coded: &CodedRows, row: usize) {
    for line in coded.line(row) {
        bytes.fetch(line);
    }
    bytes.fetch(&coded.facts[row]);
}

/// [`run`] compiled for `level`, which must be available.
pub(super) fn run_at<R: Rows, M: Margin>(
    level: Level,
    margin: M,
    coded: &CodedRows,
    query: &CodedQuery,
    rows: R,
    threshold: f32,
    out: &mut [f32],
) -> bool {
    #[cfg(target_arch = "x86_64")]
    match level {
        // SAFETY: the level is available, so the CPU has the features of the function.
        Level::Avx512Vnni | Level::Amx => {
            return unsafe { product_x86::avx512(margin, coded, query, rows, threshold, out) };
        }
        // SAFETY: as above.
        Level::Avx2 => return unsafe { product_x86::avx2(margin, coded, query, rows, threshold, out) },
        Level::Scalar => {}
    }
    run(Portable, margin, coded, query, rows, threshold, out)
}
