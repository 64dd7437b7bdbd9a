//! Vectors with three bytes for each value: one to search with, and how far its products may be from those of the
//! vector itself, and two to score with.

use self::product::{From, Nothing, Uncertainty, run_at};
use self::quantise::{Quantised, quantise, rests_of};
use self::rests::Rests;
use crate::MappedRests;
use crate::cpu;

mod product;
#[cfg(target_arch = "x86_64")]
mod product_x86;
mod quantise;
mod rests;
mod score;
#[cfg(test)]
mod tests;

/// Bytes that a kernel reads at once; rows begin at a multiple of it.
const LINE: usize = 64;

const LENGTHS: &str = "the vector has as many values as the rows have dimensions";

/// A line of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(64))]
struct Line([u8; LINE]);

/// What makes a row near a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nearness {
    /// A large dot product `q · x`.
    Dot,
    /// A small Euclidean distance, measured as `q · x - |x|² / 2`, which is `(|q|² - |q - x|²) / 2`.
    Distance,
}

/// Rows of the same length, each value in three bytes, with a scale for each row.
///
/// A row is kept as `scale * (codes + rests / 65536)`, 24 bits for each value: as exact as f32 for the largest value, and
/// no less for the others. Estimates leave the rests out; upper bounds take their length in, by the inequality of
/// Cauchy and Schwarz, and what f32 rounds away, so that a row whose upper bound is below a number is certainly below
/// it. Scores are computed with the rests.
#[derive(Debug, Clone)]
pub struct CodedRows {
    nearness: Nearness,
    dimensions: usize,
    /// The codes, `[rows][lines of a row]`, each plus 128: the instructions multiply unsigned with signed bytes.
    lines: Vec<Line>,
    rests: Rests,
    facts: Vec<Facts>,
}

/// What is known of a row besides its codes.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(16))]
struct Facts {
    scale: f32,
    /// Added to the dot product: `-|x|² / 2` or 0.
    bias: f32,
    /// The length of what the codes leave out, or more.
    error: f32,
    /// The length of the row that its codes make, or more.
    length: f32,
}

/// A vector to compare [`CodedRows`] with.
#[derive(Debug, Clone)]
pub struct CodedQuery {
    /// The codes, as signed bytes.
    lines: Vec<Line>,
    scale: f32,
    /// What the 128 that is added to every code of a row adds to a product.
    surplus: i32,
    /// The length of the vector.
    length: f32,
    /// How much each unit of a row's length adds to the uncertainty, for the query's own rest and for rounding.
    error: f32,
    /// How much rounding adds to it for each unit of a row's bias.
    rounding: f32,
    /// How much rounding adds to it for every row.
    constant: f32,
}

impl CodedRows {
    /// No rows of this length.
    pub fn new(dimensions: usize, nearness: Nearness) -> Self {
        Self { nearness, dimensions, lines: Vec::new(), rests: Rests::new(dimensions), facts: Vec::new() }
    }

    /// Rows that were kept: what [`codes`](Self::codes) and [`facts`](Self::facts) gave for each, and a file of their
    /// [`rests`](Self::rests). Nothing if these are not of the same number of rows.
    pub fn from_parts(
        dimensions: usize,
        nearness: Nearness,
        codes: &[u8],
        facts: &[[f32; 4]],
        rests: MappedRests,
    ) -> Option<Self> {
        let rests = Rests::mapped(dimensions, rests);
        let facts: Vec<Facts> = facts.iter().map(|facts| Facts::from(*facts)).collect();
        let (lines, []) = codes.as_chunks::<LINE>() else {
            return None;
        };
        let lines: Vec<Line> = lines.iter().map(|line| Line(*line)).collect();
        let rows = Self { nearness, dimensions, lines, rests, facts };
        let is_whole =
            rows.lines.len() == rows.len() * rows.lines_of_a_row() && rows.rests.has_rows(rows.len());
        is_whole.then_some(rows)
    }

