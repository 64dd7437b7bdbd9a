use std::collections::HashMap;

/// How much the first ranks count more than later ones: the constant of Cormack, Clarke and Büttcher,
/// "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods" (SIGIR 2009).
const SMOOTHING: f32 = 60.0;

/// An id with its fused score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fused {
    pub(super) id: u64,
    pub(super) score: f32,
}

/// Fuses ranked lists by reciprocal rank: an id's score is the sum of `1 / (60 + rank)` over the lists that
/// hold it, ranks from 1. Best first, ties by ascending id.
pub(super) fn fuse(lists: &[&[u64]]) -> Vec<Fused> {
    let mut scores: HashMap<u64, f32> = HashMap::new();
    for list in lists {
        for (index, id) in list.iter().enumerate() {
            *scores.entry(*id).or_default() += 1.0 / (SMOOTHING + 1.0 + index as f32);
        }
    }
    let mut fused: Vec<Fused> = scores.into_iter().map(|(id, score)| Fused { id, score }).collect();
    fused.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_lists_hold_comes_before_what_one_holds() {
        let fused = fuse(&[&[1, 2, 3], &[3, 4]]);

        assert_eq!(fused.iter().map(|fused| fused.id).collect::<Vec<_>>(), [3, 1, 2, 4]);
        assert_eq!(fused[0], Fused { id: 3, score: 1.0 / 63.0 + 1.0 / 61.0 });
    }

    #[test]
    fn equal_scores_are_ordered_by_id() {
        assert_eq!(fuse(&[&[9], &[4]]).iter().map(|fused| fused.id).collect::<Vec<_>>(), [4, 9]);
    }

    #[test]
    fn nothing_fuses_to_nothing() {
        assert!(fuse(&[&[], &[]]).is_empty());
    }
}
