use rushlight_models::{Detokenizer, Error, KvCache, LanguageModel, Logits, PrefixTree, Sampler};
use tokio::sync::mpsc::Sender;

use super::chunks::{Chunks, Next, Spliced};
use super::counters::Counters;
use super::draft::{Drafter, Speculation};
use super::job::{Job, Purpose};
use super::options::KvReuse;
use super::pass::{Part, Progress};
use super::rules::{Ruled, Rules};
use super::scheduler::Choices;
use super::writer::{ROOM, Writer};
use crate::Result as CoreResult;
use crate::llm::{Delta, Priority};
use crate::message::Usage;

/// How many of the last tokens the repetition penalty looks at.
const RECENT: usize = 64;

/// How many tokens that a grammar forces are taken before a pass, at most: so many that there is room for their deltas.
const FORCED: usize = 64;

/// One generation on its way.
#[derive(Debug)]
pub(super) struct Sequence<'m> {
    model: &'m LanguageModel,
    /// The prompt's and those that were chosen since. All but the last, or those yet to be computed, are in the cache.
    tokens: Vec<u32>,
    pub(super) cache: KvCache,
    purpose: Purpose,
    pub(super) priority: Priority,
    chunks: Option<Chunks>,
    /// How much of the cache is what computing the tokens gives: all before the first spliced chunk.
    exact: usize,
    /// Whether later prompts may begin with what it computes.
    is_remembered: bool,
    /// Whether its cache was taken away before.
    is_again: bool,
    started: bool,
    /// Guessed tokens in the pass under way.
    drafted: Vec<u32>,
    drafter: Option<Drafter>,
    sampler: Sampler,
    rules: Rules,
    /// Tokens at the end that the grammar forced, none of which is in the cache.
    forced: usize,
    text: Detokenizer<'m>,
    writer: Writer,
    /// The tokens before those whose text the writer holds back.
    written: usize,
    usage: Usage,
    pub(super) max_output_tokens: usize,
}

impl<'m> Sequence<'m> {
    pub(super) fn new(model: &'m LanguageModel, job: Job, choices: Choices) -> Self {
        let sampler = Sampler::new(job.sampler_options());
        let calls = job.rules.parser(job.tools);
        let chunks = match choices.kv_reuse {
            KvReuse::Chunks(recompute) => Some(Chunks::new(recompute, job.chunks, job.tokens.len())),
            KvReuse::Off | KvReuse::Prefix => None,
        };
        Self {
            chunks,
            exact: usize::MAX,
            is_again: false,
            is_remembered: choices.kv_reuse != KvReuse::Off,
            model,
            cache: model.new_cache(),
            started: false,
            drafted: Vec::new(),
            drafter: choices.speculation.then(Drafter::new),
            sampler,
            rules: job.rules,
            forced: 0,
            purpose: job.purpose,
            priority: job.priority,
            text: model.tokenizer().stream(),
            usage: Usage::new(job.tokens.len(), 0, 0),
            written: job.tokens.len(),
            max_output_tokens: job.max_output_tokens,
            tokens: job.tokens,
            writer: Writer::new(&job.stop, calls, job.next_call, job.deltas),
        }
    }

    /// Lets later prompts begin with what it has computed, but for tokens from `limit` on.
    pub(super) fn remember(&self, tree: &mut PrefixTree, limit: usize) {
        if self.is_remembered {
            let mut cache = self.cache.clone();
            cache.truncate(self.exact.min(limit));
            tree.insert(&self.tokens, &cache);
        }
    }

    /// Lets later answers go on as this one did.
    pub(super) fn remember_answer(&self, speculation: &mut Speculation<'_>) {
        if self.is_remembered
            && let Some(drafter) = &self.drafter
        {
            drafter.remember(&self.tokens, self.usage.input_tokens, speculation);
        }
    }

    /// Gives its cache up, to compute it again later.
    pub(super) fn give_up_cache(&mut self, tree: &mut PrefixTree) {
        self.remember(tree, usize::MAX);
        self.cache = self.model.new_cache();
        self.exact = usize::MAX;
        self.is_again = true;
        if let Some(chunks) = &mut self.chunks {
            chunks.restart();
        }
        if let Some(drafter) = &mut self.drafter {
            drafter.forget();
        }
    }

    /// The bytes of memory that a part would take.
    pub(super) fn growth_bytes(&mut self, part: &Part) -> usize {
        self.target(part).growth_bytes(part.tokens.len() + part.spliced)
    }

    /// Where the tokens of a part go.
    pub(super) fn target(&mut self, part: &Part) -> &mut KvCache {
        let chunk = self.chunks.as_mut().filter(|_| part.is_chunk).and_then(Chunks::cache);
        chunk.unwrap_or(&mut self.cache)
    }

    /// Takes note of a pass without logits.
    pub(super) fn settle(&mut self, tree: &mut PrefixTree, counters: &Counters) -> Result<(), Error> {
        let Some(chunks) = &mut self.chunks else {
            return Ok(());
        };
        if let Some(Spliced { from, known }) = chunks.settle(self.model, &mut self.cache, tree)? {
            self.exact = self.exact.min(from);
            if !self.is_again {
                self.usage.cached_tokens += known;
                counters.cached_tokens.add(known);
            }
        }
        Ok(())
    }

    pub(super) fn deltas(&self) -> &Sender<CoreResult<Delta>> {
        self.writer.deltas()
    }

    /// Whether its reader is not behind.
    pub(super) fn can_write(&self) -> bool {
        self.deltas().capacity() >= ROOM
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
        self.rest() > 1
    }

    /// The tokens that are yet to be computed, but for those that the grammar forced.
    fn rest(&self) -> usize {
        (self.tokens.len() - self.forced).saturating_sub(self.cache.len())
    }

