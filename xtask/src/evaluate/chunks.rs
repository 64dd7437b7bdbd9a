use std::time::{Duration, Instant};

use futures::StreamExt;
use rushlight::{Delta, KvReuse, Llm, LocalLlm, LocalLlmOptions, Message, Prompt, Sampling};
use rushlight_models::{
    ChatTemplate, Conversation, Encoded, KvCache, LanguageModel, LoadOptions, Sampler, SamplerOptions, Step,
    StepLogits,
};
use serde_json::json;

use super::answers::{Score, score};
use super::{Collection, Entry, Figure, Options};
use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::workspace;

/// The sets and their folders in the shared data.
const SETS: [(&str, &str); 2] = [("hotpotqa-small", "hotpotqa_small"), ("xquad-en", "xquad/retrieval_en")];

/// First tokens of each chunk that are computed in the prompt.
const RECOMPUTED: [usize; 5] = [0, 4, 16, 32, 64];

/// Passages in each prompt: those that answer the question and their neighbours.
const PASSAGES: usize = 6;

/// Tokens of an answer, and how many of them count for the divergence.
const ANSWER: usize = 24;
const COMPARED: usize = 8;

const SYSTEM: &str = "You answer questions from passages. Give only the answer, in as few words as possible.";

/// A question, the passages of its prompt and the right answers.
struct Case {
    question: String,
    chunks: Vec<String>,
    answers: Vec<String>,
}

/// What a way of reuse comes to on one set.
#[derive(Default)]
struct Outcome {
    first_token: Vec<Duration>,
    exact: f64,
    f1: f64,
}

/// Time to first token, exact match and F1 with the prefix alone and with chunks, over the number of their tokens that
/// are computed again; and the divergence of the answers' tokens from computing the whole prompt.
pub(super) fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(format!("cannot start the async workers: {error}")))?;
    let found = make_available(options.model.as_deref().unwrap_or("Qwen2.5-Coder-0.5B-Instruct"))?;
    let model = LanguageModel::open(&found.path, &LoadOptions::default())?;
    let path = found.path.to_string_lossy();
    let mut ways = vec![("prefix".to_owned(), KvReuse::Prefix)];
    ways.extend(RECOMPUTED.map(|recomputed| (format!("chunks-{recomputed}"), KvReuse::Chunks(recomputed))));
    let mut seen = 0;
    for (set, folder) in SETS {
        let ways = ways.iter().filter(|(way, _)| options.wants(&format!("{set}/{way}")));
        let ways: Vec<_> = ways.collect();
        if ways.is_empty() {
            continue;
        }
        seen += ways.len();
        let cases = cases(options, folder)?;
        eprintln!("{set}: {} questions, {PASSAGES} passages each", cases.len());
        for (way, reuse) in &ways {
            let case = format!("{}/{set}/{way}", found.name);
            let outcome = runtime.block_on(answer(&path, *reuse, &cases))?;
            let count = cases.len() as f64;
            Figure::new("first_token_seconds", &case, median(outcome.first_token).as_secs_f64()).print();
            Figure::new("exact_match", &case, outcome.exact / count).print();
            Figure::new("f1", &case, outcome.f1 / count).print();
        }
        let reused = ways.iter().filter_map(|(way, reuse)| match reuse {
            KvReuse::Chunks(recomputed) => Some((way, *recomputed)),
            _ => None,
        });
        let (reused, recomputed): (Vec<_>, Vec<_>) = reused.unzip();
        for (way, kl) in reused.iter().zip(diverge(&model, &cases, &recomputed)?) {
            Figure::new("kl", &format!("{}/{set}/{way}", found.name), kl).print();
        }
    }
    if seen == 0 { Err(Failure::new("no case has this name")) } else { Ok(()) }
}

fn cases(options: &Options, folder: &str) -> Result<Vec<Case>> {
    let shared = workspace::root().join("../shared/data");
    let collection = Collection::read(&options.data.as_ref().unwrap_or(&shared).join(folder))?;
    let case = |question: &Entry| {
        let passages = collection.passages(&question.id, PASSAGES)?.into_iter();
        Some(Case {
            question: question.text.clone(),
            chunks: passages.map(|passage| format!(" {}\n{}", passage.title, passage.text.trim())).collect(),
            answers: question.answers.iter().chain(&question.answer).cloned().collect(),
        })
    };
    let most = if options.quick { 20 } else { 100 };
    Ok(collection.questions.iter().filter_map(case).take(most).collect())
}

impl Case {
    /// The messages, with the passages in this order.
    fn messages<'c>(&self, chunks: impl Iterator<Item = &'c String>) -> Vec<Message> {
        let passages: Vec<String> =
            chunks.enumerate().map(|(index, chunk)| format!("[{}]{chunk}\n\n", index + 1)).collect();
        let passages = passages.concat();
        let asked =
            format!("<passages>\n{}\n</passages>\n\nQuestion: {}", passages.trim_end(), self.question);
        vec![Message::system(SYSTEM), Message::user(asked)]
    }

    fn prompt(&self) -> Prompt {
        Prompt::new(self.messages(self.chunks.iter()))
            .chunks(self.chunks.clone())
            .sampling(Sampling::greedy())
            .max_output_tokens(ANSWER)
    }

    /// A prompt with the same passages in another order.
    fn other_prompt(&self) -> Prompt {
        let chunks = self.chunks.iter().rev().cloned().collect();
        Prompt::new(self.messages(self.chunks.iter().rev())).chunks(chunks).max_output_tokens(1)
    }
}

