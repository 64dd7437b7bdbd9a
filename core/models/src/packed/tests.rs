use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::{in_memory, items, on_disk};
use crate::gguf::Gguf;
use crate::gguf::testing::Sample;
use crate::quantisation::Quantisation;

/// A file with matrices of several types, one of them too small to be packed.
fn gguf(folder: &Path, seed: u8) -> Gguf {
    let bytes = |count: usize| -> Vec<u8> { (0..count).map(|index| (index * 31) as u8 ^ seed).collect() };
    let path = folder.join(format!("{seed}.gguf"));
    let file = Sample::default()
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

    let first = on_disk(&gguf, &items, length, &directory, &|_, _| ()).unwrap();
    let second = on_disk(&gguf, &items, length, &directory, &|_, _| ()).unwrap();

    assert_eq!(first.get(), in_memory(&gguf, &items, length, &|_, _| ()).unwrap().get());
    assert_eq!(second.get(), first.get());
    only_file(&directory);
}

#[test]
fn a_file_that_was_cut_or_is_anothers_is_written_again() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (gguf(folder.path(), 1), gguf(folder.path(), 2));
    let items = items(&one).unwrap();
    let length = items.last().unwrap().place.end;
    let directory = folder.path().join("packed");
    let expected = in_memory(&one, &items, length, &|_, _| ()).unwrap();
    drop(on_disk(&one, &items, length, &directory, &|_, _| ()).unwrap());
    let file = only_file(&directory);
    let whole = std::fs::read(&file).unwrap();

    for damaged in [&whole[..whole.len() - 1], &[], &[&[0; 20], &whole[20..]].concat()] {
        std::fs::write(&file, damaged).unwrap();
        assert_eq!(on_disk(&one, &items, length, &directory, &|_, _| ()).unwrap().get(), expected.get());
        assert_eq!(std::fs::read(&file).unwrap(), whole);
    }
    on_disk(&other, &super::items(&other).unwrap(), length, &directory, &|_, _| ()).unwrap();
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

    assert!(on_disk(&gguf, &items, length, &occupied, &|_, _| ()).is_none());
}

#[test]
fn several_may_write_the_same_file_at_once() {
    let folder = TempDir::new().unwrap();
    let gguf = gguf(folder.path(), 1);
    let items = items(&gguf).unwrap();
    let length = items.last().unwrap().place.end;
    let directory = folder.path().join("packed");
    let expected = in_memory(&gguf, &items, length, &|_, _| ()).unwrap();

    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                assert_eq!(
                    on_disk(&gguf, &items, length, &directory, &|_, _| ()).unwrap().get(),
                    expected.get()
                );
            });
        }
    });

    only_file(&directory);
}

#[test]
fn what_nobody_used_for_a_month_goes_unless_a_process_has_it_mapped() {
    let folder = TempDir::new().unwrap();
    let directory = folder.path().join("packed");
    let keep = |seed| {
        let gguf = gguf(folder.path(), seed);
        let items = items(&gguf).unwrap();
        on_disk(&gguf, &items, items.last().unwrap().place.end, &directory, &|_, _| ()).unwrap()
    };
    let in_use = keep(1);
    drop(keep(2));
    let half = |process: u32| directory.join(format!("{:032x}.{process}-0.part", 7));
    for other in [half(1), directory.join("notes.txt"), directory.join("0123.part")] {
        std::fs::write(other, b"").unwrap();
    }
    age(&directory, 31);
    std::fs::write(half(2), b"being written").unwrap();

    let new = keep(3);

    let mut left: Vec<_> =
        std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    left.retain(|path| path.extension().is_some());
    left.sort();
    let mut expected = vec![half(2), directory.join("0123.part"), directory.join("notes.txt")];
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 3 + 2, "those of the first and the third");

    drop((in_use, new));
    age(&directory, 31);
    drop(keep(4));
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 2 + 1, "the half is a month old too");
}

#[test]
fn opening_a_file_makes_it_young_again() {
    let folder = TempDir::new().unwrap();
    let directory = folder.path().join("packed");
    let gguf = gguf(folder.path(), 1);
    let items = items(&gguf).unwrap();
    let open = || on_disk(&gguf, &items, items.last().unwrap().place.end, &directory, &|_, _| ()).unwrap();
    drop(open());
    age(&directory, 31);

    drop(open());
    super::clean::clean(&directory, SystemTime::now());

    only_file(&directory);
}

#[test]
fn packing_tells_how_far_it_is_and_mapping_has_nothing_to_tell() {
    let folder = TempDir::new().unwrap();
    let gguf = gguf(folder.path(), 1);
    let items = items(&gguf).unwrap();
    let length = items.last().unwrap().place.end;
    let told = |place: Option<&Path>| {
        let steps = RefCell::new(Vec::new());
        let report = |done, total| steps.borrow_mut().push((done, total));
        match place {
            Some(directory) => _ = on_disk(&gguf, &items, length, directory, &report).unwrap(),
            None => _ = in_memory(&gguf, &items, length, &report).unwrap(),
        }
        steps.into_inner()
    };
    let directory = folder.path().join("packed");

    for steps in [told(Some(&directory)), told(None)] {
        assert!(steps.is_sorted() && steps.len() >= 2, "{steps:?}");
        assert_eq!(steps.last(), Some(&(length, length)));
    }
    assert_eq!(told(Some(&directory)), []);
}

/// Makes every file of a directory this many days old.
fn age(directory: &Path, days: u64) {
    let time = SystemTime::now() - Duration::from_hours(24 * days);
    for entry in std::fs::read_dir(directory).unwrap() {
        let file = std::fs::File::options().append(true).open(entry.unwrap().path()).unwrap();
        file.set_modified(time).unwrap();
    }
}
