use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt;
use futures::executor::block_on;
use futures::future::{BoxFuture, Either, pending, select, select_all};
use rushlight_models::{
    Error as ModelError, KvCache, LanguageModel, PrefixTree, SavedPrefix, Step, StepLogits,
};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::UnboundedReceiver;

use super::counters::Counters;
use super::draft::{DraftModel, Speculation};
use super::job::{Job, Order, Queued};
use super::options::{KvReuse, LocalLlmOptions};
use super::pass::{Part, Progress};
use super::sequence::Sequence;
use super::writer::ROOM;
use crate::Error;
use crate::error::panic_text;

/// Tokens of prompts in one pass: a dropped stream is noticed after that many at the latest.
const PREFILL: usize = 128;

/// The same while other sequences generate, which wait for them.
const SHARED_PREFILL: usize = 32;

/// Guessed tokens in one pass, of all sequences together.
const DRAFTS: usize = 16;

/// What is computed next, and for whom: continuous batching (Orca; Yu et al., OSDI 2022).
///
/// Every pass takes the next token of each sequence that generates and a part of one prompt. Sequences come and go
/// between passes; what they compute does not depend on the others.
#[derive(Debug)]
pub(super) struct Scheduler<'m> {
    model: &'m LanguageModel,
    name: &'m str,
    counters: &'m Counters,
    choices: Choices,
    /// The highest priority first, then in the order of their arrival.
    waiting: VecDeque<Waiting>,
    /// In the same order.
    running: Vec<Sequence<'m>>,
    tree: PrefixTree,
    speculation: Speculation<'m>,
}

/// What its options say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choices {
    /// Sequences that share a pass at most.
    batch: usize,
    /// Sequences whose reader is behind, and which take no place in a pass, at most.
    behind: usize,
    pub(super) speculation: bool,
    pub(super) kv_reuse: KvReuse,
}

impl Choices {
    pub(super) fn of(options: &LocalLlmOptions) -> Self {
        let LocalLlmOptions { batch, queue, speculation, kv_reuse, .. } = *options;
        Self { batch, behind: queue, speculation, kv_reuse }
    }
}

/// A job that was not started.
#[derive(Debug)]
struct Waiting {
    job: Job,
    place: OwnedSemaphorePermit,
}

impl<'m> Scheduler<'m> {
    pub(super) fn new(
        model: &'m LanguageModel,
        draft: Option<&'m LanguageModel>,
        name: &'m str,
        counters: &'m Counters,
        choices: Choices,
    ) -> Self {
        Self {
            model,
            name,
            counters,
            choices,
            waiting: VecDeque::new(),
            running: Vec::new(),
            tree: PrefixTree::new(model),
            speculation: Speculation::new(draft.map(|draft| DraftModel::new(draft, model, counters))),
        }
    }

    /// Follows orders until nobody can give any more.
    pub(super) fn work(mut self, mut orders: UnboundedReceiver<Queued>) {
        loop {
            self.drop_cancelled();
            while let Ok(queued) = orders.try_recv() {
                self.follow(queued);
            }
            self.admit();
            if self.running.is_empty() {
                match orders.blocking_recv() {
                    Some(queued) => self.follow(queued),
                    None => return,
                }
                continue;
            }
            match catch_unwind(AssertUnwindSafe(|| self.pass())) {
                Ok(true) => {}
                Ok(false) => self.wait(&mut orders),
                Err(panic) => self.fail_all(panic_text(&*panic)),
            }
        }
    }

    fn follow(&mut self, Queued { order, place }: Queued) {
        match order {
            Order::Compute(job) => {
                let ahead = self.waiting.partition_point(|other| other.job.priority >= job.priority);
                self.waiting.insert(ahead, Waiting { job, place });
            }
            // Whoever is gone does not miss the outcome.
            Order::Load { saved, done } => drop(done.send(self.load(&saved))),
        }
    }

    /// Remembers a prefix, for which other ones may be forgotten.
    fn load(&mut self, saved: &SavedPrefix) -> Result<(), ModelError> {
        let tokens = saved.tokens();
        if self.tree.find(tokens).len() == tokens.len() {
            return Ok(());
        }
        self.tree.make_room(self.model.new_cache().growth_bytes(tokens.len()));
        self.tree.insert(tokens, &saved.cache(self.model)?);
        Ok(())
    }

