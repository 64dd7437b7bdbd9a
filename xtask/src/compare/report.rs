use super::Options;
use crate::evaluate::Figure;

/// Which numbers are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Higher,
    Lower,
}

/// The numbers of one engine.
#[derive(Debug)]
pub(super) struct Series<'a> {
    pub(super) name: &'a str,
    pub(super) values: Vec<f64>,
}

impl Series<'_> {
    /// The middle number; nothing of none.
    pub(super) fn median(&self) -> Option<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted.len().checked_sub(1)? / 2, sorted.len() / 2);
        Some(f64::midpoint(sorted[low], sorted[high]))
    }

    fn shown(&self) -> Option<String> {
        let least = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let [median, least, most] = [self.median()?, least, most].map(digits);
        Some(format!("{} {median} ({least}..{most}, {})", self.name, self.values.len()))
    }
}

/// The numbers of the sides of these names, one for each of a side's replies.
pub(super) fn series<R>(
    names: impl IntoIterator<Item = &'static str>,
    replies: &[Vec<R>],
    number: impl Fn(&R) -> f64,
) -> Vec<Series<'static>> {
    let numbers = replies.iter().map(|replies| replies.iter().map(&number).collect());
    names.into_iter().zip(numbers).map(|(name, values)| Series { name, values }).collect()
}

/// Prints a line for each peer that has numbers, and all of them for the reader. The first series is ours.
pub(super) fn report(options: &Options, figure: &str, case: &str, better: Better, all: &[Series<'_>]) {
    if !options.wants(figure, case) {
        return;
    }
    let shown: Vec<String> = all.iter().filter_map(Series::shown).collect();
    eprintln!("{figure} {case}: {}", shown.join(", "));
    let Some((ours, peers)) = all.split_first() else { return };
    let Some(ours) = ours.median() else { return };
    let mut alone = true;
    for (peer, theirs) in peers.iter().filter_map(|peer| Some((peer.name, peer.median()?))) {
        alone = false;
        let line = Figure::new(figure, case, ours);
        match better {
            Better::Higher => line.against(peer, theirs).print(),
            Better::Lower => line.below(peer, theirs).print(),
        }
    }
    if alone {
        Figure::new(figure, case, ours).print();
    }
}

/// Three digits that count.
fn digits(number: f64) -> String {
    match number.abs() {
        0.0..0.001 => format!("{number:.2e}"),
        0.001..0.1 => format!("{number:.4}"),
        0.1..10.0 => format!("{number:.2}"),
        10.0..1_000.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Series;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        let median = |values: &[f64]| Series { name: "", values: values.to_vec() }.median();

        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
