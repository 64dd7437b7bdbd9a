/// Candidates of a search, tried upwards; the fewest are the ten that are asked for.
const EFFORTS: [usize; 22] =
    [10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1_024, 1_536, 2_048];

/// How far an effort came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tried {
    pub(super) effort: usize,
    pub(super) recall: f64,
}

/// Recalls by effort, each measured once.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    tried: Vec<Tried>,
}

impl Sweep {
    /// The first effort that reaches the recall, else the best of all in `Err`; nothing where `measure` gives none.
    pub(super) fn first(
        &mut self,
        least: f64,
        mut measure: impl FnMut(usize) -> Option<f64>,
    ) -> Option<Result<Tried, Tried>> {
        for (index, effort) in EFFORTS.into_iter().enumerate() {
            if index == self.tried.len() {
                self.tried.push(Tried { effort, recall: measure(effort)? });
            }
            if self.tried[index].recall >= least {
                return Some(Ok(self.tried[index]));
            }
        }
        let best = self
            .tried
            .iter()
            .copied()
            .reduce(|best, next| if next.recall > best.recall { next } else { best });
        best.map(Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_effort_that_is_good_enough_counts_and_none_is_measured_twice() {
        let mut measured = Vec::new();
        let mut sweep = Sweep::default();
        let mut measure = |effort: usize| {
            measured.push(effort);
            Some(effort as f64 / 100.0)
        };

        let low = sweep.first(0.2, &mut measure);
        let high = sweep.first(0.95, &mut measure);

        assert_eq!(low, Some(Ok(Tried { effort: 20, recall: 0.2 })));
        assert_eq!(high, Some(Ok(Tried { effort: 96, recall: 0.96 })));
        assert_eq!(measured, EFFORTS[..11]);
    }

    #[test]
    fn what_is_never_reached_tells_the_best() {
        let best = Sweep::default().first(0.9, |effort| Some(if effort == 48 { 0.8 } else { 0.5 }));

        assert_eq!(best, Some(Err(Tried { effort: 48, recall: 0.8 })));
        assert_eq!(Sweep::default().first(0.9, |_| None), None);
    }
}
