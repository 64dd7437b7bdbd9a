//! How a product is shared among the threads.

use std::ops::Range;

use crate::team;

/// Multiplications below which a product stays on the calling thread: waking another one takes longer.
pub(crate) const SMALL: usize = 1 << 18;

/// The columns of one task, with its piece of every row of the result.
pub(crate) type Task<'a> = (Range<usize>, Vec<&'a mut [f32]>);

/// How many columns a task computes, a multiple of `unit`: some tasks for each thread, but one if the product is small.
pub(crate) fn step(columns: usize, multiplications: usize, unit: usize) -> usize {
    let tasks = if multiplications < SMALL { 1 } else { 4 * team::threads() };
    columns.div_ceil(tasks).next_multiple_of(unit)
}

/// Splits `out`, which has rows of `n`, into tasks of `step` columns.
pub(crate) fn columns(out: &mut [f32], n: usize, step: usize) -> Vec<Task<'_>> {
    if n == 0 {
        return Vec::new();
    }
    let mut tasks: Vec<Task<'_>> =
        (0..n).step_by(step).map(|first| (first..n.min(first + step), Vec::new())).collect();
    for row in out.chunks_exact_mut(n) {
        for ((_, pieces), piece) in tasks.iter_mut().zip(row.chunks_mut(step)) {
            pieces.push(piece);
        }
    }
    tasks
}

/// Runs the tasks of a product on several threads, or on the calling one if the product is small.
pub(crate) fn run<T: Send>(tasks: Vec<T>, multiplications: usize, run: impl Fn(T) + Sync) {
    if multiplications < SMALL {
        tasks.into_iter().for_each(run);
    } else {
        team::for_each(tasks, run);
    }
}
