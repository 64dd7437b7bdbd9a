use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The text of bytes that say nothing of their charset themselves: in the charset that they came with, or else
/// in UTF-8, with or without a byte order mark. A charset that nobody knows counts as none.
pub(super) fn decode(bytes: Vec<u8>, charset: Option<&str>) -> Result<String, String> {
    let announced = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    match announced.filter(|encoding| *encoding != UTF_8) {
        Some(encoding) => Ok(encoding.decode(&bytes).0.into_owned()),
        None => utf_8(bytes),
    }
}

fn utf_8(mut bytes: Vec<u8>) -> Result<String, String> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("expected UTF-8, got UTF-16".to_owned());
    }
    if bytes.contains(&0) {
        return Err("expected text, got a binary file".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        format!("expected UTF-8, got another byte at offset {}", error.utf8_error().valid_up_to())
    })
}

/// The text of an HTML page, in the charset that browsers would take (WHATWG HTML, "determining the character
/// encoding"): of the byte order mark, of the server, of the page itself, UTF-8 if it is that, or else
/// Windows-1252. What a charset does not have becomes U+FFFD.
pub(super) fn decode_html(bytes: &[u8], charset: Option<&str>) -> Result<String, String> {
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let announced = || Encoding::for_label(charset?.as_bytes());
    let encoding = marked
        .or_else(announced)
        .or_else(|| declared(bytes))
        .unwrap_or_else(|| if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 });
    if bytes.contains(&0) && encoding != UTF_16LE && encoding != UTF_16BE {
        return Err("expected HTML, got a binary file".to_owned());
    }
    Ok(encoding.decode(bytes).0.into_owned())
}

/// The charset that a page names in its first 1024 bytes.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes[..bytes.len().min(1024)].to_ascii_lowercase();
    let head = String::from_utf8_lossy(&head);
    let mut labels = head.match_indices("charset").filter_map(|(start, word)| {
        let value = head[start + word.len()..].trim_start().strip_prefix('=')?.trim_start();
        value.trim_start_matches(['"', '\'']).split(['"', '\'', '>', ';', '/', ' ']).next()
    });
    // A page that names UTF-16 in ASCII is not in UTF-16.
    let named = labels.find_map(|label| Encoding::for_label(label.trim().as_bytes()))?;
    Some(if named == UTF_16LE || named == UTF_16BE { UTF_8 } else { named })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_in_the_charset_it_came_with_or_in_utf_8() {
        assert_eq!(decode(b"caf\xe9".to_vec(), Some("iso-8859-1")).as_deref(), Ok("café"));
        assert_eq!(decode("café".into(), Some("no such charset")).as_deref(), Ok("café"));
        assert_eq!(decode(b"\xef\xbb\xbftext".to_vec(), None).as_deref(), Ok("text"));
    }

    #[test]
    fn what_is_no_utf_8_text_is_refused_with_the_place() {
        let refused = |bytes: &[u8]| decode(bytes.to_vec(), None).unwrap_err();

        assert_eq!(refused(b"caf\xe9"), "expected UTF-8, got another byte at offset 3");
        assert_eq!(refused(b"\xff\xfea\0"), "expected UTF-8, got UTF-16");
        assert_eq!(refused(b"a\0b"), "expected text, got a binary file");
    }

    #[test]
    fn pages_are_read_as_browsers_read_them() {
        let read = |bytes: &[u8], charset| decode_html(bytes, charset).expect("a page");

        assert_eq!(read(b"caf\xe9", Some("latin1")), "café");
        assert_eq!(read(b"<meta charset=\"iso-8859-1\">caf\xe9", None), "<meta charset=\"iso-8859-1\">café");
        assert!(
            read(b"<meta content='text/html; charset=koi8-r'>\xc1", None).ends_with('а'),
            "an old-fashioned declaration counts too"
        );
        assert_eq!(read("café".as_bytes(), None), "café");
        assert_eq!(read(b"caf\xe9", None), "café");
        assert_eq!(read(b"caf\xe9", Some("utf-8")), "caf\u{fffd}");
        assert_eq!(read(b"\xff\xfea\0", Some("utf-8")), "a");
        assert_eq!(decode_html(b"a\0b", None).unwrap_err(), "expected HTML, got a binary file");
    }
}
