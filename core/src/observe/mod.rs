//! What happened: counts and times of runs, and whether they are what was promised.
//!
//! A leaf: every other module may use it, and it uses none of them.

mod histogram;
mod prices;
mod report;
mod slo;
mod slos;
mod tool_metrics;
mod tool_report;

pub use prices::Prices;
pub use report::Report;
pub use slo::{Metric, Slo, SloReport};
pub use slos::Slos;
pub(crate) use tool_metrics::RunCalls;
pub use tool_metrics::ToolMetrics;
pub use tool_report::{Distribution, ToolMetricsReport, ToolReport};
