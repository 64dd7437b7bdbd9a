use std::sync::{Arc, OnceLock};

use rushlight_models::Tokenizer;

use crate::llm::{Citable, Prompt};

/// The tokens of a model that citations are written with, found once.
#[derive(Debug, Default)]
pub(super) struct CitingMaker {
    tokens: OnceLock<Arc<Tokens>>,
}

#[derive(Debug)]
struct Tokens {
    /// They open a citation: their only square bracket is their last character. In rising order.
    opening: Vec<u32>,
    /// They have such a bracket within.
    unfit: Vec<u32>,
    /// Digits, or the bracket that closes, or both.
    numbers: Vec<(u32, String)>,
    /// They end an answer.
    ends: Vec<u32>,
    /// What opens a citation behind a word.
    space_opening: Option<u32>,
}

impl CitingMaker {
    /// What holds the citations of an answer to a prompt; none if they are free.
    pub(super) fn make(&self, tokenizer: &Tokenizer, prompt: &Prompt) -> Option<Box<Citing>> {
        let Citable { passages, required } = prompt.citable?;
        let tokens = Arc::clone(self.tokens.get_or_init(|| Arc::new(Tokens::of(tokenizer))));
        let state = State::Words { said: false, cited: false };
        Some(Box::new(Citing { tokens, passages, required: required && passages > 0, state, watches: false }))
    }
}

impl Tokens {
    fn of(tokenizer: &Tokenizer) -> Self {
        let ids = 0..tokenizer.vocabulary() as u32;
        let mut tokens = Self {
            ends: ids.clone().filter(|&id| tokenizer.is_end(id)).collect(),
            opening: Vec::new(),
            unfit: Vec::new(),
            numbers: Vec::new(),
            space_opening: None,
        };
        for id in ids.filter(|&id| !tokenizer.is_control(id)) {
            let text = tokenizer.token_bytes(id).and_then(|bytes| std::str::from_utf8(bytes).ok());
            tokens.sort_in(id, text.unwrap_or_default());
        }
        tokens
    }

    fn sort_in(&mut self, id: u32, text: &str) {
        match text.find('[') {
            Some(place) if place + 1 == text.len() => self.opening.push(id),
            Some(_) => self.unfit.push(id),
            None => {
                let digits = text.strip_suffix(']').unwrap_or(text);
                if !text.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    self.numbers.push((id, text.to_owned()));
                }
            }
        }
        if text == " [" || (text == "[" && self.space_opening.is_none()) {
            self.space_opening = Some(id);
        }
    }
}

/// Holds the citations of one answer to the passages that there are: behind a bracket that opens comes the number of one,
/// and the bracket that closes.
#[derive(Debug)]
pub(super) struct Citing {
    tokens: Arc<Tokens>,
    passages: usize,
    /// Whether the answer ends with a citation, if it has none.
    required: bool,
    state: State,
    /// Whether the next token is a part of the answer's words.
    watches: bool,
}

#[derive(Debug)]
enum State {
    Words {
        said: bool,
        cited: bool,
    },
    /// Behind a bracket that opens; what was written since.
    Number(String),
}

impl Citing {
    /// Whether the next token is within a citation.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Number(_))
    }

    /// The token that comes next, if it is certain.
    pub(super) fn next_forced(&mut self) -> Option<u32> {
        let State::Number(written) = &self.state else {
            return None;
        };
        let mut fit = self.tokens.numbers.iter().filter(|(_, text)| self.fits(written, text));
        let first = fit.next().filter(|_| fit.next().is_none());
        let certain = first.map(|(id, _)| *id);
        self.watches |= certain.is_some();
        certain
    }

    /// Rules out the tokens that would cite what there is not.
    pub(super) fn mask(&mut self, logits: &mut [f32]) {
        self.watches = true;
        let mut rule_out = |ids: &[u32]| ids.iter().for_each(|&id| logits[id as usize] = f32::NEG_INFINITY);
        match &self.state {
            State::Words { .. } => {
                rule_out(&self.tokens.unfit);
                if self.passages == 0 {
                    rule_out(&self.tokens.opening);
                }
            }
            State::Number(written) => {
                let fit = self.tokens.numbers.iter().filter(|(_, text)| self.fits(written, text));
                let fit: Vec<_> = fit.map(|(id, _)| (*id as usize, logits[*id as usize])).collect();
                logits.fill(f32::NEG_INFINITY);
                for (id, logit) in fit {
                    logits[id] = logit;
                }
            }
        }
    }

    /// The token in place of a chosen one: an answer that needs a citation and has none does not end.
    pub(super) fn in_place_of(&self, token: u32) -> u32 {
        let uncited = matches!(self.state, State::Words { said: true, cited: false });
        let wanted = self.watches && self.required && uncited && self.tokens.ends.contains(&token);
        self.tokens.space_opening.filter(|_| wanted).unwrap_or(token)
    }

    /// Takes the next token.
    pub(super) fn take(&mut self, token: u32) {
        if !std::mem::take(&mut self.watches) {
            return;
        }
        let opens = self.tokens.opening.binary_search(&token).is_ok();
        match &mut self.state {
            State::Words { .. } if opens => self.state = State::Number(String::new()),
            State::Words { said, .. } => *said = true,
            State::Number(written) => {
                let text = self.tokens.numbers.iter().find(|(id, _)| *id == token);
                written.push_str(text.map_or("", |(_, text)| text));
                if written.ends_with(']') {
                    self.state = State::Words { said: true, cited: true };
                }
            }
        }
    }

    /// Whether a passage's number and the bracket behind it may begin with what was written and this.
    fn fits(&self, written: &str, text: &str) -> bool {
        let number = format!("{written}{text}");
        let digits = number.strip_suffix(']').unwrap_or(&number);
        let exists = digits.parse().is_ok_and(|number: usize| (1..=self.passages).contains(&number));
        exists && !digits.starts_with('0')
    }
}
