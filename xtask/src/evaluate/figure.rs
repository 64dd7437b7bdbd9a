use serde::Serialize;

/// One measured number. Printed as one JSON line, for example
/// `{"figure": "ndcg@10", "case": "scifact/bm25", "ours": 0.672}`.
#[derive(Debug, Serialize)]
pub(crate) struct Figure<'a> {
    figure: &'a str,
    case: &'a str,
    ours: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theirs: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
}

impl<'a> Figure<'a> {
    pub(crate) fn new(figure: &'a str, case: &'a str, ours: f64) -> Self {
        Self { figure, case, ours, peer: None, theirs: None, ratio: None }
    }

    /// The same figure beside a peer's, where higher is better.
    pub(crate) fn against(mut self, peer: &'a str, theirs: f64) -> Self {
        self.peer = Some(peer);
        self.theirs = Some(theirs);
        // Nothing is so many times better than nothing.
        self.ratio = Some(self.ours / theirs).filter(|ratio| ratio.is_finite());
        self
    }

    /// The same figure beside a peer's, where lower is better.
    pub(crate) fn below(mut self, peer: &'a str, theirs: f64) -> Self {
        self.peer = Some(peer);
        self.theirs = Some(theirs);
        self.ratio = Some(theirs / self.ours).filter(|ratio| ratio.is_finite());
        self
    }

    /// Prints the line.
    pub(crate) fn print(&self) {
        println!("{}", serde_json::to_string(self).expect("texts and finite numbers are JSON"));
    }
}
