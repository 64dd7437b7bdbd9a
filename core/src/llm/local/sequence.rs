use rushlight_models::{Detokenizer, Error, KvCache, LanguageModel, Logits, PrefixTree, Sampler};
use tokio::sync::mpsc::Sender;

use super::counters::Counters;
use super::draft::Drafter;
use super::job::{Job, Purpose};
use super::writer::Writer;
use crate::Result as CoreResult;
use crate::llm::{Delta, Priority};
use crate::message::Usage;

/// How many of the last tokens the repetition penalty looks at.
const RECENT: usize = 64;

/// One generation on its way.
#[derive(Debug)]
pub(super) struct Sequence<'m> {
    model: &'m LanguageModel,
    /// The prompt's and those that were chosen since. All but the last, or those yet to be computed, are in the cache.
    tokens: Vec<u32>,
    pub(super) cache: KvCache,
    purpose: Purpose,
    pub(super) priority: Priority,
    started: bool,
    /// Guessed tokens in the pass under way.
    drafted: Vec<u32>,
    drafter: Option<Drafter>,
    sampler: Sampler,
    text: Detokenizer<'m>,
    writer: Writer,
    usage: Usage,
    pub(super) max_output_tokens: usize,
}

/// What a sequence wants of the next pass.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) tokens: Vec<u32>,
    pub(super) logits: Logits,
}

/// Whether a generation goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It does.
    Goes,
    /// It has ended, and whether a limit ended it.
    Ended { cut: bool },
}

impl<'m> Sequence<'m> {
    pub(super) fn new(model: &'m LanguageModel, job: Job, speculates: bool) -> Self {
        Self {
            model,
            cache: model.new_cache(),
            started: false,
            drafted: Vec::new(),
            drafter: speculates.then(Drafter::new),
            sampler: Sampler::new(job.sampler_options()),
            purpose: job.purpose,
            priority: job.priority,
            text: model.tokenizer().stream(),
            usage: Usage::new(job.tokens.len(), 0, 0),
            max_output_tokens: job.max_output_tokens,
            tokens: job.tokens,
            writer: Writer::new(&job.stop, job.tools, job.next_call, job.deltas),
        }
    }

    pub(super) fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    pub(super) fn deltas(&self) -> &Sender<CoreResult<Delta>> {
        self.writer.deltas()
    }

    /// Whether there is nothing to compute.
    pub(super) fn wants_nothing(&self) -> bool {
        self.max_output_tokens == 0 && !self.is_kept()
    }

    /// Whether only its keys and values are wanted.
    fn is_kept(&self) -> bool {
        matches!(self.purpose, Purpose::Keep(_))
    }

    /// Whether its keys and values are wanted and there.
    pub(super) fn is_whole(&self) -> bool {
        self.is_kept() && self.cache.len() == self.tokens.len()
    }

    /// Whether more than the last token is yet to be computed.
    pub(super) fn is_prefilling(&self) -> bool {
        self.tokens.len() - self.cache.len() > 1
    }

    /// Whether its first token was just chosen.
    pub(super) fn is_new(&self) -> bool {
        self.usage.output_tokens == 1
    }

    /// Takes what the tree knows of its tokens, the first time and after its cache was taken away.
    pub(super) fn start(&mut self, tree: &mut PrefixTree, counters: &Counters) {
        if !self.cache.is_empty() {
            return;
        }
        // The logits of the last token are yet to be computed.
        self.cache = tree.find(&self.tokens[..self.tokens.len() - 1]);
        if !self.started {
            self.started = true;
            self.usage.cached_tokens = self.cache.len();
            counters.cached_tokens.add(self.cache.len());
        }
    }

    /// The next tokens to compute: at most `rows` of a prompt, or the last token and at most `drafts` guesses.
    pub(super) fn part(&mut self, rows: usize, drafts: usize) -> Part {
        let rest = &self.tokens[self.cache.len()..];
        self.drafted.clear();
        if rest.len() > rows || self.is_kept() {
            return Part { tokens: rest[..rest.len().min(rows)].to_vec(), logits: Logits::None };
        }
        let mut tokens = rest.to_vec();
        if tokens.len() > 1 {
            return Part { tokens, logits: Logits::Last };
        }
        let output = self.max_output_tokens - self.usage.output_tokens - 1;
        let context = self.model.info().context_length - self.tokens.len();
        if let Some(drafter) = &mut self.drafter {
            let guess = drafter.guess(&self.tokens, drafts.min(output).min(context));
            self.drafted.extend_from_slice(guess);
        }
        tokens.extend_from_slice(&self.drafted);
        Part { tokens, logits: Logits::All }
    }

    /// Takes the logits of a part, `[rows][vocabulary]`, and writes what the model says.
    pub(super) fn take(&mut self, logits: &mut [f32], counters: &Counters) -> Result<Progress, Error> {
        let drafted = std::mem::take(&mut self.drafted);
        let mut guesses = drafted.iter();
        let mut right = 0;
        let mut progress = Progress::Goes;
        for row in logits.chunks_exact_mut(self.model.info().vocabulary) {
            let recent = &self.tokens[self.tokens.len().saturating_sub(RECENT)..];
            let token = self.sampler.sample(row, recent)?;
            progress = self.add(token, counters);
            if progress != Progress::Goes || guesses.next() != Some(&token) {
                break;
            }
            right += 1;
        }
        if let Some(drafter) = &mut self.drafter {
            drafter.learn(drafted.len(), right);
        }
        counters.drafted_tokens.add(drafted.len());
        counters.accepted_tokens.add(right);
        // The guesses that were wrong are in the cache too.
        self.cache.truncate(self.tokens.len() - 1);
        Ok(progress)
    }

    /// Takes the next token.
    fn add(&mut self, token: u32, counters: &Counters) -> Progress {
        if self.model.tokenizer().is_end(token) {
            return Progress::Ended { cut: false };
        }
        self.tokens.push(token);
        self.usage.output_tokens += 1;
        counters.generated_tokens.add(1);
        if let Some(piece) = self.text.push(token) {
            self.writer.write(&piece);
        }
        if self.writer.is_over() {
            Progress::Ended { cut: false }
        } else if self.usage.output_tokens == self.max_output_tokens {
            Progress::Ended { cut: true }
        } else {
            Progress::Goes
        }
    }

    /// Writes the end, and hands over the keys and values if that was the purpose.
    pub(super) fn finish(mut self, cut: bool) {
        if let Purpose::Keep(kept) = self.purpose {
            // Whoever is gone does not miss them.
            let _ = kept.send(self.cache);
        }
        if let Some(rest) = self.text.finish() {
            self.writer.write(&rest);
        }
        self.writer.finish(cut, self.usage);
    }

    /// Writes why there is no end.
    pub(super) fn fail(self, error: crate::Error) {
        self.writer.fail(error);
    }
}
