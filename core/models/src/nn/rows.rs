use rushlight_kernels::for_each;

/// Below this many elements a second thread costs more than it saves.
const SMALL: usize = 1 << 14;

/// Calls `work` with the index and the elements of every row, on several threads if there is enough to do.
pub(crate) fn for_each_row(rows: &mut [f32], width: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
    if rows.len() < SMALL {
        rows.chunks_exact_mut(width).enumerate().for_each(|(index, row)| work(index, row));
    } else {
        let together = (SMALL / 4).div_ceil(width);
        let tasks = rows.chunks_mut(together * width).zip((0..).step_by(together)).collect();
        for_each(tasks, |(rows, first): (&mut [f32], usize)| {
            rows.chunks_exact_mut(width).zip(first..).for_each(|(row, index)| work(index, row));
        });
    }
}

/// Adds `other` to `rows`.
pub(crate) fn add(rows: &mut [f32], other: &[f32]) {
    for (row, other) in rows.iter_mut().zip(other) {
        *row += other;
    }
}
