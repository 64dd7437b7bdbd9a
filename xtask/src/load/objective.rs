use std::str::FromStr;

use rushlight::{Metric, Slo};
use serde_json::Value;

/// What is promised if nothing else is asked for: of first tokens, whole answers, tokens a second and overhead.
const DEFAULTS: [&str; 5] = [
    "first_token:p95:0.5",
    "total_without_tools:p95:2",
    "total_with_tools:p95:4.5",
    "tokens_per_second:p50:50",
    "overhead:p95:0.005",
];

/// An objective as it is written on the command line: `METRIC:pPERCENTILE:BOUND`, which is its name too.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Objective(pub(super) Slo);

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || format!("expected `METRIC:pPERCENTILE:BOUND`, for example `{}`", DEFAULTS[0]);
        let [metric, percentile, bound] =
            text.split(':').collect::<Vec<_>>().try_into().map_err(|_| form())?;
        let metric: Metric =
            serde_json::from_value(Value::from(metric)).map_err(|error| error.to_string())?;
        let percentile =
            percentile.strip_prefix('p').and_then(|number| number.parse().ok()).ok_or_else(form)?;
        let bound = bound.parse().map_err(|_| form())?;
        Ok(Self(Slo::new(text, metric, percentile, bound)))
    }
}

/// The objectives that were given, and the default ones of the metrics about which none was.
pub(super) fn objectives(given: &[Objective]) -> Vec<Slo> {
    let defaults = DEFAULTS.map(|text| text.parse::<Objective>().expect("the defaults are well formed").0);
    let given = || given.iter().map(|objective| objective.0.clone());
    defaults
        .into_iter()
        .flat_map(|default| {
            let same: Vec<Slo> = given().filter(|slo| slo.metric == default.metric).collect();
            if same.is_empty() { vec![default] } else { same }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objective_given_takes_the_place_of_the_default_one_of_its_metric() {
        let given = ["first_token:p99:1.5".parse().unwrap(), "first_token:p50:0.2".parse().unwrap()];

        let names: Vec<String> = objectives(&given).into_iter().map(|slo| slo.name).collect();

        assert_eq!(names[..3], ["first_token:p99:1.5", "first_token:p50:0.2", "total_without_tools:p95:2"]);
        assert_eq!(names.len(), DEFAULTS.len() + 1);
    }

    #[test]
    fn an_objective_of_another_form_is_refused() {
        for text in ["first_token", "first_token:95:1", "first_token:p95:soon", "first:p95:1", "a:b:c:d"] {
            assert!(text.parse::<Objective>().is_err(), "{text}");
        }
    }
}
