use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

use rushlight_kernels::{QuantType, pack};
use sha2::{Digest, Sha256};

use crate::gguf::{Gguf, TensorInfo};
use crate::hub::Hub;
use crate::map::{Bytes, MappedFile};
use crate::quantisation::Quantisation;
use crate::temporary::Temporary;
use crate::{Error, Result};

mod clean;

/// Bytes below which packing takes less time than a file is worth.
const SMALL: usize = 32 << 20;

/// What a file of packed weights begins with; the number changes with the layout.
const MAGIC: &[u8; 16] = b"rushlight-pack-1";

/// Where the weights begin: the page after magic, key and length.
const HEADER: usize = 4096;

/// Matrices are aligned to cache lines.
const ALIGNMENT: usize = 64;

/// Bytes that are packed at a time.
const STEP: usize = 8 << 20;

/// The matrices of a GGUF file in the order in which the kernels read them.
///
/// They take as much room as in the GGUF file, whose own pages nobody reads any more. They are packed when a model is
/// opened for the first time and kept in the cache directory, from where later opens map them; memory is the second
/// best place, if that cannot be written or the model is small. Files that nobody has used for a month are removed when
/// another one is written.
#[derive(Debug)]
pub(crate) struct Packed {
    bytes: Bytes,
    places: HashMap<String, Range<usize>>,
}

/// A matrix and where it goes.
#[derive(Debug)]
struct Item<'a> {
    name: &'a str,
    info: &'a TensorInfo,
    kind: QuantType,
    place: Range<usize>,
}

/// Is told how many bytes of how many are packed.
pub(crate) type Report<'a> = &'a dyn Fn(usize, usize);

impl Packed {
    /// Finds or packs the matrices of a file.
    pub(crate) fn open(gguf: &Gguf, report: Report<'_>) -> Result<Self> {
        let items = items(gguf)?;
        let length = items.last().map_or(0, |item| item.place.end);
        let places = items.iter().map(|item| (item.name.to_owned(), item.place.clone())).collect();
        let directory =
            if length < SMALL { None } else { Hub::new().ok().map(|hub| hub.home().join("packed")) };
        let bytes = match directory.and_then(|directory| on_disk(gguf, &items, length, &directory, report)) {
            Some(bytes) => bytes,
            None => in_memory(gguf, &items, length, report)?,
        };
        Ok(Self { bytes, places })
    }

    /// The packed matrix of this name, if it is one.
    pub(crate) fn get(&self, name: &str) -> Option<Bytes> {
        self.places.get(name).map(|place| self.bytes.part(place.clone()))
    }
}

/// How the kernels read a matrix that is packed; few rows would be mostly padding.
pub(crate) fn kind(shape: &[usize], of: Quantisation) -> Option<QuantType> {
    const LEAST_ROWS: usize = 16;
    match *shape {
        [rows, columns] if rows >= LEAST_ROWS && columns > 0 => of.kernel(),
        _ => None,
    }
}

/// The matrices that are packed.
fn items(gguf: &Gguf) -> Result<Vec<Item<'_>>> {
    let mut end = 0_usize;
    let mut items = Vec::new();
    for (name, info) in gguf.tensors() {
        let Some(kind) = kind(&info.shape, info.quantisation) else {
            continue;
        };
        let (rows, columns) = (info.shape[0], info.shape[1]);
        let too_large = || Error::tensor(name, "is larger than memory can hold");
        let start = end.checked_next_multiple_of(ALIGNMENT).ok_or_else(too_large)?;
        let length = kind.packed_bytes(rows, columns).ok_or_else(too_large)?;
        end = start.checked_add(length).ok_or_else(too_large)?;
        items.push(Item { name, info, kind, place: start..end });
    }
    Ok(items)
}

