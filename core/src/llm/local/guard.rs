use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rushlight_models::{CallSyntax, Calls, ChatTemplate, Error, Grammar, Grammars, LanguageModel, Matcher};
use serde_json::Value;

use crate::llm::{Prompt, ToolChoice};

/// Grammars that are kept for prompts with equal tools.
const KEPT: usize = 32;

/// The grammars of a model, each compiled once for all prompts with equal tools. Prompts wait for their own grammar alone:
/// one of hostile tools may take seconds.
#[derive(Debug, Default)]
pub(super) struct GuardMaker {
    /// Made for the first prompt that needs one.
    grammars: Mutex<Option<Arc<Grammars>>>,
    /// The one that was used last comes last.
    kept: Mutex<VecDeque<(Grammar, Start)>>,
}

/// The start of a grammar, once it is compiled.
type Start = Arc<Mutex<Option<Matcher>>>;

impl GuardMaker {
    /// What holds an answer to the prompt's schema and its calls to their tools; none if nothing does. With `constrain_calls`
    /// also calls that the model is free to make.
    ///
    /// Compiles what is new, which takes a while the first time: not for the model's thread.
    pub(super) fn make(
        &self,
        model: &LanguageModel,
        prompt: &Prompt,
        constrain_calls: bool,
    ) -> Result<Option<Box<Guard>>, Error> {
        let tools: Vec<(&str, &Value)> = prompt
            .offered_tools()
            .iter()
            .filter(|tool| prompt.tool_choice.admits(&tool.name))
            .map(|tool| (tool.name.as_str(), &tool.parameters))
            .collect();
        let must_call = matches!(prompt.tool_choice, ToolChoice::Required | ToolChoice::Named(_));
        let syntax = model.template().map_or(CallSyntax::default(), ChatTemplate::call_syntax);
        let opening_token = match syntax {
            CallSyntax::List | CallSyntax::Named => model.tokenizer().token_id(CallSyntax::OPENING),
            _ => None,
        };
        let arguments_token = model.tokenizer().token_id(CallSyntax::ARGUMENTS);
        let from_the_start = must_call || prompt.schema.is_some();
        let parallel = prompt.parallel_calls;
        let calls = Calls { tools: &tools, syntax, opening_token, arguments_token, parallel, loose: false };
        let grammar = match &prompt.schema {
            _ if must_call => Grammar::calls(&calls)?,
            Some(schema) if tools.is_empty() => Grammar::json_schema(schema)?,
            Some(schema) => Grammar::calls_or_json(&calls, schema)?,
            None if constrain_calls && !tools.is_empty() => Grammar::calls(&calls)?,
            None => return Ok(None),
        };
        let matcher = if from_the_start {
            self.start(model, &grammar)?
        } else {
            // It says all twice, and may be too much where one form is not.
            let loose = Grammar::calls(&Calls { loose: true, ..calls })?;
            self.start(model, &loose).or_else(|_| self.start(model, &grammar))?
        };
        Ok(Some(Box::new(Guard::new(matcher, from_the_start, opening_token))))
    }

    fn start(&self, model: &LanguageModel, grammar: &Grammar) -> Result<Matcher, Error> {
        let kept = self.kept(grammar);
        let mut start = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(start) = &*start {
            return Ok(start.fork());
        }
        let compiled = self.grammars(model)?.compile(grammar)?;
        Ok(start.insert(compiled).fork())
    }

    /// The place of a grammar's start.
    fn kept(&self, grammar: &Grammar) -> Start {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().position(|(known, _)| known == grammar);
        let known = known.and_then(|place| kept.remove(place));
        let (grammar, start) = known.unwrap_or_else(|| (grammar.clone(), Start::default()));
        kept.push_back((grammar, Arc::clone(&start)));
        if kept.len() > KEPT {
            kept.pop_front();
        }
        start
    }

    fn grammars(&self, model: &LanguageModel) -> Result<Arc<Grammars>, Error> {
        let mut grammars = self.grammars.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(grammars) = &*grammars {
            return Ok(Arc::clone(grammars));
        }
        let made = Arc::new(Grammars::new(model.tokenizer())?);
        Ok(Arc::clone(grammars.insert(made)))
    }
}

/// What holds a generation to a grammar: from its first token, or from where a call begins to where it ends.
#[derive(Debug)]
pub(super) struct Guard {
    /// At the start of the grammar.
    start: Matcher,
    /// Where the text is in it, while it is held.
    held: Option<Matcher>,
    /// The token that a call may begin with, if it has no text.
    opening_token: Option<u32>,
    /// Tokens that come next, whatever the model thinks.
    forced: VecDeque<u32>,
}

impl Guard {
    fn new(start: Matcher, holds: bool, opening_token: Option<u32>) -> Self {
        let mut guard = Self { start, held: None, opening_token, forced: VecDeque::new() };
        if holds {
            guard.begin_anew();
        }
        guard
    }

    /// Whether what comes next is held to the grammar.
    pub(super) fn holds(&self) -> bool {
        self.held.is_some()
    }

    /// The token that comes next, if it is certain.
    pub(super) fn next_forced(&mut self) -> Option<u32> {
        self.forced.pop_front()
    }

    /// Rules out the tokens that cannot come next.
    pub(super) fn mask(&mut self, logits: &mut [f32]) -> Result<(), Error> {
        self.held.as_mut().map_or(Ok(()), |matcher| matcher.mask(logits))
    }

    /// Takes the next token; tells whether a call begins with it.
    pub(super) fn take(&mut self, token: u32) -> Result<bool, Error> {
        let begins = !self.holds() && self.opening_token == Some(token);
        if begins {
            self.held = Some(self.start.fork());
        }
        if let Some(matcher) = &mut self.held {
            matcher.accept(token)?;
            if self.forced.is_empty() {
                self.forced = matcher.forced_tokens().into();
            }
        }
        Ok(begins)
    }

    /// Holds what follows the beginning of a call, if that is one of the grammar.
    pub(super) fn begin(&mut self, call: &str) -> bool {
        let mut begun = self.start.fork();
        let is_call = begun.accept_text(call);
        if is_call {
            self.hold(begun);
        }
        is_call
    }

    /// Holds what follows from the grammar's start on.
    pub(super) fn begin_anew(&mut self) {
        self.hold(self.start.fork());
    }

    /// Leaves what follows to the model.
    pub(super) fn let_go(&mut self) {
        self.held = None;
        self.forced.clear();
    }

    /// Whether all is said.
    pub(super) fn is_complete(&self) -> bool {
        self.held.as_ref().is_some_and(Matcher::is_complete)
    }

    fn hold(&mut self, mut matcher: Matcher) {
        self.forced = matcher.forced_tokens().into();
        self.held = Some(matcher);
    }
}
