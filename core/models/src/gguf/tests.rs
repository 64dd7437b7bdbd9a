use std::path::Path;

use proptest::prelude::*;

use super::Gguf;
use super::header::Header;
use super::writer::{Entry, Writer, array, string};
use crate::quantisation::Quantisation;
use crate::{Error, Result};

/// A small sound file: metadata of every kind and two tensors.
fn sound() -> Writer {
    Writer::new()
        .entry("general.architecture", Entry::String("llama".into()))
        .entry("general.name", Entry::String("Tiny".into()))
        .entry("count", Entry::U32(7))
        .entry("large", Entry::U64(u64::MAX))
        .entry("negative", Entry::I8(-3))
        .entry("float", Entry::F32(0.5))
        .entry("flag", Entry::Bool(true))
        .entry("tokens", Entry::Strings(vec!["a".into(), "ü".into(), String::new()]))
        .entry("types", Entry::I32s(vec![1, -2]))
        .entry("scores", Entry::F32s(vec![0.0, -1.5]))
        .tensor("first", &[2, 32], Quantisation::Q8_0, vec![1; 68])
        .tensor("second", &[3], Quantisation::F32, vec![0; 12])
}

fn parse(bytes: &[u8]) -> Result<Header> {
    Header::parse(bytes, Path::new("tiny.gguf"))
}

fn open(writer: &Writer) -> Result<Gguf> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), writer.build()).unwrap();
    Gguf::open(file.path())
}

#[test]
fn every_kind_of_metadata_can_be_read() {
    let gguf = open(&sound()).unwrap();

    assert_eq!(gguf.string("general.name").unwrap(), Some("Tiny"));
    assert_eq!(gguf.count("count").unwrap(), Some(7));
    assert_eq!(gguf.integer("negative").unwrap(), Some(-3));
    assert_eq!(gguf.float("float").unwrap(), Some(0.5));
    assert_eq!(gguf.float("count").unwrap(), Some(7.0));
    assert_eq!(gguf.boolean("flag").unwrap(), Some(true));
    assert_eq!(gguf.strings("tokens").unwrap(), Some(vec!["a", "ü", ""]));
    assert_eq!(gguf.integers("types").unwrap(), Some(vec![1, -2]));
    assert_eq!(gguf.floats("scores").unwrap(), Some(vec![0.0, -1.5]));
    assert_eq!(gguf.string("absent").unwrap(), None);
    assert_eq!(gguf.keys().count(), 10);
}

#[test]
fn tensors_are_described_rows_first() {
    let gguf = open(&sound()).unwrap();

    let first = gguf.tensor("first").unwrap();
    assert_eq!(
        (first.shape.as_slice(), first.quantisation, first.length),
        (&[2, 32][..], Quantisation::Q8_0, 68)
    );
    assert_eq!(gguf.file().bytes()[first.offset..first.offset + first.length], [1; 68]);
    assert_eq!(gguf.tensor("second").unwrap().offset, first.offset + 96);
    assert_eq!(gguf.tensors().count(), 2);
}

#[test]
fn version_2_and_another_alignment_are_read() {
    let mut writer = sound().entry("general.alignment", Entry::U32(64));
    writer.version = 2;
    writer.alignment = 64;

    let gguf = open(&writer).unwrap();

    assert_eq!(gguf.tensor("first").unwrap().offset % 64, 0);
}

#[test]
fn a_value_of_another_type_is_refused_with_its_key() {
    let gguf = open(&sound()).unwrap();

    let errors = [
        (gguf.string("count").unwrap_err(), "`count`: expected a string, got integer 7"),
        (
            gguf.count("negative").unwrap_err(),
            "`negative`: expected an integer from 0 to 4294967295, got integer -3",
        ),
        (gguf.integer("large").unwrap_err(), "`large`: expected an integer of 63 bits"),
        (gguf.float("flag").unwrap_err(), "`flag`: expected a finite number, got bool true"),
        (gguf.boolean("float").unwrap_err(), "`float`: expected a bool, got float 0.5"),
        (gguf.strings("types").unwrap_err(), "`types`: expected an array of string, got array of 2 i32"),
        (gguf.integers("scores").unwrap_err(), "`scores`: expected an array of integers, got array of 2 f32"),
        (gguf.floats("tokens").unwrap_err(), "`tokens`: expected an array of numbers, got array of 3 string"),
    ];
    for (error, expected) in errors {
        assert!(error.to_string().contains(expected), "{error}");
    }
    let missing = gguf.required("absent", gguf.count("absent").unwrap()).unwrap_err();
    assert!(missing.to_string().ends_with("metadata `absent` is missing"), "{missing}");
}

