use crate::panel::{LANES, Lanes};

/// What is added to scores for the distance from a query to a token, as in `MPNet` (arXiv 2004.09297).
#[derive(Debug, Clone, Copy)]
pub struct RelativeBias<'a> {
    /// A number for each distance, the position of the token minus that of the query, in ascending order.
    pub values: &'a [f32],
    /// Which of them is that of query 0 and token 0.
    pub origin: usize,
}

impl<'a> RelativeBias<'a> {
    /// Refuses a bias that lacks a distance.
    pub(super) fn check(self, queries: usize, tokens: usize) {
        let (least, most) = (queries.saturating_sub(1), self.values.len().saturating_sub(tokens));
        assert!((least..=most).contains(&self.origin), "`bias` has a value for every distance");
    }

    /// The bias of queries that are counted from `query` on.
    #[inline(always)]
    pub(super) fn since_query(self, query: usize) -> Self {
        Self { origin: self.origin - query, ..self }
    }

    /// The numbers for a query and 16 tokens from `token` on.
    #[inline(always)]
    pub(super) fn lanes(self, query: usize, token: usize) -> &'a Lanes {
        let first = self.origin + token - query;
        self.values[first..].first_chunk::<LANES>().expect("`check` has seen that there are enough")
    }
}
