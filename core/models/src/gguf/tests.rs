use std::path::Path;

use proptest::prelude::*;

use super::Gguf;
use super::header::Header;
use super::testing::Sample;
use super::value::GgufValue;
use super::writer::GgufWriter;
use crate::quantisation::Quantisation;
use crate::{Error, Result};

/// A small sound file: metadata of every kind and two tensors.
fn sound() -> Sample {
    Sample::default()
        .entry("general.architecture", "llama")
        .entry("general.name", "Tiny")
        .entry("count", 7_u32)
        .entry("large", u64::MAX)
        .entry("negative", -3_i8)
        .entry("float", 0.5_f32)
        .entry("flag", true)
        .entry("tokens", &["a", "ü", ""][..])
        .entry("types", &[1, -2][..])
        .entry("scores", &[0.0_f32, -1.5][..])
        .tensor("first", &[2, 32], Quantisation::Q8_0, vec![1; 68])
        .tensor("other", &[3], Quantisation::F32, vec![0; 12])
}

/// Where the first `text` of a file is.
fn place_of(file: &[u8], text: &str) -> usize {
    file.windows(text.len()).position(|window| window == text.as_bytes()).unwrap()
}

/// Overwrites a file from so many bytes after the end of its first `text` on.
fn overwrite(file: &mut [u8], text: &str, skipped: usize, bytes: &[u8]) {
    put(file, place_of(file, text) + text.len() + skipped, bytes);
}

/// Overwrites the first `text` of a file.
fn replace(file: &mut [u8], text: &str, bytes: &[u8]) {
    put(file, place_of(file, text), bytes);
}

fn put(file: &mut [u8], start: usize, bytes: &[u8]) {
    file[start..start + bytes.len()].copy_from_slice(bytes);
}

fn parse(bytes: &[u8]) -> Result<Header> {
    Header::parse(bytes, Path::new("tiny.gguf"))
}

fn open(sample: &Sample) -> Result<Gguf> {
    open_bytes(&sample.build())
}

fn open_bytes(bytes: &[u8]) -> Result<Gguf> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
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
    assert_eq!(gguf.tensor("other").unwrap().offset, first.offset + 96);
    assert_eq!(gguf.tensors().count(), 2);
}

#[test]
fn version_2_and_another_alignment_are_read() {
    let mut file = sound().entry("general.alignment", 64_u32).build();
    overwrite(&mut file, "GGUF", 0, &2_u32.to_le_bytes());

    let gguf = open_bytes(&file).unwrap();

    let offsets = ["first", "other"].map(|name| gguf.tensor(name).unwrap().offset);
    assert_eq!((offsets[0] % 64, offsets[1] - offsets[0]), (0, 128));
}

#[test]
fn a_value_that_is_taken_out_of_a_file_is_the_same_in_another() {
    let gguf = open(&sound()).unwrap();
    let mut copy = GgufWriter::new();
    for key in gguf.keys() {
        copy.entry(key, gguf.value(key).unwrap());
    }

    let copied = open_bytes(&copy.begin(Vec::new()).unwrap().finish().unwrap()).unwrap();

    assert_eq!(copied.keys().count(), 10);
    for key in copied.keys() {
        assert_eq!(copied.value(key), gguf.value(key), "{key}");
    }
    assert_eq!(copied.value("negative"), Some(GgufValue::from(-3_i8)));
    assert_eq!(copied.value("absent"), None);
}

#[test]
fn the_last_value_of_a_key_counts() {
    let gguf = open(&sound().entry("count", "eight")).unwrap();

    assert_eq!(gguf.string("count").unwrap(), Some("eight"));
}