fn in_memory(gguf: &Gguf, items: &[Item<'_>], length: usize, report: Report<'_>) -> Result<Bytes> {
    let mut all = vec![0; length];
    // A map of its own, so that its pages are given back.
    let source = MappedFile::open(gguf.path())?;
    for item in items {
        let weights = weights(&source, item)?;
        let (rows, columns) = (item.info.shape[0], item.info.shape[1]);
        pack(item.kind, weights, rows, columns, &mut all[item.place.clone()])
            .map_err(|error| Error::tensor(item.name, error.to_string()))?;
        report(item.place.end, length);
    }
    Ok(Bytes::owned(all))
}

/// The packed weights in a directory, written now if they are not there; none if that cannot be.
fn on_disk(
    gguf: &Gguf,
    items: &[Item<'_>],
    length: usize,
    directory: &Path,
    report: Report<'_>,
) -> Option<Bytes> {
    let key = key(gguf, items);
    let path =
        directory.join(format!("{:032x}", u128::from_be_bytes(*key.first_chunk().unwrap_or(&[0; 16]))));
    let found = map(&path, &key, length);
    if found.is_some() {
        return found;
    }
    match write(gguf, items, &path, &key, length, report) {
        Ok(()) => {
            let written = map(&path, &key, length);
            clean::clean(directory, SystemTime::now());
            written
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "cannot keep packed weights, every start packs them again");
            None
        }
    }
}

/// Maps a file of packed weights, if it is whole and of this key. It is locked until nobody uses the weights any more.
fn map(path: &Path, key: &[u8; 32], length: usize) -> Option<Bytes> {
    let file = MappedFile::open_locked(path).ok()?;
    let bytes = file.bytes();
    let is_whole = bytes.len() == HEADER + length && bytes[..HEADER] == header(key, length);
    is_whole.then(|| {
        file.touch();
        Bytes::mapped(file, HEADER..HEADER + length)
    })
}

fn header(key: &[u8; 32], length: usize) -> Vec<u8> {
    let mut header = [&MAGIC[..], key, &(length as u64).to_le_bytes()].concat();
    header.resize(HEADER, 0);
    header
}

/// What tells the weights of a file apart from others': the layout, the names, types and places of its tensors, its length and
/// samples of its bytes.
fn key(gguf: &Gguf, items: &[Item<'_>]) -> [u8; 32] {
    const SAMPLES: usize = 64;
    const SAMPLE: usize = 4096;
    let mut hash = Sha256::new();
    hash.update(MAGIC);
    hash.update(gguf.size_bytes().to_le_bytes());
    for item in items {
        hash.update(item.name);
        hash.update(format!("{:?} {:?} {:?} {:?}", item.kind, item.info.shape, item.info.offset, item.place));
    }
    let bytes = gguf.file().bytes();
    for sample in 0..SAMPLES {
        let start = bytes.len() / SAMPLES * sample;
        hash.update(&bytes[start..bytes.len().min(start + SAMPLE)]);
    }
    hash.finalize().into()
}

/// Writes the packed weights beside their place and renames them when they are whole and on the disk.
fn write(
    gguf: &Gguf,
    items: &[Item<'_>],
    path: &Path,
    key: &[u8; 32],
    length: usize,
    report: Report<'_>,
) -> Result<()> {
    let fail = |source| Error::Open { path: path.to_owned(), source };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(fail)?;
    }
    let temporary = Temporary::beside(path);
    let file = File::create_new(temporary.path()).map_err(fail)?;
    let mut out = BufWriter::with_capacity(1 << 20, &file);
    out.write_all(&header(key, length)).map_err(fail)?;
    let source = MappedFile::open(gguf.path())?;
    let (mut written, mut packed) = (0, Vec::new());
    for item in items {
        out.write_all(&vec![0; item.place.start - written]).map_err(fail)?;
        written = item.place.start;
        let (rows, columns) = (item.info.shape[0], item.info.shape[1]);
        let row_bytes = item.info.length / rows;
        let step = (STEP / row_bytes).next_multiple_of(16);
        for weights in weights(&source, item)?.chunks(step * row_bytes) {
            let rows = weights.len() / row_bytes;
            packed.resize(item.kind.packed_bytes(rows, columns).unwrap_or_default(), 0);
            pack(item.kind, weights, rows, columns, &mut packed)
                .map_err(|error| Error::tensor(item.name, error.to_string()))?;
            out.write_all(&packed).map_err(fail)?;
            written += packed.len();
            report(written, length);
        }
    }
    out.flush().map_err(fail)?;
    drop(out);
    file.sync_all().map_err(fail)?;
    temporary.rename(path).map_err(fail)
}

fn weights<'a>(source: &'a MappedFile, item: &Item<'_>) -> Result<&'a [u8]> {
    let range = item.info.offset..item.info.offset + item.info.length;
    source.bytes().get(range).ok_or_else(|| Error::tensor(item.name, "the file was cut while it was read"))
}

#[cfg(test)]
mod tests;