#[test]
fn damaged_headers_are_refused_with_what_was_found_and_what_was_expected() {
    type Damage = fn(&mut Writer);
    let cases: [(&str, Damage); 25] = [
        ("expected magic `GGUF`, got `GGML`", |file| file.magic = *b"GGML"),
        ("expected GGUF version 2 or 3, got 1", |file| file.version = 1),
        ("expected GGUF version 2 or 3, got 99", |file| file.version = 99),
        ("expected a little-endian file, got a big-endian one", |file| file.version = 3 << 24),
        ("tensor count is 18446744073709551615, but", |file| file.tensor_count = Some(u64::MAX)),
        ("metadata count is 4611686018427387904, but", |file| file.entry_count = Some(1 << 62)),
        ("metadata `count` has value type 13, expected 0 to 12", |file| {
            file.entries[2].1 = Entry::Raw(13, vec![0; 4]);
        }),
        ("metadata `flag` is bool 2, expected 0 or 1", |file| file.entries[6].1 = Entry::Raw(7, vec![2])),
        ("metadata `general.name` at byte", |file| {
            file.entries[1].1 = Entry::Raw(8, u64::MAX.to_le_bytes().to_vec());
        }),
        ("needs 9223372036854775804 bytes, found", |file| {
            let head = [4_u32.to_le_bytes().to_vec(), (u64::MAX >> 3).to_le_bytes().to_vec()].concat();
            file.entries[8].1 = Entry::Raw(9, head);
        }),
        ("metadata `tokens` at byte", |file| {
            let head = [8_u32.to_le_bytes().to_vec(), u64::MAX.to_le_bytes().to_vec()].concat();
            file.entries[7].1 = Entry::Raw(9, head);
        }),
        ("metadata `tokens` nests arrays deeper than 4", |file| {
            let nested = (0..5).fold(array(0, vec![]), |inner, _| array(9, vec![inner]));
            file.entries[7].1 = Entry::Raw(9, nested);
        }),
        ("metadata key `count` appears twice", |file| file.entries[3].0 = "count".into()),
        ("expected `general.alignment` to be a power of two from 8 to 1048576, got integer 24", |file| {
            file.entries[2] = ("general.alignment".into(), Entry::U32(24));
        }),
        ("to be a power of two from 8 to 1048576, got integer 0", |file| {
            file.entries[2] = ("general.alignment".into(), Entry::U32(0));
        }),
        ("tensor `first`: appears twice", |file| file.tensors[1].name = "first".into()),
        ("tensor `second`: expected 1 to 4 dimensions, got 0", |file| file.tensors[1].dimensions = vec![]),
        ("tensor `second`: expected 1 to 4 dimensions, got 5", |file| {
            file.tensors[1].dimensions = vec![1; 5];
        }),
        ("tensor `second`: dimension 0 makes the size zero", |file| file.tensors[1].dimensions = vec![3, 0]),
        ("tensor `second`: dimension 4294967296 makes the size zero or overflow", |file| {
            file.tensors[1].dimensions = vec![1 << 32, 1 << 32];
        }),
        ("unsupported quantisation `IQ4_XS of tensor second`, expected one of: F32", |file| {
            file.tensors[1].kind = 23;
        }),
        ("unsupported quantisation `type 77 of tensor second`", |file| file.tensors[1].kind = 77),
        ("tensor `first`: expected rows of a multiple of 32 elements for Q8_0, got 16", |file| {
            file.tensors[0].dimensions = vec![16, 4];
        }),
        ("tensor `second`: expected an offset that is a multiple of 32, got 97", |file| {
            file.tensors[1].offset = Some(97);
        }),
        ("tensor `second`: starts at byte", |file| file.tensors[1].offset = Some(64)),
    ];
    for (expected, damage) in cases {
        let mut file = sound();
        damage(&mut file);

        let error = parse(&file.build()).expect_err(expected).to_string();

        assert!(error.contains(expected), "expected `{expected}`, got `{error}`");
    }
}

#[test]
fn tensors_outside_the_file_are_refused() {
    for offset in [96, 1 << 20, u64::MAX - 31] {
        let mut file = sound();
        file.tensors[1].offset = Some(offset);
        file.tensors[1].dimensions = vec![1 << 20];

        let error = parse(&file.build()).unwrap_err().to_string();

        assert!(
            error.starts_with(&format!("tensor `second`: needs 4194304 bytes at byte {offset} ")),
            "{error}"
        );
    }
}

#[test]
fn texts_that_are_not_utf_8_are_refused_where_they_are_read() {
    let invalid = [2_u64.to_le_bytes().to_vec(), vec![0xc3, 0x28]].concat();
    let gguf = open(
        &sound()
            .entry("text", Entry::Raw(8, invalid.clone()))
            .entry("texts", Entry::Raw(9, array(8, vec![string("fine"), invalid.clone()]))),
    )
    .unwrap();

    assert!(gguf.string("text").unwrap_err().to_string().contains("`text`: is not valid UTF-8"));
    assert!(gguf.strings("texts").unwrap_err().to_string().contains("is not valid UTF-8"));
    let mut key = sound().build();
    let place = key.windows(5).position(|bytes| bytes == b"count").unwrap();
    key[place] = 0xff;
    assert!(parse(&key).unwrap_err().to_string().contains("metadata key at byte"));
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let whole = sound().build();

    for length in 0..whole.len() {
        assert!(parse(&whole[..length]).is_err(), "{length} bytes of {}", whole.len());
    }
    parse(&whole).unwrap();
}

#[test]
fn files_that_cannot_be_mapped_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let missing = Gguf::open(&directory.path().join("missing.gguf")).unwrap_err();
    let folder = Gguf::open(directory.path()).unwrap_err();
    let empty = directory.path().join("empty.gguf");
    std::fs::write(&empty, b"").unwrap();

    assert!(matches!(missing, Error::Open { .. }));
    assert!(matches!(folder, Error::Open { .. }));
    assert!(matches!(Gguf::open(&empty).unwrap_err(), Error::Format { .. }));
}

#[test]
fn a_part_of_a_split_file_is_refused() {
    let error = open(&sound().entry("split.count", Entry::U32(3))).unwrap_err();

    assert!(error.to_string().contains("GGUF split into 3 files"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = sound().build();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();

        if let Ok(gguf) = Gguf::open(file.path()) {
            let keys: Vec<String> = gguf.keys().map(str::to_owned).collect();
            for key in keys {
                let _ = (gguf.string(&key), gguf.strings(&key), gguf.integers(&key), gguf.floats(&key), gguf.count(&key));
            }
            for (_, info) in gguf.tensors() {
                prop_assert!(info.offset + info.length <= bytes.len());
            }
        }
    }
}
