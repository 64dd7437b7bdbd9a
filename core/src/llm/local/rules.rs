use rushlight_models::{Error, LanguageModel};

use super::choice::{CallChoice, ChoiceMaker, Side};
use super::citing::{Citing, CitingMaker};
use super::guard::{Guard, GuardMaker};
use super::writer::Writer;
use crate::llm::Prompt;
use crate::llm::calls::CallParser;

/// Makes the rules of a model's answers; what they have in common is made once.
#[derive(Debug, Default)]
pub(super) struct RuleMaker {
    guards: GuardMaker,
    choices: ChoiceMaker,
    citings: CitingMaker,
}

impl RuleMaker {
    /// What the answer to a prompt is held to. Compiles what is new, which takes a while the first time: not for the model's
    /// thread.
    pub(super) fn make(
        &self,
        model: &LanguageModel,
        prompt: &Prompt,
        constrain_calls: bool,
    ) -> Result<Rules, Error> {
        Ok(Rules {
            guard: self.guards.make(model, prompt, constrain_calls)?,
            choice: self.choices.make(model.tokenizer(), prompt),
            citing: self.citings.make(model.tokenizer(), prompt),
        })
    }
}

/// What one answer is held to, beside what the model thinks.
#[derive(Debug, Default)]
pub(super) struct Rules {
    guard: Option<Box<Guard>>,
    /// Yet to be made, with the first token.
    choice: Option<CallChoice>,
    citing: Option<Box<Citing>>,
}

/// What the rules make of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ruled {
    /// More may follow.
    Goes,
    /// All is said.
    Complete,
    /// It began a call in a form that there is not, which is written anew.
    TakenBack,
}

impl Rules {
    /// What finds the calls of these tools in the answer.
    pub(super) fn parser(&self, tools: Vec<String>) -> CallParser {
        match &self.guard {
            Some(guard) => CallParser::guarded(tools, guard.holds()),
            None => CallParser::new(tools),
        }
    }

    /// The token that comes next, if it is certain.
    pub(super) fn next_forced(&mut self) -> Option<u32> {
        let forced = self.guard.as_mut().and_then(|guard| guard.next_forced());
        forced.or_else(|| self.citing.as_mut()?.next_forced())
    }

    /// The next token: what `sample` takes of the logits of those that may come.
    pub(super) fn choose(
        &mut self,
        logits: &mut [f32],
        writer: &mut Writer,
        sample: impl FnOnce(&mut [f32]) -> Result<u32, Error>,
    ) -> Result<u32, Error> {
        let side = self.choice.take().map_or(Side::Either, |choice| {
            let chosen = choice.make(logits);
            writer.tell(chosen);
            chosen.side
        });
        if side == Side::Words {
            self.guard = None;
        }
        if let Some(guard) = &mut self.guard {
            if side == Side::Call {
                guard.begin_anew();
                writer.hold();
                if let Some(token) = guard.next_forced() {
                    return Ok(token);
                }
            }
            guard.mask(logits)?;
        }
        let is_held = side == Side::Call || self.guard.as_ref().is_some_and(|guard| guard.holds());
        let in_words = |citing: &&mut Box<Citing>| citing.is_open() || (!is_held && writer.is_in_words());
        let Some(citing) = self.citing.as_mut().filter(in_words) else {
            return sample(logits);
        };
        citing.mask(logits);
        Ok(citing.in_place_of(sample(logits)?))
    }

    /// Takes the next token, whose text was written.
    pub(super) fn take(&mut self, token: u32, writer: &mut Writer) -> Result<Ruled, Error> {
        if let Some(citing) = &mut self.citing {
            citing.take(token);
        }
        let Some(guard) = &mut self.guard else {
            return Ok(Ruled::Goes);
        };
        let held = guard.holds();
        let mut begins = guard.take(token)?;
        if !held && let Some(call) = writer.call_begun() {
            begins = guard.begin(call);
            if !begins {
                guard.begin_anew();
                return Ok(Ruled::TakenBack);
            }
        }
        if begins {
            writer.hold();
        }
        if guard.is_complete() {
            return Ok(Ruled::Complete);
        }
        if !writer.is_held() {
            guard.let_go();
        }
        Ok(Ruled::Goes)
    }
}