    /// Starts what waits, as far as there are places.
    fn admit(&mut self) {
        while self.has_place() {
            let Some(Waiting { job, place }) = self.waiting.pop_front() else {
                return;
            };
            drop(place);
            let mut sequence = Sequence::new(self.model, job, self.choices);
            let begun = if sequence.wants_nothing() {
                Ok(Progress::Ended { cut: true })
            } else {
                sequence.add_forced(self.counters)
            };
            let ahead = self.running.partition_point(|other| other.priority >= sequence.priority);
            self.running.insert(ahead, sequence);
            self.proceed(ahead, begun);
        }
    }

    /// Whether one more may start: a reader that is behind keeps nobody waiting.
    fn has_place(&self) -> bool {
        let Choices { batch, behind, .. } = self.choices;
        let writing = self.running.iter().filter(|sequence| sequence.can_write()).count();
        writing < batch && self.running.len() < batch + behind
    }

    fn drop_cancelled(&mut self) {
        let (tree, counters) = (&mut self.tree, self.counters);
        self.waiting.retain(|waiting| {
            let is_gone = waiting.job.deltas.is_closed();
            counters.cancelled.add(usize::from(is_gone));
            !is_gone
        });
        self.running.retain(|sequence| {
            let is_gone = sequence.deltas().is_closed();
            if is_gone {
                counters.cancelled.add(1);
                sequence.remember(tree, usize::MAX);
            }
            !is_gone
        });
    }

    /// One pass through the model; false if no sequence can take part in one.
    fn pass(&mut self) -> bool {
        let mut parts = self.plan();
        if let Err((index, error)) = self.make_room(&mut parts) {
            self.fail(index, error);
            return true;
        }
        if parts.iter().all(Option::is_none) {
            return false;
        }
        let results = self.compute(&parts);
        // From the last to the first, because sequences that end are taken out.
        for (index, result) in results.into_iter().enumerate().rev() {
            if let Some(result) = result {
                self.take(index, result);
            }
        }
        true
    }

