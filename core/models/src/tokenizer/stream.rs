use super::codec::Tokenizer;

/// Decodes a stream of ids without ever splitting a code point.
///
/// The pieces it gives, joined, are what [`Tokenizer::decode`] gives for all ids at once.
#[derive(Debug, Clone)]
pub struct Detokenizer<'a> {
    tokenizer: &'a Tokenizer,
    held: Vec<u8>,
    /// A leading space is still to be left out.
    strip: bool,
}

impl<'a> Detokenizer<'a> {
    pub(super) fn new(tokenizer: &'a Tokenizer) -> Self {
        Self { tokenizer, held: Vec::new(), strip: tokenizer.strips_leading_space() }
    }

    /// Takes one id; gives the text that is complete now, if there is any.
    ///
    /// Control tokens and ids outside the vocabulary give nothing. Bytes that can be no part of a code point
    /// become U+FFFD.
    pub fn push(&mut self, id: u32) -> Option<String> {
        let mut bytes = self.tokenizer.visible_bytes(id)?;
        if self.strip && !bytes.is_empty() {
            self.strip = false;
            bytes = bytes.strip_prefix(b" ").unwrap_or(bytes);
        }
        self.held.extend_from_slice(bytes);
        let complete = complete_length(&self.held);
        if complete == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&self.held[..complete]).into_owned();
        self.held.drain(..complete);
        Some(text)
    }

    /// Gives what is left when no more ids come: the beginning of a code point becomes U+FFFD.
    pub fn finish(self) -> Option<String> {
        if self.held.is_empty() { None } else { Some(String::from_utf8_lossy(&self.held).into_owned()) }
    }
}

/// How many bytes can be decoded whatever comes next.
fn complete_length(bytes: &[u8]) -> usize {
    let mut complete = 0;
    loop {
        match std::str::from_utf8(&bytes[complete..]) {
            Ok(_) => return bytes.len(),
            Err(error) => match error.error_len() {
                Some(invalid) => complete += error.valid_up_to() + invalid,
                None => return complete + error.valid_up_to(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::complete_length;

    #[test]
    fn the_beginning_of_a_code_point_is_not_complete() {
        assert_eq!(complete_length("aé".as_bytes()), 3);
        assert_eq!(complete_length(b"a\xc3"), 1);
        assert_eq!(complete_length(b"a\xff\xf0\x9f\x98"), 2);
    }

    proptest! {
        #[test]
        fn what_is_complete_decodes_the_same_whatever_follows(
            bytes in prop::collection::vec(prop::sample::select(vec![b'a', 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80, 0xff]), 0..16),
        ) {
            let complete = complete_length(&bytes);
            let parts = format!(
                "{}{}",
                String::from_utf8_lossy(&bytes[..complete]),
                String::from_utf8_lossy(&bytes[complete..])
            );

            prop_assert_eq!(parts, String::from_utf8_lossy(&bytes));
            prop_assert!(bytes.len() - complete < 4);
        }
    }
}
