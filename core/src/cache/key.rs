use std::fmt;

use sha2::{Digest, Sha256};

/// Where a value lies in a [`Cache`](super::Cache): 32 bytes that depend on everything the value depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 32]);

impl Key {
    /// Starts a key; keys of different domains never meet. Use a name with a version, such as `answer/1`.
    pub fn builder(domain: &str) -> KeyBuilder {
        KeyBuilder { hash: Sha256::new() }.part("domain", domain)
    }

    /// A key of the caller's own bytes, which should be a digest.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key as 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        self.0.map(|byte| format!("{byte:02x}")).concat()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key({})", self.to_hex())
    }
}

/// Collects the parts of a [`Key`].
///
/// Every part is hashed (SHA-256) with its label and the lengths of both, so that no two lists of parts
/// run into each other: `("a", "bc")` and `("ab", "c")` give different keys, and so do two orders.
#[derive(Debug, Clone)]
#[must_use]
pub struct KeyBuilder {
    hash: Sha256,
}

impl KeyBuilder {
    /// Adds bytes under a label.
    pub fn part(mut self, label: &str, value: impl AsRef<[u8]>) -> Self {
        for bytes in [label.as_bytes(), value.as_ref()] {
            self.hash.update((bytes.len() as u64).to_le_bytes());
            self.hash.update(bytes);
        }
        self
    }

    /// Adds a question in its normal form: without white space around it, every run of white space inside
    /// it as one blank. Letters keep their case, since it can carry meaning in names and code.
    pub fn question(self, question: &str) -> Self {
        let words: Vec<&str> = question.split_whitespace().collect();
        self.part("question", words.join(" "))
    }

    /// The key of all parts.
    pub fn finish(self) -> Key {
        Key(self.hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let keys = [
            Key::builder("d").part("a", "bc").finish(),
            Key::builder("d").part("ab", "c").finish(),
            Key::builder("d").part("a", "b").part("c", "").finish(),
            Key::builder("da").part("", "bc").finish(),
            Key::builder("d").part("a", "bc").part("", "").finish(),
        ];

        let different: std::collections::HashSet<Key> = keys.into_iter().collect();

        assert_eq!(different.len(), keys.len());
    }

    #[test]
    fn white_space_around_and_within_a_question_does_not_matter_and_case_does() {
        let key = |question: &str| Key::builder("d").question(question).finish();

        assert_eq!(key("  what is\n\tthis? "), key("what is this?"));
        assert_ne!(key("what is This?"), key("what is this?"));
        assert_ne!(key("whatis this?"), key("what is this?"));
    }

    #[test]
    fn a_key_is_the_same_in_every_process() {
        let key = Key::builder("answer/1").question("why?").part("model", "scripted").finish();

        insta::assert_snapshot!(key.to_hex(), @"a8e7140d4028e8a907b2888236fc38404e165703816edafbb6f3f776d426a958");
    }
}
