use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rushlight_models::Encoder;
use serde::Deserialize;

use super::{Figure, Options};
use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::workspace;

/// Vectors that sentence-transformers computed.
#[derive(Debug, Deserialize)]
struct Reference {
    reference: String,
    model: String,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    text: String,
    /// Little-endian f32 in base64.
    vector: String,
}

/// The smallest and the mean cosine of our vectors with the recorded ones.
pub(super) fn run(options: &Options) -> Result<()> {
    let mut seen = 0;
    for set in options.sets("minilm.json")? {
        let path = set.path.join("minilm.json");
        let reference: Reference = serde_json::from_str(&workspace::read(&path)?)
            .map_err(|error| Failure::new(format!("`{}` is not as expected: {error}", path.display())))?;
        let recorded = reference.model.rsplit('/').next().unwrap_or(&reference.model);
        if !options.wants(recorded) {
            continue;
        }
        seen += 1;
        let model = make_available(options.model.as_deref().unwrap_or(recorded))?;
        eprintln!("{}: {} texts, compared with {}", model.name, reference.cases.len(), reference.reference);
        let cosines = cosines(&Encoder::open(&model.path)?, &reference.cases, options.quick)?;
        let smallest = cosines.iter().copied().fold(f64::INFINITY, f64::min);
        let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
        Figure::new("smallest_cosine", recorded, smallest).print();
        Figure::new("mean_cosine", recorded, mean).print();
    }
    if seen == 0 { Err(Failure::new("no case has this name")) } else { Ok(()) }
}

fn cosines(encoder: &Encoder, cases: &[Case], quick: bool) -> Result<Vec<f64>> {
    let cases = &cases[..if quick { cases.len().min(10) } else { cases.len() }];
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    let ours = encoder.embed(&texts)?;
    cases.iter().zip(ours).map(|(case, ours)| Ok(cosine(&decode(&case.vector)?, &ours))).collect()
}

fn decode(vector: &str) -> Result<Vec<f32>> {
    let bytes =
        STANDARD.decode(vector).map_err(|error| Failure::new(format!("a vector is no base64: {error}")))?;
    Ok(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

fn cosine(left: &[f32], right: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
}
