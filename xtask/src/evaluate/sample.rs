/// As many as asked for, spread evenly.
pub(crate) fn sample<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let (count, most) = (all.len(), most.min(all.len()));
    let is_chosen = |index: usize| index * most / count != (index + 1) * most / count;
    all.into_iter().enumerate().filter(|(index, _)| is_chosen(*index)).map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::sample;

    #[test]
    fn a_sample_is_spread_evenly_and_as_large_as_asked_for() {
        assert_eq!(sample((0..10).collect(), 3), [3, 6, 9]);
        assert_eq!(sample((0..4).collect(), 9), [0, 1, 2, 3]);
        assert!(sample(Vec::<u8>::new(), 3).is_empty());
        assert_eq!(sample((0..997).collect(), 100).len(), 100);
    }
}
