/// Bytes of an identifier that are looked at.
const MAX_ID: usize = 64;

/// Finds the `id` of a JSON-RPC message that is too long to be kept, while its bytes pass.
#[derive(Debug, Default)]
pub(super) struct MessageId {
    depth: usize,
    is_text: bool,
    is_escaped: bool,
    /// The last text at the first level, with its quotes: a name or a value.
    text: Vec<u8>,
    /// The value of `id`, while it is being read and after that.
    value: Option<Vec<u8>>,
    is_read: bool,
}

impl MessageId {
    /// Takes the next bytes of the message.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.is_text { self.within_text(byte) } else { self.between(byte) }
        }
    }

    /// The number, if there was one: our own requests have numbers.
    pub(super) fn number(&self) -> Option<i64> {
        std::str::from_utf8(self.value.as_deref()?).ok()?.trim().parse().ok()
    }

    fn within_text(&mut self, byte: u8) {
        self.keep(byte);
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' => self.is_escaped = true,
            b'"' => self.is_text = false,
            _ => {}
        }
    }

    fn between(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.is_text = true;
                self.text.clear();
                self.keep(byte);
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.is_read |= self.value.is_some();
                self.depth = self.depth.saturating_sub(1);
            }
            b':' if self.depth == 1 && self.text == b"\"id\"" => self.value = Some(Vec::new()),
            b',' if self.depth == 1 => self.is_read |= self.value.is_some(),
            byte => self.keep_value(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.text.len() < MAX_ID {
            self.text.push(byte);
        }
    }

    fn keep_value(&mut self, byte: u8) {
        if let Some(value) = &mut self.value
            && !self.is_read
            && value.len() < MAX_ID
        {
            value.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(message: &str) -> Option<i64> {
        let mut id = MessageId::default();
        message.as_bytes().chunks(3).for_each(|bytes| id.read(bytes));
        id.number()
    }

    #[test]
    fn the_identifier_is_that_of_the_message() {
        assert_eq!(number(r#"{"jsonrpc":"2.0","id":7,"result":{"id":8}}"#), Some(7));
        assert_eq!(number(r#"{"result":[{"id":8},"\"id\":9,"],"id" : 7 }"#), Some(7));
        assert_eq!(number(r#"{"result":{"id":8},"name":"id","x":3}"#), None);
        assert_eq!(number(r#"{"id":"7"}"#), None);
        assert_eq!(number("no JSON \" at all }}} ,:"), None);
    }

    proptest! {
        #[test]
        fn it_is_found_wherever_it_stands(before: String, after: String, id in 0..i64::MAX) {
            let message = serde_json::json!({"before": {"id": before}, "id": id, "after": [after, {"id": 1}]});

            prop_assert_eq!(number(&message.to_string()), Some(id));
        }
    }
}