    /// What each running sequence takes part in the next pass with.
    fn plan(&mut self) -> Vec<Option<Part>> {
        // More than share a pass may have readers that have caught up.
        let writing = self.running.iter().filter(|sequence| sequence.can_write());
        let generating =
            writing.take(self.choices.batch).filter(|sequence| !sequence.is_prefilling()).count();
        let rows = if generating > 0 { SHARED_PREFILL } else { PREFILL };
        let drafts = DRAFTS / generating.max(1);
        self.speculation.share(generating);
        let (mut places, mut prefilling) = (self.choices.batch, false);
        let mut part = |sequence: &mut Sequence<'m>| {
            // One prompt at a time, so that the next may begin with what this one has computed.
            if places == 0 || !sequence.can_write() {
                return None;
            }
            places -= 1;
            if sequence.is_prefilling() && prefilling {
                return None;
            }
            sequence.start(&mut self.tree, self.counters);
            prefilling |= sequence.is_prefilling();
            Some(sequence.part(rows, drafts, &mut self.tree, &mut self.speculation))
        };
        self.running.iter_mut().map(&mut part).collect()
    }

    /// Frees memory for a pass: forgets what no sequence uses, then takes caches away, first from sequences that cannot
    /// write, then from those of the lowest priority, of equals the youngest. They leave the pass, and are computed again
    /// when there is room.
    ///
    /// Fails, and says which one, if there is not even room for the first.
    fn make_room(&mut self, parts: &mut [Option<Part>]) -> Result<(), (usize, ModelError)> {
        let mut victims: Vec<usize> = (0..self.running.len()).rev().collect();
        victims.sort_by_key(|&index| parts[index].is_some());
        for (place, &victim) in victims.iter().enumerate() {
            let growth: usize = self
                .running
                .iter_mut()
                .zip(&*parts)
                .filter_map(|(sequence, part)| Some(sequence.growth_bytes(part.as_ref()?)))
                .sum();
            if self.tree.make_room(growth) {
                return Ok(());
            }
            if place + 1 == victims.len() {
                let (limit, used) = (self.model.kv_budget(), self.model.kv_used_bytes());
                let limit = limit.unwrap_or(usize::MAX);
                return Err((victim, ModelError::KvBudget { limit, used, wanted: growth }));
            }
            self.running[victim].give_up_cache(&mut self.tree);
            parts[victim] = None;
        }
        Ok(())
    }

    /// The logits of each part.
    fn compute(&mut self, parts: &[Option<Part>]) -> Vec<Option<Result<StepLogits, ModelError>>> {
        self.counters.forward_passes.add(1);
        let parts_of = || self.running.iter().zip(parts);
        let rows = parts_of().filter_map(|(sequence, part)| Some(sequence.prompt_rows(part.as_ref()?)));
        self.counters.prompt_tokens.add(rows.sum());
        let mut results: Vec<_> = parts.iter().map(|_| None).collect();
        let mut steps = Vec::new();
        let mut indices = Vec::new();
        for (index, (sequence, part)) in self.running.iter_mut().zip(parts).enumerate() {
            if let Some(part) = part {
                let mut step = Step::new(&part.tokens, sequence.target(part));
                step.logits = part.logits;
                steps.push(step);
                indices.push(index);
            }
        }
        match self.model.forward(&mut steps) {
            Ok(logits) => {
                for (index, logits) in indices.into_iter().zip(logits) {
                    results[index] = Some(Ok(logits));
                }
            }
            // Each alone shows whose fault it is.
            Err(_) if steps.len() > 1 => {
                for (index, step) in indices.into_iter().zip(steps) {
                    let logits = self.model.forward(&mut [step]);
                    results[index] = logits.map(|mut logits| logits.pop()).transpose();
                }
            }
            Err(error) => results[indices[0]] = Some(Err(error)),
        }
        results
    }

    fn take(&mut self, index: usize, result: Result<StepLogits, ModelError>) {
        let mut logits = match result {
            Ok(logits) => logits,
            Err(error) => return self.fail(index, error),
        };
        let sequence = &mut self.running[index];
        if sequence.is_whole() {
            return self.end(index, false);
        }
        if logits.is_empty() {
            if let Err(error) = sequence.settle(&mut self.tree, self.counters) {
                self.fail(index, error);
            }
            return;
        }
        let is_first = sequence.is_silent();
        let taken = sequence.take(&mut logits, self.counters);
        let goes = matches!(taken, Ok(Progress::Goes));
        self.proceed(index, taken);
        if goes && is_first {
            self.remember_prompt(index);
        }
    }

    fn proceed(&mut self, index: usize, progress: Result<Progress, ModelError>) {
        match progress {
            Ok(Progress::Goes) => {}
            Ok(Progress::Ended { cut }) => self.end(index, cut),
            Err(error) => self.fail(index, error),
        }
    }

    fn end(&mut self, index: usize, cut: bool) {
        let sequence = self.running.remove(index);
        sequence.remember(&mut self.tree, usize::MAX);
        sequence.remember_answer(&mut self.speculation);
        self.counters.finished.add(1);
        sequence.finish(cut);
    }

    /// Lets later prompts begin with this sequence's as soon as it is computed.
    fn remember_prompt(&mut self, index: usize) {
        let sequence = &self.running[index];
        // Its own last page is still written to.
        sequence.remember(&mut self.tree, sequence.cache.len() / KvCache::PAGE * KvCache::PAGE);
    }

    fn fail(&mut self, index: usize, error: ModelError) {
        self.counters.failed.add(1);
        self.running.remove(index).fail(Error::model(self.name, error));
    }

    /// Gives up everything after a panic.
    fn fail_all(&mut self, reason: &str) {
        for sequence in self.running.drain(..) {
            self.counters.failed.add(1);
            let source = format!("panicked: {reason}").into();
            sequence.fail(Error::Model { model: self.name.to_owned(), source });
        }
        self.tree = PrefixTree::new(self.model);
        self.speculation.forget();
    }

    /// Waits until a sequence can write again, nobody reads one any more, or there is an order.
    fn wait(&mut self, orders: &mut UnboundedReceiver<Queued>) {
        let ready = self.running.iter().map(|sequence| {
            let (room, gone) = (sequence.deltas().reserve_many(ROOM), sequence.deltas().closed());
            select(Box::pin(room), Box::pin(gone)).map(drop).boxed()
        });
        let left = self.waiting.iter().map(|waiting| waiting.job.deltas.closed().boxed());
        let ready: Vec<BoxFuture<'_, ()>> = ready.chain(left).collect();
        let order = async {
            match orders.recv().await {
                Some(queued) => queued,
                // The streams that are left end by themselves.
                None => pending().await,
            }
        };
        let ordered = match block_on(select(Box::pin(order), select_all(ready))) {
            Either::Left((queued, _)) => Some(queued),
            Either::Right(_) => None,
        };
        if let Some(queued) = ordered {
            self.follow(queued);
        }
    }
}

#[cfg(test)]
mod tests;