/// Asks every question after the same passages were read in another order.
async fn answer(path: &str, reuse: KvReuse, cases: &[Case]) -> Result<Outcome> {
    let llm = LocalLlm::open_with(path, LocalLlmOptions::default().kv_reuse(reuse)).await?;
    let mut outcome = Outcome::default();
    for case in cases {
        rushlight::LlmExt::complete(&llm, case.other_prompt()).await?;
        let start = Instant::now();
        let mut deltas = llm.generate(case.prompt()).await?;
        let mut text = String::new();
        while let Some(delta) = deltas.next().await {
            if let Delta::Text(piece) = delta? {
                if text.is_empty() {
                    outcome.first_token.push(start.elapsed());
                }
                text.push_str(&piece);
            }
        }
        let Score { exact, f1 } = score(text.lines().next().unwrap_or_default(), &case.answers);
        outcome.exact += exact;
        outcome.f1 += f1;
    }
    Ok(outcome)
}

/// A prompt computed as a whole, and its chunks by themselves.
struct Computed {
    encoded: Encoded,
    chunks: Vec<KvCache>,
    /// The answer's first tokens, and the logits of each.
    answer: Vec<u32>,
    logits: Vec<Vec<f32>>,
}

/// The divergence of the answers' first tokens, with chunks, from the whole prompt computed: the mean for each number of
/// tokens that are computed again.
fn diverge(model: &LanguageModel, cases: &[Case], recomputed: &[usize]) -> Result<Vec<f64>> {
    let mut sums = vec![0.0; recomputed.len()];
    for case in cases {
        let computed = Computed::new(model, case)?;
        for (sum, recomputed) in sums.iter_mut().zip(recomputed) {
            let linked = computed.link(model, *recomputed)?;
            let pairs = computed.logits.iter().zip(&linked);
            *sum += pairs.map(|(exact, linked)| divergence(exact, linked)).sum::<f64>() / linked.len() as f64;
        }
    }
    Ok(sums.into_iter().map(|sum| sum / cases.len() as f64).collect())
}

impl Computed {
    fn new(model: &LanguageModel, case: &Case) -> Result<Self> {
        let encoded = encode(model, case)?;
        let mut chunks = Vec::new();
        for place in &encoded.chunks {
            let mut cache = model.new_cache();
            let alone = [&encoded.tokens[..1], &encoded.tokens[place.clone()]].concat();
            model.forward(&mut [Step::fill(&alone, &mut cache)])?;
            chunks.push(cache);
        }
        let (mut cache, mut next) = (model.new_cache(), encoded.tokens.clone());
        let (mut answer, mut logits) = (Vec::new(), Vec::new());
        let mut sampler = Sampler::new(SamplerOptions::greedy());
        while logits.len() < COMPARED && !answer.last().is_some_and(|token| model.tokenizer().is_end(*token))
        {
            let mut exact = model.forward(&mut [Step::new(&next, &mut cache)])?[0].to_vec();
            logits.push(exact.clone());
            let token = sampler.sample(&mut exact, &[])?;
            answer.push(token);
            next = vec![token];
        }
        Ok(Self { encoded, chunks, answer, logits })
    }

    /// The logits of the same tokens, with the prompt linked as the engine does it.
    fn link(&self, model: &LanguageModel, recomputed: usize) -> Result<Vec<StepLogits>> {
        let (tokens, mut cache) = (&self.encoded.tokens, model.new_cache());
        for (place, chunk) in self.encoded.chunks.iter().zip(&self.chunks) {
            let stop = (place.start + recomputed).max(cache.len() + 1);
            if stop < place.end {
                model.forward(&mut [Step::fill(&tokens[cache.len()..stop], &mut cache)])?;
                model.splice(&mut cache, chunk, stop - place.start + 1..chunk.len())?;
            }
        }
        let rest = [&tokens[cache.len()..], &self.answer[..self.answer.len() - 1]].concat();
        let (first, steps) = rest.split_at(rest.len() + 1 - self.answer.len());
        let mut logits = model.forward(&mut [Step::new(first, &mut cache)])?;
        for token in steps {
            logits.extend(model.forward(&mut [Step::new(&[*token], &mut cache)])?);
        }
        Ok(logits)
    }
}

fn encode(model: &LanguageModel, case: &Case) -> Result<Encoded> {
    let messages = case.messages(case.chunks.iter());
    let messages = messages.iter().map(|message| json!({"role": message.role, "content": message.content}));
    let conversation =
        Conversation { messages: messages.collect(), add_generation_prompt: true, ..Conversation::default() };
    let chunks: Vec<&str> = case.chunks.iter().map(String::as_str).collect();
    let chatml = ChatTemplate::chatml();
    let template = model.template().unwrap_or(&chatml);
    Ok(template.encode_chunks(model.tokenizer(), &conversation, &chunks)?)
}

/// The divergence of the second distribution from the first, in nats.
fn divergence(exact: &[f32], other: &[f32]) -> f64 {
    let log_softmax = |logits: &[f32]| -> Vec<f64> {
        let highest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let total: f64 = logits.iter().map(|logit| (f64::from(*logit) - highest).exp()).sum();
        logits.iter().map(|logit| f64::from(*logit) - highest - total.ln()).collect()
    };
    let (exact, other) = (log_softmax(exact), log_softmax(other));
    exact.iter().zip(&other).map(|(exact, other)| exact.exp() * (exact - other)).sum()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
