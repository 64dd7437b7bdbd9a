use std::collections::HashSet;

use rushlight::{Metric, SloReport, Slos, Usage};

use super::requests::Outcome;
use crate::evaluate::Figure;

/// What was measured of one model.
#[derive(Debug)]
pub(super) struct Figures<'a> {
    pub(super) model: &'a str,
    pub(super) without_tools: &'a [Outcome],
    pub(super) with_tools: &'a [Outcome],
}

impl Figures<'_> {
    /// Prints every figure, then how the objectives were kept.
    pub(super) fn print(&self, slos: &Slos) -> Vec<SloReport> {
        let reports = self.judge(slos);
        let mut printed = HashSet::new();
        for report in reports.iter().filter(|report| printed.insert(report.slo.metric)) {
            self.print_percentiles(report);
        }
        let rates: Vec<f64> =
            self.without_tools.iter().filter_map(|run| run.answer.report.tokens_per_second).collect();
        self.print_line("decode_tokens_per_second", "mean", mean(&rates));
        let peak = self.without_tools.iter().filter_map(|run| run.peak).reduce(f64::max);
        self.print_line("decode_tokens_per_second", "peak", peak);
        for (figure, tokens) in [
            ("input_tokens", (|usage| usage.input_tokens) as fn(&Usage) -> usize),
            ("cached_tokens", |usage| usage.cached_tokens),
            ("output_tokens", |usage| usage.output_tokens),
        ] {
            let counts: Vec<f64> =
                self.without_tools.iter().map(|run| tokens(&run.answer.usage) as f64).collect();
            self.print_line(figure, "mean", mean(&counts));
        }
        for report in &reports {
            println!("{}", serde_json::to_string(report).expect("texts and finite numbers are JSON"));
        }
        reports
    }

    /// The objectives over all runs. What a run with tools says comes after them, and its turns before it are planned: it
    /// tells nothing about first texts and tokens.
    fn judge(&self, slos: &Slos) -> Vec<SloReport> {
        for run in self.without_tools {
            slos.record(&run.answer.report);
        }
        for run in self.with_tools {
            let mut report = run.answer.report;
            report.first_token = None;
            report.tokens_per_second = None;
            slos.record(&report);
        }
        slos.reports()
    }

    fn print_percentiles(&self, report: &SloReport) {
        let (figure, kind) = match report.slo.metric {
            Metric::FirstToken => ("first_token_seconds", ""),
            Metric::TotalWithoutTools => ("end_to_end_seconds", "without_tools/"),
            Metric::TotalWithTools => ("end_to_end_seconds", "with_tools/"),
            Metric::Overhead => ("overhead_seconds", ""),
            _ => ("decode_tokens_per_second", ""),
        };
        for (percentile, value) in [("p50", report.p50), ("p95", report.p95), ("p99", report.p99)] {
            self.print_line(figure, &format!("{kind}{percentile}"), value);
        }
    }

    fn print_line(&self, figure: &str, case: &str, value: Option<f64>) {
        if let Some(value) = value {
            Figure::new(figure, &format!("{}/{case}", self.model), value).print();
        }
    }
}

fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}