    /// Whether no token was chosen yet.
    pub(super) fn is_silent(&self) -> bool {
        self.usage.output_tokens == self.forced
    }

    /// How many tokens of a part belong to a prompt, and are no guesses or a grammar's.
    pub(super) fn prompt_rows(&self, part: &Part) -> usize {
        if part.logits == Logits::All || !self.is_prefilling() {
            0
        } else {
            part.tokens.len().min(self.rest())
        }
    }

    /// Takes what the tree knows of its tokens, the first time and after its cache was taken away.
    pub(super) fn start(&mut self, tree: &mut PrefixTree, counters: &Counters) {
        if !self.cache.is_empty() {
            return;
        }
        // The logits of the last token are yet to be computed.
        let known = self.chunks.as_ref().map_or(usize::MAX, Chunks::known_limit).min(self.tokens.len() - 1);
        self.cache = tree.find(&self.tokens[..known]);
        if !self.started {
            self.started = true;
            self.usage.cached_tokens = self.cache.len().min(self.usage.input_tokens);
            counters.cached_tokens.add(self.usage.cached_tokens);
        }
    }

    /// The next tokens to compute: at most `rows` of a prompt, or the last token and at most `drafts` guesses.
    pub(super) fn part(
        &mut self,
        rows: usize,
        drafts: usize,
        tree: &mut PrefixTree,
        speculation: &mut Speculation<'_>,
    ) -> Part {
        if let Some(chunks) = &mut self.chunks {
            let done = self.cache.len();
            match chunks.next(&self.tokens, done, rows, tree) {
                Some(Next::Chunk(tokens)) => {
                    return Part { tokens, logits: Logits::None, is_chunk: true, spliced: 0 };
                }
                Some(Next::Prompt { stop, spliced }) => {
                    let end = stop.min(done + rows);
                    let mut part = Part::new(&self.tokens[done..end], Logits::None);
                    part.spliced = if end == stop { spliced } else { 0 };
                    return part;
                }
                None => {}
            }
        }
        let rest = &self.tokens[self.cache.len()..];
        self.drafted.clear();
        if rest.len() > rows || self.is_kept() {
            return Part::new(&rest[..rest.len().min(rows)], Logits::None);
        }
        if rest.len() > 1 {
            return Part::new(rest, Logits::Last);
        }
        let mut part = Part::new(rest, Logits::All);
        let output = self.max_output_tokens - self.usage.output_tokens - 1;
        let context = self.model.info().context_length - self.tokens.len();
        if let Some(drafter) = &mut self.drafter {
            self.drafted = drafter.guess(&self.tokens, drafts.min(output).min(context), speculation);
        }
        part.tokens.extend_from_slice(&self.drafted);
        part
    }

    /// Takes the logits of a part, `[rows][vocabulary]`, and writes what the model says.
    pub(super) fn take(&mut self, logits: &mut [f32], counters: &Counters) -> Result<Progress, Error> {
        let drafted = std::mem::take(&mut self.drafted);
        let mut guesses = drafted.iter();
        let mut right = 0;
        let mut progress = Progress::Goes;
        self.forced = 0;
        for row in logits.chunks_exact_mut(self.model.info().vocabulary) {
            let token = match self.rules.next_forced() {
                Some(token) => {
                    counters.forced_tokens.add(1);
                    token
                }
                None => self.choose(row)?,
            };
            let length = self.tokens.len();
            progress = self.add(token, counters)?;
            let is_taken_back = self.tokens.len() <= length;
            if progress != Progress::Goes || is_taken_back || guesses.next() != Some(&token) {
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
        if progress == Progress::Goes { self.add_forced(counters) } else { Ok(progress) }
    }

    fn choose(&mut self, logits: &mut [f32]) -> Result<u32, Error> {
        let recent = &self.tokens[self.tokens.len().saturating_sub(RECENT)..];
        let sampler = &mut self.sampler;
        self.rules.choose(logits, &mut self.writer, |logits| sampler.sample(logits, recent))
    }

    /// Takes the tokens that are certain, before the first pass and after each: the next one computes them together.
    pub(super) fn add_forced(&mut self, counters: &Counters) -> Result<Progress, Error> {
        let mut progress = Progress::Goes;
        while progress == Progress::Goes
            && self.forced < FORCED
            && let Some(token) = self.rules.next_forced()
        {
            progress = self.add(token, counters)?;
            self.forced += 1;
            counters.forced_tokens.add(1);
        }
        Ok(progress)
    }

    /// Takes the next token.
    fn add(&mut self, token: u32, counters: &Counters) -> Result<Progress, Error> {
        if self.model.tokenizer().is_end(token) {
            return Ok(Progress::Ended { cut: false });
        }
        self.tokens.push(token);
        self.usage.output_tokens += 1;
        counters.generated_tokens.add(1);
        if let Some(piece) = self.text.push(token) {
            self.writer.write(&piece);
            if !self.writer.holds_back() {
                self.written = self.tokens.len();
            }
        }
        let ruled = self.rules.take(token, &mut self.writer)?;
        if ruled == Ruled::TakenBack {
            self.take_back();
        }
        Ok(if ruled == Ruled::Complete || self.writer.is_over() {
            Progress::Ended { cut: false }
        } else if self.usage.output_tokens == self.max_output_tokens {
            Progress::Ended { cut: true }
        } else {
            Progress::Goes
        })
    }

    /// Forgets the tokens of a call that is in no form of the grammar: it is written anew.
    fn take_back(&mut self) {
        self.tokens.truncate(self.written);
        self.writer.take_back();
        if self.drafter.is_some() {
            self.drafter = Some(Drafter::new());
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
