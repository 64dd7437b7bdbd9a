use std::path::PathBuf;

use clap::Args;
use rushlight::{LocalLlmOptions, SloReport, Slos};

use super::figures::Figures;
use super::objective::{Objective, objectives};
use super::reference::{Reference, calls};
use super::requests::ask_all;
use crate::failure::{Failure, Result};
use crate::{models, workspace};

/// Measures how soon and how fast an assistant answers, one JSON line per figure, and judges it by objectives.
///
/// Each request is a session of its own: a beginning of about 1 200 tokens that all share and that is computed before
/// (instructions, tools, documents), then a retrieved passage and a question. Requests are asked without tools, then
/// with two or three calls of tools whose times are simulated; the model really writes for as long as a call takes.
/// A line is `{"figure", "case", "ours"}`; percentiles have an error of at most 1 %.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The language model, by name or path.
    #[arg(long, value_name = "NAME|PATH", default_value = "SmolLM2-135M-Instruct")]
    model: String,
    /// A folder of Markdown and text files instead of the examples' documents.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The requests without tools, and as many with tools.
    #[arg(long, value_name = "N", default_value_t = 20)]
    requests: usize,
    /// The requests that are asked at once.
    #[arg(long, value_name = "N", default_value_t = 1)]
    concurrency: usize,
    /// The tokens that an answer has at most.
    #[arg(long, value_name = "N", default_value_t = 64)]
    output_tokens: usize,
    /// An objective in place of the default ones of its metric, for example `first_token:p95:0.5`; may be repeated.
    #[arg(long, value_name = "METRIC:pPERCENTILE:BOUND")]
    slo: Vec<Objective>,
    /// Fails if an objective is missed.
    #[arg(long)]
    gate: bool,
}

/// Measures, prints, and judges.
pub(crate) fn run(options: &Options) -> Result<()> {
    for (name, value) in [("requests", options.requests), ("concurrency", options.concurrency)] {
        if value == 0 {
            return Err(Failure::new(format!("expected at least 1 of `--{name}`, got 0")));
        }
    }
    let slos = Slos::new(objectives(&options.slo))?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(format!("cannot start the runtime: {error}")))?;
    let reports = runtime.block_on(measure(options, &slos))?;
    let missed = reports.iter().filter(|report| !report.attained);
    let missed: Vec<&str> = missed.map(|report| report.slo.name.as_str()).collect();
    if options.gate && !missed.is_empty() {
        return Err(Failure::new(format!("objectives that were missed: {}", missed.join(", "))));
    }
    Ok(())
}

async fn measure(options: &Options, slos: &Slos) -> Result<Vec<SloReport>> {
    let model = models::make_available(&options.model)?;
    let llm = models::load(&model, LocalLlmOptions::default().queue(options.concurrency)).await?;
    let folder = options.data.clone().unwrap_or_else(|| workspace::root().join("examples/corpus"));
    let reference = Reference::new(llm, &folder, options.output_tokens).await?;
    reference.assistant([])?.warm_up().await?;

    let (requests, concurrency) = (options.requests, options.concurrency);
    let plain = ask_all("without tools", &reference, 0..requests, |_| Vec::new(), concurrency).await?;
    let numbers = requests..2 * requests;
    let with_tools = ask_all("with tools", &reference, numbers, calls, concurrency).await?;
    let figures = Figures { model: &model.name, without_tools: &plain, with_tools: &with_tools };
    Ok(figures.print(slos))
}