#[test]
fn a_tensor_may_come_in_parts_and_each_begins_where_the_alignment_says() {
    let mut writer = GgufWriter::new();
    writer.tensor("first", &[2, 32], Quantisation::Q8_0).unwrap();
    writer.tensor("other", &[3], Quantisation::F32).unwrap();
    let mut body = writer.begin(Vec::new()).unwrap();
    for part in [&[1; 30][..], &[2; 38], &[3; 12]] {
        body.write(part).unwrap();
    }

    let file = body.finish().unwrap();

    let gguf = open_bytes(&file).unwrap();
    let (first, other) = (gguf.tensor("first").unwrap(), gguf.tensor("other").unwrap());
    assert_eq!((other.offset, file.len()), (first.offset + 96, first.offset + 128));
    assert_eq!(file[first.offset..first.offset + 68], [[1; 30].as_slice(), &[2; 38]].concat());
    assert_eq!(file[other.offset..other.offset + 12], [3; 12]);
}

#[test]
fn bytes_that_do_not_fit_what_was_declared_are_refused() {
    let mut writer = GgufWriter::new();
    writer.tensor("first", &[3], Quantisation::F32).unwrap();
    let body = || writer.begin(Vec::new()).unwrap();
    let (mut long, mut late, mut short) = (body(), body(), body());
    late.write(&[0; 12]).unwrap();
    short.write(&[0; 8]).unwrap();
    let mut other = writer.clone();
    let mut unaligned = GgufWriter::new();
    unaligned.entry("general.alignment", 24_u32);
    let mut typed = GgufWriter::new();
    typed.entry("general.alignment", "32");

    let refusals = [
        (long.write(&[0; 13]).unwrap_err().to_string(), "tensor `first`: expected 12 more bytes, got 13"),
        (late.write(&[0]).unwrap_err().to_string(), "expected no bytes after the last tensor, got 1"),
        (short.finish().unwrap_err().to_string(), "tensor `first`: expected 12 bytes, got 8"),
        (
            other.tensor("first", &[1], Quantisation::F32).unwrap_err().to_string(),
            "tensor `first`: is declared twice",
        ),
        (
            other.tensor("next", &[4, 40], Quantisation::Q4_0).unwrap_err().to_string(),
            "tensor `next`: expected rows of a multiple of 32 elements for Q4_0, got 40",
        ),
        (
            unaligned.begin(Vec::new()).unwrap_err().to_string(),
            "expected `general.alignment` to be a power of two of at least 8 in 32 bits",
        ),
        (
            typed.begin(Vec::new()).unwrap_err().to_string(),
            "expected `general.alignment` to be a power of two of at least 8 in 32 bits",
        ),
    ];
    for (found, expected) in refusals {
        assert_eq!(found, expected);
    }
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
    type Damage = fn(&mut Vec<u8>);
    let cases: [(&str, Damage); 24] = [
        ("expected magic `GGUF`, got `GGML`", |file| file[2..4].copy_from_slice(b"ML")),
        ("expected GGUF version 2 or 3, got 1", |file| file[4] = 1),
        ("expected GGUF version 2 or 3, got 99", |file| file[4] = 99),
        ("expected a little-endian file, got a big-endian one", |file| file[4..8].reverse()),
        ("tensor count is 18446744073709551615, but", |file| file[8..16].fill(0xff)),
        ("metadata count is 4611686018427387904, but", |file| {
            file[16..24].copy_from_slice(&(1_u64 << 62).to_le_bytes());
        }),
        ("metadata `count` has value type 13, expected 0 to 12", |file| overwrite(file, "count", 0, &[13])),
        ("metadata `flag` is bool 2, expected 0 or 1", |file| overwrite(file, "flag", 4, &[2])),
        ("metadata `general.name` at byte", |file| overwrite(file, "general.name", 4, &[0xff; 8])),
        ("needs 9223372036854775804 bytes, found", |file| {
            overwrite(file, "types", 8, &(u64::MAX >> 3).to_le_bytes());
        }),
        ("metadata `tokens` at byte", |file| overwrite(file, "tokens", 8, &[0xff; 8])),
        ("metadata key `count` appears twice", |file| {
            // Both have five letters.
            replace(file, "large", b"count");
        }),
        ("tensor `first`: appears twice", |file| replace(file, "other", b"first")),
        ("tensor `other`: expected 1 to 4 dimensions, got 0", |file| overwrite(file, "other", 0, &[0])),
        ("tensor `other`: expected 1 to 4 dimensions, got 5", |file| overwrite(file, "other", 0, &[5])),
        ("tensor `other`: dimension 0 makes the size zero", |file| overwrite(file, "other", 4, &[0])),
        ("tensor `first`: dimension 4294967296 makes the size zero or overflow", |file| {
            overwrite(file, "first", 4, &[(1_u64 << 32).to_le_bytes(); 2].concat());
        }),
        ("unsupported quantisation `IQ4_XS of tensor other`, expected one of: F32", |file| {
            overwrite(file, "other", 12, &[23]);
        }),
        ("unsupported quantisation `type 77 of tensor other`", |file| overwrite(file, "other", 12, &[77])),
        ("tensor `first`: expected rows of a multiple of 32 elements for Q8_0, got 16", |file| {
            overwrite(file, "first", 4, &[16]);
        }),
        ("tensor `other`: expected an offset that is a multiple of 32, got 97", |file| {
            overwrite(file, "other", 16, &[97]);
        }),
        ("tensor `other`: starts at byte", |file| overwrite(file, "other", 16, &[64])),
        ("metadata key at byte", |file| replace(file, "count", &[0xff])),
        ("metadata `general.name` has value type 255, expected 0 to 12", |file| {
            overwrite(file, "general.name", 0, &[0xff, 0, 0, 0]);
        }),
    ];
    for (expected, damage) in cases {
        let mut file = sound().build();
        damage(&mut file);

        let error = parse(&file).expect_err(expected).to_string();

        assert!(error.contains(expected), "expected `{expected}`, got `{error}`");
    }
}

