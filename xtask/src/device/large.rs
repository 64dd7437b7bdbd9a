use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use rushlight_models::{Device, LanguageModel, LoadOptions, Step};

use super::synthetic::{self, Shape};
use crate::engine::likeliest;
use crate::evaluate::Figure;
use crate::failure::{Failure, Result};

/// Tokens of a prompt.
const PROMPT: usize = 1200;

/// Measures a large model of random weights on a device: time to first token after 1 200, and tokens a second after it.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where it computes.
    #[arg(long, value_name = "DEVICE")]
    device: String,
    #[command(flatten)]
    size: Size,
}

/// What is measured, and how often.
#[derive(Debug, Clone, Args)]
pub(crate) struct Size {
    /// The layers of the large model: 80 make 70 billion weights and 39 GB, of which the same room is needed on the disk.
    #[arg(long, value_name = "N", default_value_t = 80)]
    layers: u32,
    /// How many prompts the large model reads.
    #[arg(long, value_name = "N", default_value_t = 20)]
    prompts: usize,
    /// Tokens that the large model writes after each prompt.
    #[arg(long, value_name = "N", default_value_t = 64)]
    output: usize,
    /// The file of the large model, which is written unless it is there. Default: in the folder for temporary files.
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

impl Size {
    /// The same as arguments of a program.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            format!("--layers={}", self.layers),
            format!("--prompts={}", self.prompts),
            format!("--output={}", self.output),
        ];
        arguments.extend(self.file.as_ref().map(|file| format!("--file={}", file.display())));
        arguments
    }
}

/// Writes the model if it is not there, and measures it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let size = &options.size;
    if size.prompts == 0 || size.output == 0 || size.layers == 0 {
        return Err(Failure::new("expected at least 1 of `--layers`, `--prompts` and `--output`"));
    }
    let default = || std::env::temp_dir().join(format!("rushlight-synthetic-{}.gguf", size.layers));
    let file = size.file.clone().unwrap_or_else(default);
    if !file.exists() {
        eprintln!("writing `{}`", file.display());
        synthetic::write(&file, Shape::large(size.layers))?;
    }
    let device: Device = options.device.parse()?;
    let mut load = LoadOptions::default();
    load.device = device;
    let start = Instant::now();
    let model = LanguageModel::open(&file, &load)?;
    let case = format!("synthetic-{}-layers/{PROMPT}", size.layers);
    Figure::new("load_seconds", &case, start.elapsed().as_secs_f64()).print();
    // What is done only once is done before anything counts.
    measure(&model, 0, 2)?;
    let mut first = Vec::new();
    let mut rest = Vec::new();
    for prompt in 1..=size.prompts {
        let (to_first, each) = measure(&model, prompt, size.output)?;
        first.push(to_first);
        rest.push(each);
    }
    first.sort_by(f64::total_cmp);
    rest.sort_by(f64::total_cmp);
    for percent in [50, 95, 99] {
        let case = format!("{case}/p{percent}");
        Figure::new("first_token_seconds", &case, percentile(&first, percent)).print();
    }
    let median = percentile(&rest, 50);
    Figure::new("decode_tokens_per_second", &case, 1.0 / median).print();
    // Every weight is read for every token: what this leaves of the memory's own speed is what there is to gain.
    let bytes = model.info().size_bytes as f64;
    Figure::new("decode_weight_bytes_per_second", &case, bytes / median).print();
    Ok(())
}

/// Seconds to the first token of a prompt that no other has in common, and for each of the tokens after it.
fn measure(model: &LanguageModel, number: usize, output: usize) -> Result<(f64, f64)> {
    let vocabulary = model.info().vocabulary;
    let tokens: Vec<u32> =
        (0..PROMPT).map(|index| ((index * 7919 + number * 104_729) % vocabulary) as u32).collect();
    let mut cache = model.new_cache();
    let start = Instant::now();
    let mut token = likeliest(&model.forward(&mut [Step::new(&tokens, &mut cache)])?[0]);
    let first = start.elapsed().as_secs_f64();
    let start = Instant::now();
    for _ in 0..output {
        token = likeliest(&model.forward(&mut [Step::new(&[token], &mut cache)])?[0]);
    }
    Ok((first, start.elapsed().as_secs_f64() / output as f64))
}

/// The smallest value that so many percent of sorted values do not exceed.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank.min(sorted.len()) - 1]
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let values: Vec<f64> = (1..=20).map(f64::from).collect();

        assert_eq!([50, 95, 99].map(|percent| percentile(&values, percent) as u32), [10, 19, 20]);
        assert_eq!(percentile(&[7.0], 50) as u32, 7);
    }
}
