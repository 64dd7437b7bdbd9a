use rushlight_models::{Error as ModelError, LanguageModel, Sampler, SamplerOptions};
use tokio::sync::mpsc::Sender;

use super::counters::Counters;
use super::sequence::Sequence;
use super::writer::{Gone, Writer};
use crate::Result;
use crate::llm::{Delta, Sampling};
use crate::message::Usage;

/// How many of the last tokens the repetition penalty looks at.
const RECENT: usize = 64;

/// One prompt, ready to be computed.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) tokens: Vec<u32>,
    pub(super) sampling: Sampling,
    /// At most what the context leaves.
    pub(super) max_output_tokens: usize,
    pub(super) stop: Vec<String>,
    pub(super) tools: Vec<String>,
    pub(super) next_call: usize,
    pub(super) deltas: Sender<Result<Delta>>,
}

/// Why a generation did not reach its end.
#[derive(Debug)]
pub(super) enum Broken {
    /// Nobody reads it any more.
    Cancelled,
    /// The model failed.
    Failed(ModelError),
}

impl From<Gone> for Broken {
    fn from(_: Gone) -> Self {
        Self::Cancelled
    }
}

impl From<ModelError> for Broken {
    fn from(error: ModelError) -> Self {
        Self::Failed(error)
    }
}

/// Computes a job to its end, in the thread that owns the model.
pub(super) fn generate(
    model: &LanguageModel,
    counters: &Counters,
    sequence: &mut Sequence,
    job: Job,
) -> Result<(), Broken> {
    let mut writer = Writer::new(&job.stop, job.tools, job.next_call, job.deltas);
    let mut usage = Usage::new(job.tokens.len(), 0, 0);
    let mut cut = true;
    if job.max_output_tokens > 0 {
        usage.cached_tokens = sequence.keep_common(&job.tokens);
        counters.cached_tokens.add(usage.cached_tokens);
        let Some(mut logits) = sequence.prefill(model, counters, &job.tokens, || writer.is_gone())? else {
            return Err(Broken::Cancelled);
        };
        let tokenizer = model.tokenizer();
        let mut sampler = Sampler::new(options(&job.sampling));
        let mut text = tokenizer.stream();
        let mut tokens = job.tokens;
        loop {
            let token = sampler.sample(&mut logits, &tokens[tokens.len().saturating_sub(RECENT)..])?;
            if tokenizer.is_end(token) {
                cut = false;
                break;
            }
            tokens.push(token);
            usage.output_tokens += 1;
            counters.generated_tokens.add(1);
            if let Some(piece) = text.push(token) {
                writer.write(&piece)?;
            }
            cut = !writer.is_over();
            if writer.is_over() || usage.output_tokens == job.max_output_tokens {
                break;
            }
            if writer.is_gone() {
                return Err(Broken::Cancelled);
            }
            logits = sequence.append(model, counters, &[token])?;
        }
        if let Some(rest) = text.finish() {
            writer.write(&rest)?;
        }
    }
    let finish_reason = writer.finish(cut)?;
    writer.deliver(Ok(Delta::Done { finish_reason, usage }))?;
    Ok(())
}

fn options(sampling: &Sampling) -> SamplerOptions {
    SamplerOptions {
        repetition_penalty: sampling.repetition_penalty,
        temperature: sampling.temperature,
        top_k: sampling.top_k,
        top_p: sampling.top_p,
        min_p: sampling.min_p,
        seed: sampling.seed,
    }
}
