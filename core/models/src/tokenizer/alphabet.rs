/// The character that stands for each byte in byte-level vocabularies.
///
/// Printable bytes of Latin-1 stand for themselves; the others take the characters from U+0100 on, in order
/// (GPT-2, `bytes_to_unicode`).
const CHARACTERS: [char; 256] = characters();

const fn characters() -> [char; 256] {
    let mut table = ['\0'; 256];
    let mut next = 0x100;
    let mut byte = 0;
    while byte < 256 {
        let itself = matches!(byte as u8, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
        let code = if itself { byte as u32 } else { next };
        if !itself {
            next += 1;
        }
        table[byte] = match char::from_u32(code) {
            Some(character) => character,
            None => unreachable!(),
        };
        byte += 1;
    }
    table
}

fn byte_of(character: char) -> Option<u8> {
    match character {
        '!'..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}' => Some(character as u8),
        '\u{100}'..='\u{143}' => CHARACTERS.iter().position(|&c| c == character).map(|byte| byte as u8),
        _ => None,
    }
}

/// How the texts of a vocabulary are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// One character per byte, as in GPT-2.
    ByteLevel,
    /// Plain text in which `▁` is a space, as in `SentencePiece`.
    Escaped,
    /// `▁` at the beginning of a word, as llama.cpp writes `WordPiece`.
    WordStart,
    /// `##` at the inside of a word, as BERT writes `WordPiece`.
    WordInside,
    /// Plain text.
    Plain,
}

impl Alphabet {
    /// The bytes that a token's text stands for.
    ///
    /// Tokens of a word alphabet begin with a space where a word begins.
    pub(super) fn bytes(self, text: &str) -> Vec<u8> {
        match self {
            Self::ByteLevel => {
                let mut bytes = Vec::with_capacity(text.len());
                for character in text.chars() {
                    match byte_of(character) {
                        Some(byte) => bytes.push(byte),
                        None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                    }
                }
                bytes
            }
            Self::Escaped | Self::WordStart => text.replace('▁', " ").into_bytes(),
            Self::WordInside => match text.strip_prefix("##") {
                Some(inside) if !inside.is_empty() => inside.as_bytes().to_vec(),
                _ => format!(" {text}").into_bytes(),
            },
            Self::Plain => text.as_bytes().to_vec(),
        }
    }
}

/// The byte that a byte-fallback token like `<0x0A>` stands for.
pub(super) fn fallback_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    let hexadecimal = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if hexadecimal { u8::from_str_radix(digits, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{Alphabet, CHARACTERS, byte_of, fallback_byte};

    #[test]
    fn every_byte_has_its_own_character() {
        for byte in 0..=255u8 {
            assert_eq!(byte_of(CHARACTERS[usize::from(byte)]), Some(byte));
        }
        assert_eq!(CHARACTERS[usize::from(b' ')], 'Ġ');
        assert_eq!(CHARACTERS[usize::from(b'\n')], 'Ċ');
        assert_eq!(CHARACTERS[0xad], '\u{143}');
    }

    #[test]
    fn texts_stand_for_bytes_by_their_alphabet() {
        assert_eq!(Alphabet::ByteLevel.bytes("Ġé"), b" \xe9");
        assert_eq!(Alphabet::ByteLevel.bytes("日"), "日".as_bytes());
        assert_eq!(Alphabet::Escaped.bytes("▁a"), b" a");
        assert_eq!(Alphabet::WordInside.bytes("##ing"), b"ing");
        assert_eq!(Alphabet::WordInside.bytes("##"), b" ##");
    }

    #[test]
    fn only_two_hexadecimal_digits_are_a_byte() {
        assert_eq!(fallback_byte("<0x0A>"), Some(10));
        assert_eq!(fallback_byte("<0x+A>"), None);
        assert_eq!(fallback_byte("<0xA>"), None);
        assert_eq!(fallback_byte("0x0A"), None);
    }
}
