use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(1);

/// The most tokens of one answer in a second, by the times of its pieces of text, which share its tokens evenly; of an
/// answer that was written in less than a second, its tokens in the time that it took. None if it has less than two pieces.
pub(super) fn peak(pieces: &[Duration], tokens: usize) -> Option<f64> {
    let (first, last) = (*pieces.first()?, *pieces.last()?);
    let tokens_per_piece = tokens.saturating_sub(1) as f64 / (pieces.len() - 1).max(1) as f64;
    let window = WINDOW.min(last.saturating_sub(first));
    if window.is_zero() {
        return None;
    }
    let starts = pieces.iter().enumerate().take_while(|(_, start)| **start + window <= last);
    let counts = starts.map(|(index, start)| {
        pieces[index + 1..].iter().take_while(|piece| **piece <= *start + window).count()
    });
    counts.max().map(|count| count as f64 * tokens_per_piece / window.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(milliseconds: u64, count: usize) -> Vec<Duration> {
        (0..count as u64).map(|piece| Duration::from_millis(piece * milliseconds)).collect()
    }

    fn is(found: Option<f64>, expected: f64) -> bool {
        found.is_some_and(|found| (found - expected).abs() < 1e-6)
    }

    #[test]
    fn an_even_answer_is_as_fast_at_its_peak_as_anywhere() {
        assert!(is(peak(&every(20, 200), 200), 50.0));
    }

    #[test]
    fn the_fastest_second_counts() {
        let slow = every(100, 20);
        let fast = every(10, 150).into_iter().map(|time| time + Duration::from_secs(3));

        let pieces: Vec<Duration> = slow.into_iter().chain(fast).collect();

        assert!(is(peak(&pieces, pieces.len()), 100.0));
    }

    #[test]
    fn an_answer_of_less_than_a_second_counts_as_a_whole() {
        assert!(is(peak(&every(10, 51), 51), 100.0));
    }

    #[test]
    fn pieces_of_two_tokens_count_twice() {
        assert!(is(peak(&every(40, 101), 201), 50.0));
    }

    #[test]
    fn an_answer_in_one_piece_has_no_rate() {
        assert_eq!((peak(&every(10, 1), 5), peak(&[], 0)), (None, None));
    }
}
