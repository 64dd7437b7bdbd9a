use std::time::Duration;

/// Between two requests, so that the threads of the last engine have stopped to look for work.
pub(super) const PAUSE: Duration = Duration::from_millis(300);

/// The order in which sides are asked: each in every repetition, forth and then back, so that nobody is always first.
///
/// Gives the number of the repetition and that of the side.
pub(super) fn turns(sides: usize, repeats: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..repeats).flat_map(move |repeat| {
        (0..sides).map(move |turn| (repeat, if repeat % 2 == 0 { turn } else { sides - 1 - turn }))
    })
}

#[cfg(test)]
mod tests {
    use super::turns;

    #[test]
    fn every_other_repetition_goes_back() {
        let order: Vec<(usize, usize)> = turns(3, 2).collect();

        assert_eq!(order, [(0, 0), (0, 1), (0, 2), (1, 2), (1, 1), (1, 0)]);
        assert_eq!(turns(0, 5).count(), 0);
    }
}
