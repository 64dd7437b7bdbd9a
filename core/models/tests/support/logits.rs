/// The Kullback–Leibler divergence of the probabilities that logits give from those of other logits, in nats.
pub(crate) fn divergence(exact: &[f32], rounded: &[f32]) -> f64 {
    let (exact, rounded) = (log_softmax(exact), log_softmax(rounded));
    exact.iter().zip(&rounded).map(|(exact, rounded)| exact.exp() * (exact - rounded)).sum()
}

fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = logits.iter().map(|logit| f64::from(logit - highest).exp()).sum();
    logits.iter().map(|logit| f64::from(logit - highest) - total.ln()).collect()
}