    /// Lets go of all rests for the same ones in a file.
    ///
    /// # Panics
    ///
    /// If there are not as many.
    pub fn keep_rests_in(&mut self, rests: MappedRests) {
        let rests = Rests::mapped(self.dimensions, rests);
        assert!(rests.has_rows(self.len()), "the file has the rests of all rows");
        self.rests = rests;
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Makes room for this many more rows.
    pub fn reserve(&mut self, rows: usize) {
        self.lines.reserve(rows * self.lines_of_a_row());
        self.rests.reserve(rows);
        self.facts.reserve(rows);
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If it doesn't have as many values as the rows have dimensions.
    pub fn push(&mut self, row: &[f32]) {
        let quantised = self.quantise(row);
        self.rests.push(&rests_of(cpu::active(), row, &quantised));
        let Quantised { codes, scale, error, length } = quantised;
        self.lines.extend(codes.iter().map(flipped));
        let bias = match self.nearness {
            Nearness::Dot => 0.0,
            Nearness::Distance => (-length * length / 2.0) as f32,
        };
        self.facts.push(Facts { scale, bias, error, length: above(length + f64::from(error)) });
    }

    /// Adds a copy of a row of `other`, whose rows are of the same length and kind.
    pub fn push_from(&mut self, other: &Self, row: usize) {
        self.lines.extend_from_slice(other.line(row));
        self.rests.push(other.rests.get(row));
        self.facts.push(other.facts[row]);
    }

    /// Whether this row was made of this vector, or of one that cannot be told from it.
    ///
    /// # Panics
    ///
    /// If it doesn't have as many values as the rows have dimensions.
    pub fn holds(&self, row: usize, vector: &[f32]) -> bool {
        let quantised = self.quantise(vector);
        self.facts[row].scale.to_bits() == quantised.scale.to_bits()
            && self.line(row).iter().copied().eq(quantised.codes.iter().map(flipped))
            && self.rests.get(row) == rests_of(cpu::active(), vector, &quantised)
    }

    /// The codes of a row, filled up to whole lines of the cache.
    pub fn codes(&self, row: usize) -> impl Iterator<Item = &[u8; 64]> {
        self.line(row).iter().map(|line| &line.0)
    }

    /// What the codes of a row leave out, filled up with zeros to [`rests_of_a_row`](Self::rests_of_a_row).
    pub fn rests(&self, row: usize) -> &[i16] {
        self.rests.get(row)
    }

    /// How many rests are kept of a row of so many dimensions.
    pub fn rests_of_a_row(dimensions: usize) -> usize {
        rests::width(dimensions)
    }

    /// How many codes are kept of a row of so many dimensions.
    pub fn codes_of_a_row(dimensions: usize) -> usize {
        dimensions.next_multiple_of(LINE)
    }

    /// What is known of a row besides codes and rests.
    pub fn facts(&self, row: usize) -> [f32; 4] {
        let Facts { scale, bias, error, length } = self.facts[row];
        [scale, bias, error, length]
    }

    /// The length of a row.
    pub fn length(&self, row: usize) -> f64 {
        let unit = f64::from(score::unit(self.facts[row].scale));
        let values = self.codes(row).flatten().zip(self.rests(row));
        let squares = values.map(|(code, rest)| (f64::from(score::steps(*code, *rest)) * unit).powi(2));
        squares.sum::<f64>().sqrt()
    }

    /// Writes the dot product of `vector` with each of `rows` to `out`, or their squared distance where nearness is a
    /// small distance.
    ///
    /// # Panics
    ///
    /// If `vector` doesn't have as many values as the rows have dimensions, `rows` and `out` have different lengths, or a
    /// row does not exist.
    pub fn score(&self, vector: &[f32], rows: &[u32], out: &mut [f32]) {
        assert_eq!(vector.len(), self.dimensions, "{LENGTHS}");
        assert_eq!(rows.len(), out.len(), "`rows` and `out` have the same length");
        score::score(cpu::active(), self, vector, rows, out);
    }

    /// Whether two rows have the same codes and scale, so that no estimate tells them apart.
    pub fn are_equal(&self, left: usize, right: usize) -> bool {
        self.facts[left].scale.to_bits() == self.facts[right].scale.to_bits()
            && self.line(left) == self.line(right)
    }

    /// A number that is the same for [equal](Self::are_equal) rows, and rarely for others.
    pub fn fingerprint(&self, row: usize) -> u64 {
        let words = self.line(row).iter().flat_map(|line| line.0.as_chunks::<8>().0);
        words.fold(u64::from(self.facts[row].scale.to_bits()), |hash, word| {
            (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        })
    }

    /// A vector to compare the rows with.
    ///
    /// # Panics
    ///
    /// If it doesn't have as many values as the rows have dimensions.
    pub fn query(&self, vector: &[f32]) -> CodedQuery {
        let Quantised { codes: lines, scale, error, length } = self.quantise(vector);
        // Twice the bound of a sum in 16 lanes, each rounded once for a product and once for a sum.
        let rounding = (self.dimensions as f32 / 16.0 + 16.0) * f32::EPSILON;
        let constant = match self.nearness {
            Nearness::Dot => 0.0,
            Nearness::Distance => above(f64::from(rounding) * length * length),
        };
        let length = above(length);
        let error = error + rounding * length;
        CodedQuery {
            surplus: surplus(&lines),
            lines,
            scale,
            length,
            error,
            rounding: 4.0 * rounding,
            constant,
        }
    }

    /// A row as what others are compared with; good for estimates only.
    pub fn query_of(&self, row: usize) -> CodedQuery {
        let lines: Vec<Line> = self.line(row).iter().map(flipped).collect();
        let Facts { scale, length, .. } = self.facts[row];
        let (error, rounding, constant) = (f32::INFINITY, 0.0, 0.0);
        CodedQuery { surplus: surplus(&lines), lines, scale, length, error, rounding, constant }
    }

    /// What is added to the dot products of a row: `-|x|² / 2` for distances, otherwise 0.
    pub fn bias(&self, row: usize) -> f32 {
        self.facts[row].bias
    }

    /// About how near the query is to each of `rows`.
    ///
    /// # Panics
    ///
    /// If `rows` and `out` have different lengths, or a row does not exist.
    pub fn estimate(&self, query: &CodedQuery, rows: &[u32], out: &mut [f32]) {
        assert_eq!(rows.len(), out.len(), "`rows` and `out` have the same length");
        run_at(cpu::active(), Nothing, self, query, rows, f32::INFINITY, out);
    }

    /// How near the query may at most be to the rows from `first` on, and whether it may be `threshold` or nearer to
    /// any: where this is false, none is.
    ///
    /// # Panics
    ///
    /// If there are not so many rows.
    pub fn bound(&self, query: &CodedQuery, first: usize, threshold: f32, out: &mut [f32]) -> bool {
        run_at(cpu::active(), Uncertainty, self, query, From(first), threshold, out)
    }

    /// [`bound`](Self::bound) for the rows of a list.
    ///
    /// # Panics
    ///
    /// If `rows` and `out` have different lengths, or a row does not exist.
    pub fn bound_listed(&self, query: &CodedQuery, rows: &[u32], threshold: f32, out: &mut [f32]) -> bool {
        assert_eq!(rows.len(), out.len(), "`rows` and `out` have the same length");
        run_at(cpu::active(), Uncertainty, self, query, rows, threshold, out)
    }

    /// How far below its upper bound a row's nearness may at most be.
    pub fn spread(&self, query: &CodedQuery, row: usize) -> f32 {
        2.0 * self.facts[row].uncertainty(query)
    }

    fn lines_of_a_row(&self) -> usize {
        self.dimensions.div_ceil(LINE)
    }

    #[inline(always)]
    fn line(&self, row: usize) -> &[Line] {
        let lines = self.lines_of_a_row();
        &self.lines[row * lines..(row + 1) * lines]
    }

    fn quantise(&self, vector: &[f32]) -> Quantised {
        assert_eq!(vector.len(), self.dimensions, "{LENGTHS}");
        quantise(cpu::active(), vector)
    }
}

impl std::convert::From<[f32; 4]> for Facts {
    fn from([scale, bias, error, length]: [f32; 4]) -> Self {
        Self { scale, bias, error, length }
    }
}

impl Facts {
    /// How far an estimate may at most be from the nearness of the vectors themselves.
    #[inline(always)]
    fn uncertainty(self, query: &CodedQuery) -> f32 {
        query.length * self.error
            + query.error * self.length
            + query.rounding * self.bias.abs()
            + query.constant
    }
}

/// The value, or a little more.
fn above(value: f64) -> f32 {
    (value * (1.0 + 1e-6)) as f32
}

fn surplus(codes: &[Line]) -> i32 {
    let codes = codes.iter().flat_map(|line| line.0);
    codes.fold(0_i32, |sum, code| sum.wrapping_add(128 * i32::from(code.cast_signed())))
}

/// Signed codes with 128 added, or the other way round.
fn flipped(line: &Line) -> Line {
    Line(line.0.map(|code| code ^ 0x80))
}
