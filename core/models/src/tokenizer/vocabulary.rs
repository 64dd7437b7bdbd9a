use std::hash::{BuildHasher, RandomState};

use super::alphabet::{Alphabet, fallback_byte};

/// What a token is, as GGUF numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

impl Kind {
    /// From the number in `tokenizer.ggml.token_type`; unknown numbers are normal tokens.
    pub(super) fn from_number(number: i64) -> Self {
        match number {
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => Self::Normal,
        }
    }

    /// Whether the token steers the model and is no part of what it says.
    pub(super) fn is_hidden(self) -> bool {
        matches!(self, Self::Control | Self::Unknown)
    }
}

/// Byte strings in one allocation.
#[derive(Debug, Clone, Default)]
struct Packed {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Packed {
    fn push(&mut self, item: &[u8]) {
        self.bytes.extend_from_slice(item);
        self.ends.push(self.bytes.len());
    }

    fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        Some(&self.bytes[start..end])
    }
}

/// Every token's text in the file, its bytes in a text, and its kind.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    texts: Packed,
    bytes: Packed,
    kinds: Vec<Kind>,
    /// Open addressing: ids by the hash of their bytes.
    slots: Vec<u32>,
    hasher: RandomState,
}

const EMPTY: u32 = u32::MAX;

impl Vocabulary {
    /// The tokens in the order of their ids. Only normal, user-defined and unused tokens can be found by their
    /// bytes; where several have the same bytes, a normal one, then the first.
    pub(super) fn new<'a>(tokens: impl IntoIterator<Item = (&'a str, Kind)>, alphabet: Alphabet) -> Self {
        let (mut texts, mut bytes, mut kinds) = (Packed::default(), Packed::default(), Vec::new());
        for (text, kind) in tokens {
            texts.push(text.as_bytes());
            kinds.push(kind);
            match kind {
                Kind::Normal | Kind::Unused => bytes.push(&alphabet.bytes(text)),
                Kind::UserDefined if alphabet == Alphabet::Escaped => bytes.push(&alphabet.bytes(text)),
                Kind::Byte => match fallback_byte(text) {
                    Some(byte) => bytes.push(&[byte]),
                    None => bytes.push(text.as_bytes()),
                },
                Kind::UserDefined | Kind::Control | Kind::Unknown => bytes.push(text.as_bytes()),
            }
        }
        let mut vocabulary = Self {
            slots: vec![EMPTY; (kinds.len() * 2).next_power_of_two()],
            texts,
            bytes,
            kinds,
            hasher: RandomState::new(),
        };
        vocabulary.index(&[Kind::Normal]);
        vocabulary.index(&[Kind::UserDefined, Kind::Unused]);
        vocabulary
    }

    fn index(&mut self, kinds: &[Kind]) {
        for id in 0..self.kinds.len() {
            if !kinds.contains(&self.kinds[id]) {
                continue;
            }
            let key = self.bytes.get(id).expect("every id has bytes");
            let slot = self.slot(key);
            if self.slots[slot] == EMPTY {
                self.slots[slot] = id as u32;
            }
        }
    }

    /// The slot that holds the id with these bytes, or the empty one where it would go.
    fn slot(&self, key: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = self.hasher.hash_one(key) as usize & mask;
        while self.slots[slot] != EMPTY && self.bytes.get(self.slots[slot] as usize) != Some(key) {
            slot = (slot + 1) & mask;
        }
        slot
    }

    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    /// The token that stands for these bytes in a text.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<u32> {
        let id = self.slots[self.slot(bytes)];
        (id != EMPTY).then_some(id)
    }

    /// The token that the file writes so, whatever its kind.
    pub(super) fn find_text(&self, text: &str) -> Option<u32> {
        (0..self.len() as u32).find(|&id| self.text(id) == Some(text))
    }

    pub(super) fn text(&self, id: u32) -> Option<&str> {
        let bytes = self.texts.get(id as usize)?;
        Some(std::str::from_utf8(bytes).expect("texts were pushed as UTF-8"))
    }

    pub(super) fn bytes(&self, id: u32) -> Option<&[u8]> {
        self.bytes.get(id as usize)
    }

    pub(super) fn kind(&self, id: u32) -> Option<Kind> {
        self.kinds.get(id as usize).copied()
    }

    pub(super) fn make_control(&mut self, id: u32) {
        if let Some(kind) = self.kinds.get_mut(id as usize) {
            *kind = Kind::Control;
        }
    }

    /// The byte-fallback token of every byte that has one.
    pub(super) fn byte_tokens(&self) -> Box<[Option<u32>; 256]> {
        let mut ids = Box::new([None; 256]);
        for id in 0..self.len() as u32 {
            if self.kind(id) == Some(Kind::Byte)
                && let Some(&[byte]) = self.bytes(id)
            {
                ids[usize::from(byte)] = Some(id);
            }
        }
        ids
    }

    pub(super) fn ids(&self) -> std::ops::Range<u32> {
        0..self.len() as u32
    }
}
