//! The f32 products of attention: a few rows times panels of 16 columns.
//!
//! Every sum is a chain of fused multiply-adds in the order of the depth, whatever the instruction set and however
//! many rows are computed together, so all of them give the same bits.

/// Columns of a panel: the widest vector of f32.
pub const LANES: usize = 16;

/// 16 values of one depth, one for each column of a panel.
pub(crate) type Lanes = [f32; LANES];

/// What can be read as 16 floats, by code of the instruction set `S`.
pub(crate) trait Panel<S> {
    fn lanes(&self, simd: S) -> Lanes;
}

impl<S> Panel<S> for Lanes {
    #[inline(always)]
    fn lanes(&self, _simd: S) -> Lanes {
        *self
    }
}

/// Does `$body` for each of `$rows` rows, at most 8. Written out, because the compiler vectorises the innermost loop that
/// is left: over the rows it would scatter every sum, which is fifty times slower than over the lanes.
macro_rules! for_each_row {
    ($row:ident < $rows:ident => $body:expr) => {
        for_each_row!($row < $rows => $body; 0 1 2 3 4 5 6 7)
    };
    ($row:ident < $rows:ident => $body:expr; $($index:literal)*) => {
        $({
            const $row: usize = $index;
            if $row < $rows {
                $body
            }
        })*
    };
}

pub(crate) use for_each_row;

/// `sum + x * y`, lane by lane.
#[inline(always)]
fn fused(x: f32, y: &Lanes, mut sum: Lanes) -> Lanes {
    for lane in 0..LANES {
        sum[lane] = x.mul_add(y[lane], sum[lane]);
    }
    sum
}

/// Adds to `sums` the product of up to 8 rows with one panel; `rows` and `panel` run over the depth.
#[inline(always)]
pub(crate) fn add_product<S: Copy, P: Panel<S>, const COUNT: usize>(
    simd: S,
    rows: &[[f32; COUNT]],
    panel: &[P],
    sums: &mut [Lanes; COUNT],
) {
    let mut local = *sums;
    for (row, panel) in rows.iter().zip(panel) {
        let lanes = panel.lanes(simd);
        for_each_row!(R < COUNT => local[R] = fused(row[R], &lanes, local[R]));
    }
    *sums = local;
}

/// Adds to `sums` the product of up to 8 rows, which do not lie side by side, with `PANELS` panels, which do.
#[inline(always)]
pub(crate) fn add_weighted<'a, S: Copy, P: Panel<S> + 'a, const COUNT: usize, const PANELS: usize>(
    simd: S,
    rows: &[&[f32]; COUNT],
    panels: impl Iterator<Item = &'a [P; PANELS]>,
    sums: [&mut [Lanes; COUNT]; PANELS],
) {
    let mut local = sums.each_ref().map(|sums| **sums);
    let depth = rows.first().map_or(0, |row| row.len());
    let rows = rows.map(|row| &row[..depth]);
    for (index, panels) in (0..depth).zip(panels) {
        let lanes = panels.each_ref().map(|panel| panel.lanes(simd));
        for_each_row!(R < COUNT => {
            let x = rows[R][index];
            for panel in 0..PANELS {
                local[panel][R] = fused(x, &lanes[panel], local[panel][R]);
            }
        });
    }
    for (sums, local) in sums.into_iter().zip(local) {
        *sums = local;
    }
}

/// Adds to `sums` the product of up to 8 rows with two panels, which loads each row once for both.
#[inline(always)]
pub(crate) fn add_product_of_two<S: Copy, P: Panel<S>, const COUNT: usize>(
    simd: S,
    rows: &[[f32; COUNT]],
    first: &[P],
    second: &[P],
    sums: &mut [[Lanes; COUNT]; 2],
) {
    let [mut left, mut right] = *sums;
    for ((row, one), two) in rows.iter().zip(first).zip(second) {
        let (one, two) = (one.lanes(simd), two.lanes(simd));
        for_each_row!(R < COUNT => {
            left[R] = fused(row[R], &one, left[R]);
            right[R] = fused(row[R], &two, right[R]);
        });
    }
    *sums = [left, right];
}

/// Copies up to `COUNT` rows of equal length side by side, so that one depth of all lies together; missing rows are 0.
#[inline(always)]
pub(crate) fn interleave<const COUNT: usize>(
    rows: &[f32],
    depth: usize,
    interleaved: &mut Vec<[f32; COUNT]>,
) {
    interleaved.clear();
    interleaved.resize(depth, [0.0; COUNT]);
    for (index, row) in rows.chunks_exact(depth).enumerate() {
        for (x, interleaved) in row.iter().zip(interleaved.iter_mut()) {
            interleaved[index] = *x;
        }
    }
}
