use lopdf::{Dictionary, Stream, dictionary};

use super::*;
use crate::retrieval::load::pdf::objects::MAX_OBJECT_BYTES;

/// A PDF whose pages draw these streams with the fonts `F1` (one byte) and `F2` (two bytes, with characters).
fn pdf(pages: &[&str], compress: bool) -> Vec<u8> {
    let mut document = lopdf::Document::with_version("1.5");
    let cmap = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapType 2 def\n\
        1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n\
        2 beginbfchar\n<0001> <03b1>\n<0002> <00660069>\nendbfchar\n\
        endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n";
    let unicode = document.add_object(Stream::new(Dictionary::new(), cmap.into()));
    let simple = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
    });
    let wide = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type0", "Encoding" => "Identity-H", "ToUnicode" => unicode,
        "DescendantFonts" => vec![dictionary! { "DW" => 600 }.into()],
    });
    let form = Stream::new(
        dictionary! { "Type" => "XObject", "Subtype" => "Form" },
        b"BT /F1 12 Tf 10 300 Td (in a form) Tj ET".to_vec(),
    );
    let form = document.add_object(form);
    let resources = document.add_object(dictionary! {
        "Font" => dictionary! { "F1" => simple, "F2" => wide }, "XObject" => dictionary! { "X" => form },
    });
    let tree = document.new_object_id();
    let mut kids = Vec::new();
    for content in pages {
        let content = document.add_object(Stream::new(Dictionary::new(), content.as_bytes().to_vec()));
        let page = dictionary! {
            "Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources,
        };
        kids.push(document.add_object(page).into());
    }
    let count = kids.len() as i64;
    document.objects.insert(tree, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count }.into());
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let information = document.add_object(dictionary! { "Title" => Object::string_literal(" A  title ") });
    document.trailer.set("Info", information);
    if compress {
        document.compress();
    }
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("a PDF in memory");
    bytes
}

fn loaded(bytes: Vec<u8>) -> Result<Document, String> {
    read(Raw { source: "a/b.pdf", name: "b.pdf", bytes, charset: None })
}

#[test]
fn text_is_read_line_by_line_and_page_by_page() {
    let first = "BT /F1 12 Tf 14 TL 10 700 Td (Two wo) Tj [(rds) -500 (apart)] TJ T* (caf\\351) Tj \
        0 -50 Td (Another para-) Tj T* (graph) Tj ET q 1 0 0 1 0 -100 cm /X Do Q";
    let second = "BT /F2 10 Tf 10 700 Td <00010002> Tj ET";

    let document = loaded(pdf(&[first, second], true)).expect("it is read");

    assert_eq!(document.text, "Two words apart\ncafé\n\nAnother paragraph\n\nin a form\n\nαfi\n");
    assert_eq!((document.title.as_str(), document.source.as_str()), ("A title", "a/b.pdf"));
}

#[test]
fn a_file_without_text_says_so() {
    let reason = loaded(pdf(&["0 0 100 100 re f"], false)).unwrap_err();

    assert_eq!(reason, "expected a PDF with text, got one of images or of fonts without characters");
}

#[test]
fn a_stream_that_unpacks_to_too_much_is_refused() {
    let bomb = " ".repeat(MAX_STREAM_BYTES + 1);

    let bytes = pdf(&[&bomb], true);

    assert!(bytes.len() < MAX_STREAM_BYTES / 100);
    assert_eq!(
        loaded(bytes).unwrap_err(),
        format!("expected streams that unpack to at most {MAX_STREAM_BYTES} bytes, got more")
    );
}

#[test]
fn many_streams_that_unpack_to_too_much_together_are_refused() {
    let mut document = lopdf::Document::load_mem(&pdf(&["BT /F1 12 Tf (text) Tj ET"], false)).expect("a PDF");
    let objects = b"900 0   null".iter().copied().chain(std::iter::repeat_n(b' ', MAX_STREAM_BYTES - 100));
    let packed = Stream::new(dictionary! { "Type" => "ObjSt_", "N" => 1, "First" => 8 }, objects.collect());
    let mut load = |streams: usize| {
        for _ in 0..streams {
            document.add_object(packed.clone());
        }
        document.compress();
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).expect("a PDF in memory");
        // Written under another name, because the writer leaves object streams out.
        let name = bytes.windows(7).enumerate().filter(|(_, word)| *word == b"/ObjSt_").map(|(at, _)| at);
        for at in name.collect::<Vec<_>>() {
            bytes[at + 6] = b'm';
        }
        loaded(bytes)
    };

    assert_eq!(load(3).expect("as much as is allowed").text, "text\n");
    assert_eq!(
        load(2).unwrap_err(),
        format!("expected streams that unpack to at most {MAX_OBJECT_BYTES} bytes, got more")
    );
}

#[test]
fn an_encrypted_file_says_so() {
    let mut bytes = pdf(&["BT /F1 12 Tf (secret) Tj ET"], false);
    let mut document = lopdf::Document::load_mem(&bytes).expect("a PDF");
    document.trailer.set("ID", vec![Object::string_literal("one"), Object::string_literal("two")]);
    let version = lopdf::EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner",
        user_password: "user",
        key_length: 128,
        permissions: lopdf::Permissions::all(),
    };
    let state = lopdf::EncryptionState::try_from(version).expect("a key");
    document.encrypt(&state).expect("it is encrypted");
    bytes.clear();
    document.save_to(&mut bytes).expect("a PDF in memory");

    assert_eq!(
        loaded(bytes).unwrap_err(),
        "expected a PDF that opens without a password, got an encrypted one"
    );
}

#[test]
fn a_file_that_is_no_pdf_or_only_half_of_one_is_damaged() {
    let whole = pdf(&["BT /F1 12 Tf (text) Tj ET"], false);

    for bytes in [Vec::new(), b"no PDF".to_vec(), whole[..whole.len() / 3].to_vec()] {
        let reason = loaded(bytes).unwrap_err();

        assert!(reason.starts_with("the PDF is damaged: "), "{reason}");
    }
}

#[test]
fn forms_that_draw_themselves_end() {
    let whole = pdf(&["BT /F1 12 Tf (text) Tj ET /X Do"], false);
    let mut document = lopdf::Document::load_mem(&whole).expect("a PDF");
    for object in document.objects.values_mut() {
        if let Ok(stream) = object.as_stream_mut()
            && stream.dict.has(b"Subtype")
        {
            stream.set_plain_content(b"BT /F1 12 Tf (again) Tj ET /X Do /X Do".to_vec());
        }
    }
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("a PDF in memory");

    assert!(loaded(bytes).expect("it is read").text.contains("again"));
}