#[test]
fn arrays_in_arrays_are_bounded() {
    let array =
        |kind: u32, count: u64, inner: &[u8]| [&kind.to_le_bytes()[..], &count.to_le_bytes(), inner].concat();
    let nested = (0..5).fold(array(0, 0, &[]), |inner, _| array(9, 1, &inner));
    let value = [&9_u32.to_le_bytes()[..], &nested].concat();

    let error = parse(&sound().entry("tokens", GgufValue::raw(value)).build()).unwrap_err().to_string();

    assert!(error.contains("metadata `tokens` nests arrays deeper than 4"), "{error}");
}

#[test]
fn an_alignment_that_is_no_power_of_two_is_refused() {
    for alignment in [0_u32, 24] {
        let mut file = sound().entry("general.alignment", 64_u32).build();
        overwrite(&mut file, "general.alignment", 4, &alignment.to_le_bytes());

        let error = parse(&file).unwrap_err().to_string();

        let expected = format!("to be a power of two from 8 to 1048576, got integer {alignment}");
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn tensors_outside_the_file_are_refused() {
    for offset in [96, 1 << 20, u64::MAX - 31] {
        let mut file = sound().build();
        overwrite(&mut file, "other", 4, &(1_u64 << 20).to_le_bytes());
        overwrite(&mut file, "other", 16, &offset.to_le_bytes());

        let error = parse(&file).unwrap_err().to_string();

        assert!(
            error.starts_with(&format!("tensor `other`: needs 4194304 bytes at byte {offset} ")),
            "{error}"
        );
    }
}

#[test]
fn texts_that_are_not_utf_8_are_refused_where_they_are_read() {
    let mut file = sound().entry("text", "<>").entry("texts", &["fine", "><"][..]).build();
    for valid in ["<>", "><"] {
        replace(&mut file, valid, &[0xc3, 0x28]);
    }

    let gguf = open_bytes(&file).unwrap();

    assert!(gguf.string("text").unwrap_err().to_string().contains("`text`: is not valid UTF-8"));
    assert!(gguf.strings("texts").unwrap_err().to_string().contains("is not valid UTF-8"));
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let whole = sound().build();
    // After its last tensor are 20 bytes that nobody reads.
    let end = whole.len() - 20;

    for length in 0..end {
        assert!(parse(&whole[..length]).is_err(), "{length} bytes of {end}");
    }
    parse(&whole[..end]).unwrap();
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
    let error = open(&sound().entry("split.count", 3_u32)).unwrap_err();

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
