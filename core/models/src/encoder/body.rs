use std::cmp::Reverse;
use std::ops::Range;
use std::path::Path;

use rushlight_kernels::{alone, for_each, lead, threads};
use serde_json::Value;

use crate::arch::encoder::EncoderModel;
use crate::nn::Sequence;
use crate::{Error, Result, Special, Tokenizer, json_file};

/// Tokens that are computed at once: enough to use each weight often, few enough to stay in the cache.
const MIN_ROWS: usize = 64;
const MAX_ROWS: usize = 256;
/// The tokens that frame every text.
pub(super) const FRAME: usize = 2;

/// A network and the tokenizer of its texts.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) tokenizer: Tokenizer,
    pub(super) model: EncoderModel,
    /// Begin and end token.
    pub(super) frame: [u32; FRAME],
    /// The most tokens of a sequence, without its frame.
    pub(super) room: usize,
}

impl Body {
    /// The network of a directory with the tokenizer and the length that are written there.
    pub(super) fn open(directory: &Path, model: EncoderModel) -> Result<Self> {
        let tokenizer_path = directory.join("tokenizer.json");
        let tokenizer = Tokenizer::from_file(&tokenizer_path)?;
        let (Some(begin), Some(end)) = (tokenizer.begin(), tokenizer.end()) else {
            return Err(Error::format(
                tokenizer_path,
                "expected a post-processor that frames texts by two tokens",
            ));
        };
        if tokenizer.vocabulary() > model.vocabulary {
            let (tokens, rows) = (tokenizer.vocabulary(), model.vocabulary);
            let message = format!("expected at most the model's {rows} tokens, got {tokens}");
            return Err(Error::format(tokenizer_path, message));
        }
        let longest = max_length(directory)?.unwrap_or(model.positions).min(model.positions);
        let room = longest.saturating_sub(FRAME);
        Ok(Self { tokenizer, model, frame: [begin, end], room })
    }

    /// The tokens of a text, without a frame.
    pub(super) fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        self.tokenizer.encode(text, Special::Text)
    }

    /// What `read` makes sequences of and `finish` makes of the hidden states `[tokens][hidden]` of each, in the order of
    /// `inputs`. Those of about one length are computed together.
    pub(super) fn compute<I: Sync, T: Clone + Default + Send>(
        &self,
        inputs: &[I],
        read: impl Fn(&I) -> Result<Sequence> + Sync,
        finish: impl Fn(&[f32]) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        lead(|| {
            let sequences = sequences(inputs, read)?;
            let length = |index: &usize| sequences[*index].tokens.len();
            let mut longest_first: Vec<usize> = (0..sequences.len()).collect();
            longest_first.sort_by_key(|index| Reverse(length(index)));
            let lengths: Vec<usize> = longest_first.iter().map(length).collect();
            let sorted: Vec<&Sequence> = longest_first.iter().map(|&index| &sequences[index]).collect();
            let count = threads();
            let batches = batches(&lengths, count);
            let mut computed: Vec<Result<Vec<T>>> = batches.iter().map(|_| Ok(Vec::new())).collect();
            let tasks = batches.into_iter().zip(&mut computed);
            // Threads that have a batch each wait for nobody; otherwise they share the parts of each batch.
            let compute = |batch: Range<usize>| self.batch(&sorted[batch], &finish);
            if tasks.len() < count {
                tasks.for_each(|(batch, computed)| *computed = compute(batch));
            } else {
                for_each(tasks.collect(), |(batch, computed): (Range<usize>, &mut Result<_>)| {
                    *computed = alone(|| compute(batch));
                });
            }
            let mut outputs = vec![T::default(); inputs.len()];
            let mut places = longest_first.into_iter();
            for batch in computed {
                for (output, place) in batch?.into_iter().zip(&mut places) {
                    outputs[place] = output;
                }
            }
            Ok(outputs)
        })
    }

    /// What is made of some sequences that are computed together.
    fn batch<T>(&self, sequences: &[&Sequence], finish: impl Fn(&[f32]) -> Result<T>) -> Result<Vec<T>> {
        let hidden = self.model.network.forward(sequences)?;
        let mut rows = &hidden[..];
        let mut outputs = Vec::with_capacity(sequences.len());
        for sequence in sequences {
            let (own, rest) = rows.split_at(sequence.tokens.len() * self.model.network.hidden);
            outputs.push(finish(own)?);
            rows = rest;
        }
        Ok(outputs)
    }
}

fn sequences<I: Sync>(inputs: &[I], read: impl Fn(&I) -> Result<Sequence> + Sync) -> Result<Vec<Sequence>> {
    let mut sequences: Vec<Option<Result<Sequence>>> = inputs.iter().map(|_| None).collect();
    for_each(sequences.iter_mut().zip(inputs).collect(), |(sequence, input): (&mut Option<_>, &I)| {
        *sequence = Some(read(input));
    });
    sequences.into_iter().map(|sequence| sequence.expect("each was read")).collect()
}

/// Runs of sequences of these lengths, the longest first, that are computed together: a few for each thread.
fn batches(lengths: &[usize], threads: usize) -> Vec<Range<usize>> {
    let most = (lengths.iter().sum::<usize>() / (2 * threads)).clamp(MIN_ROWS, MAX_ROWS);
    let mut batches: Vec<Range<usize>> = Vec::new();
    let mut rows = 0;
    for (index, length) in lengths.iter().enumerate() {
        rows += length;
        match batches.last_mut() {
            Some(batch) if rows <= most => batch.end = index + 1,
            _ => {
                batches.push(index..index + 1);
                rows = *length;
            }
        }
    }
    batches
}

/// The most tokens of a sequence, with its frame, where the files say it.
fn max_length(directory: &Path) -> Result<Option<usize>> {
    for (file, field) in
        [("sentence_bert_config.json", "max_seq_length"), ("tokenizer_config.json", "model_max_length")]
    {
        let path = directory.join(file);
        let config: Value = json_file::read_if_there(&path)?.unwrap_or_default();
        match (&config[field], config[field].as_f64()) {
            (Value::Null, _) => {}
            // Without a limit, Transformers writes a number beyond 64 bits.
            (_, Some(length)) if length >= 0.0 => return Ok(Some(length as usize)),
            (length, _) => {
                return Err(Error::format(path, format!("expected `{field}` to be a number, got {length}")));
            }
        }
    }
    Ok(None)
}
