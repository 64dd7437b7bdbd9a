use std::path::Path;

use proptest::prelude::*;

use super::SafeTensors;
use crate::{Error, Result};

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

fn sound() -> Vec<u8> {
    let header = r#"{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[1],"data_offsets":[8,16]},"c":{"dtype":"BF16","shape":[2],"data_offsets":[16,20]}}"#;
    file(
        header,
        &[1.0_f32.to_le_bytes(), 2.0_f32.to_le_bytes(), [0; 4], [0; 4], [0x80, 0x3f, 0x00, 0x40]].concat(),
    )
}

fn values(bytes: &[u8], name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    SafeTensors::from_bytes(bytes, Path::new("model.safetensors"))?.values(name, shape)
}

#[test]
fn floats_are_read_and_other_tensors_are_named() {
    let bytes = sound();

    assert_eq!(values(&bytes, "a", &[2, 1]).unwrap(), [1.0, 2.0]);
    assert_eq!(values(&bytes, "c", &[2]).unwrap(), [1.0, 2.0]);
    let errors = [
        (values(&bytes, "b", &[1]), "tensor `b`: expected F32, F16 or BF16, got I64"),
        (values(&bytes, "a", &[2]), "tensor `a`: expected shape [2], got [2, 1]"),
        (values(&bytes, "d", &[2]), "tensor `d`: is missing from the file"),
    ];
    for (result, expected) in errors {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_prefix_is_found() {
    let header = r#"{"bert.a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let bytes = file(header, &3.0_f32.to_le_bytes());
    let tensors = SafeTensors::from_bytes(&bytes, Path::new("x")).unwrap().with_prefix("bert.", "a");

    assert_eq!(tensors.values("a", &[1]).unwrap(), [3.0]);
}

#[test]
fn damaged_files_are_refused() {
    let overlapping = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let past = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let overflowing = r#"{"a":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,4]}}"#;
    let cases: [(Vec<u8>, &str); 7] = [
        (vec![1], "expected 8 bytes with the length of the header, found 1"),
        (u64::MAX.to_le_bytes().to_vec(), "found a length of 18446744073709551615"),
        (file("{}", b"")[..9].to_vec(), "expected a header of at most 1 bytes, found a length of 2"),
        (file("{", b""), "invalid JSON in header"),
        (file(past, &[0; 4]), "all of the 4 bytes after the header"),
        (file(overlapping, &[0; 4]), "expected data right after the tensor before it, found offsets [0,4]"),
        (file(overflowing, &[0; 4]), "overflow"),
    ];
    for (bytes, expected) in cases {
        let error = values(&bytes, "a", &[1]).unwrap_err();
        assert!(matches!(error, Error::Format { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let whole = sound();
    for length in 0..whole.len() {
        assert!(values(&whole[..length], "a", &[2, 1]).is_err(), "{length}");
    }
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = sound();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let _ = values(&bytes, "a", &[2, 1]);
    }
}
