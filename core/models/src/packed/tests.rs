use std::path::Path;

use tempfile::TempDir;

use super::{in_memory, items, on_disk};
use crate::gguf::Gguf;
use crate::gguf::writer::Writer;
use crate::quantisation::Quantisation;

/// A file with matrices of several types, one of them too small to be packed.
fn gguf(folder: &Path, seed: u8) -> Gguf {
    let bytes = |count: usize| -> Vec<u8> { (0..count).map(|index| (index * 31) as u8 ^ seed).collect() };
    let path = folder.join(format!("{seed}.gguf"));
    let file = Writer::new()
        .tensor("a", &[20, 64], Quantisation::Q4_0, bytes(20 * 36))
        .tensor("b", &[2, 32], Quantisation::Q8_0, bytes(68))
        .tensor("c", &[16, 256], Quantisation::Q6K, bytes(16 * 210))
        .tensor("d", &[3], Quantisation::F32, bytes(12))
        .build();
    std::fs::write(&path, file).unwrap();
    Gguf::open(&path).unwrap()
}

/// The file of packed weights in a directory.
fn only_file(directory: &Path) -> std::path::PathBuf {
    let mut files = std::fs::read_dir(directory).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none(), "one file and nothing half-written");
    file
}

#[test]
fn the_file_holds_what_packing_in_memory_gives_and_is_used_again() {
    let folder = TempDir::new().unwrap();
    let gguf = gguf(folder.path(), 1);
    let items = items(&gguf).unwrap();
    let names: Vec<&str> = items.iter().map(|item| item.name).collect();
    assert_eq!(names, ["a", "c"]);
    let length = items.last().unwrap().place.end;
    let directory = folder.path().join("packed");

    let first = on_disk(&gguf, &items, length, &directory).unwrap();
    let written = std::fs::metadata(only_file(&directory)).unwrap().modified().unwrap();
    let second = on_disk(&gguf, &items, length, &directory).unwrap();

    assert_eq!(first.get(), in_memory(&gguf, &items, length).unwrap().get());
    assert_eq!(second.get(), first.get());
    assert_eq!(std::fs::metadata(only_file(&directory)).unwrap().modified().unwrap(), written);
}

#[test]
fn a_file_that_was_cut_or_is_anothers_is_written_again() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (gguf(folder.path(), 1), gguf(folder.path(), 2));
    let items = items(&one).unwrap();
    let length = items.last().unwrap().place.end;
    let directory = folder.path().join("packed");
    let expected = in_memory(&one, &items, length).unwrap();
    drop(on_disk(&one, &items, length, &directory).unwrap());
    let file = only_file(&directory);
    let whole = std::fs::read(&file).unwrap();

    for damaged in [&whole[..whole.len() - 1], &[], &[&[0; 20], &whole[20..]].concat()] {
        std::fs::write(&file, damaged).unwrap();
        assert_eq!(on_disk(&one, &items, length, &directory).unwrap().get(), expected.get());
        assert_eq!(std::fs::read(&file).unwrap(), whole);
    }
    on_disk(&other, &super::items(&other).unwrap(), length, &directory).unwrap();
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 2);
}

#[test]
fn a_directory_that_cannot_be_written_is_no_error() {
    let folder = TempDir::new().unwrap();
    let gguf = gguf(folder.path(), 1);
    let items = items(&gguf).unwrap();
    let length = items.last().unwrap().place.end;
    let occupied = folder.path().join("file");
    std::fs::write(&occupied, b"not a directory").unwrap();

    assert!(on_disk(&gguf, &items, length, &occupied).is_none());
}

#[test]
fn several_may_write_the_same_file_at_once() {
    let folder = TempDir::new().unwrap();
    let gguf = gguf(folder.path(), 1);
    let items = items(&gguf).unwrap();
    let length = items.last().unwrap().place.end;
    let directory = folder.path().join("packed");
    let expected = in_memory(&gguf, &items, length).unwrap();

    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                assert_eq!(on_disk(&gguf, &items, length, &directory).unwrap().get(), expected.get());
            });
        }
    });

    only_file(&directory);
}
