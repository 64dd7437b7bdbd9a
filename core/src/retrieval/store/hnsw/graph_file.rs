use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rushlight_kernels::{CodedRows, MappedRests};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::HnswOptions;
use super::graph::{Graph, Twins};
use super::links::{Links, Parts};
use crate::retrieval::metadata::MetadataIndex;
use crate::retrieval::store::Metric;
use crate::retrieval::store::rows::Rows;
use crate::{Error, Result};

/// The version of the format.
const FORMAT: u32 = 2;

/// Bytes of the header; the rests of vectors begin behind it, at a page.
const HEADER: u64 = 4_096;

/// Bytes of the checksum, which ends the file.
const CHECKSUM: u64 = 32;

/// Bytes of what is known of a vector besides codes and rests.
const FACTS: usize = 4 * size_of::<f32>();

/// How the names of files end that are not finished.
const TEMPORARY: &str = "part";

/// A file that holds a graph and the rows that it covers, replaced as a whole.
///
/// A header in JSON, filled up with spaces; what [`CodedRows`] keep of the vectors: rests in i16, codes in u8, four facts of
/// each in f32; ids in u64; levels in u8; the links of the lowest layer, those above and pairs of twins in u32; the rows'
/// fields in JSON; the SHA-256 of all of that. The least significant byte comes first.
#[derive(Debug)]
pub(super) struct GraphFile {
    path: PathBuf,
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) rows: Rows,
    pub(super) metadata: MetadataIndex,
    /// None if it was built with other options.
    pub(super) graph: Option<Graph>,
}

/// Sizes of all parts.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    metric: Metric,
    dimensions: usize,
    m: usize,
    ef_construction: usize,
    slots: usize,
    entry: Option<u32>,
    upper_links: usize,
    twins: usize,
    metadata_bytes: usize,
}

impl GraphFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Replaces the file by one with these rows, none of which is dead, and gives the rows that read it.
    pub(super) fn save(
        &self,
        rows: &Rows,
        metadata: &MetadataIndex,
        graph: &Graph,
        options: &HnswOptions,
    ) -> Result<MappedRests> {
        let fail = |error| Error::io("write", &self.path, error);
        let metadata = serde_json::to_vec(&metadata.to_rows()).map_err(|error| fail(error.into()))?;
        let header = Header {
            format: FORMAT,
            metric: rows.metric(),
            dimensions: rows.vector_len(),
            m: options.m,
            ef_construction: options.ef_construction,
            slots: rows.slots(),
            entry: graph.links.entry(),
            upper_links: graph.links.parts().upper.len(),
            twins: graph.twins.values().map(Vec::len).sum(),
            metadata_bytes: metadata.len(),
        };
        let temporary = self.temporary();
        let written = write(&temporary, &header, rows, graph, &metadata).and_then(|file| {
            std::fs::rename(&temporary, &self.path)?;
            MappedRests::open(&file, HEADER, header.rests())
        });
        written.map_err(|error| {
            // Where the disk is full, it should not stay so.
            let _ = std::fs::remove_file(&temporary);
            fail(error)
        })
    }

    /// A name that nobody else has: the builder of a store that was dropped may still be writing its own.
    fn temporary(&self) -> PathBuf {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        self.path.with_extension(format!("{}-{count}.{TEMPORARY}", std::process::id()))
    }

    /// Removes what a process that was killed had begun to write.
    pub(super) fn remove_leftovers(&self) {
        let Some(Ok(entries)) = self.path.parent().map(std::fs::read_dir) else {
            return;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_ours = path.file_prefix() == self.path.file_prefix();
            if is_ours && path.extension().is_some_and(|extension| extension == TEMPORARY) {
                // Whoever writes it after all will say that it is gone.
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// What the file holds; nothing if there is no file.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] when it is damaged, [`Error::Invalid`] when its rows are others or its format is newer.
    pub(super) fn load(
        &self,
        dimensions: usize,
        metric: Metric,
        options: &HnswOptions,
    ) -> Result<Option<Stored>> {
        match File::open(&self.path) {
            Ok(file) => self.read(&file, dimensions, metric, options).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("open", &self.path, error)),
        }
    }

    fn read(&self, file: &File, dimensions: usize, metric: Metric, options: &HnswOptions) -> Result<Stored> {
        let fail = |error| Error::io("read", &self.path, error);
        let bytes = file.metadata().map_err(fail)?.len();
        if bytes < HEADER + CHECKSUM {
            return Err(self.corrupt(format!("expected at least {} bytes, got {bytes}", HEADER + CHECKSUM)));
        }
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut header = vec![0; HEADER as usize];
        reader.read_exact(&mut header).map_err(fail)?;
        let checksum = checksum(&header, &mut reader, bytes).map_err(fail)?;
        let header: Header =
            serde_json::from_slice(&header).map_err(|error| self.corrupt(error.to_string()))?;
        if header.format != FORMAT {
            let message = format!("expected format version {FORMAT}, got {}", header.format);
            return Err(Error::invalid(format!("`{}`", self.path.display()), message));
        }
        if !checksum || header.bytes() != Some(bytes) {
            return Err(self.corrupt("its checksum or its length is not that of what was written"));
        }
        if (header.dimensions, header.metric) != (dimensions, metric) {
            let (found, by) = (header.dimensions, header.metric);
            let message = format!("expected {dimensions} dimensions by {metric:?}, got {found} by {by:?}");
            return Err(Error::invalid(format!("`{}`", self.path.display()), message));
        }
        let stored = read_parts(file, reader, &header, options).map_err(fail)?;
        stored.ok_or_else(|| self.corrupt("its parts contradict each other"))
    }

    fn corrupt(&self, message: impl Into<String>) -> Error {
        Error::Corrupt { path: self.path.clone(), message: message.into() }
    }
}

/// Whether a file of this length ends with the checksum of what comes before; `reader` is behind the header.
fn checksum(header: &[u8], reader: &mut impl Read, bytes: u64) -> io::Result<bool> {
    let mut hashed = Hashed::new(io::sink());
    hashed.write_all(header)?;
    io::copy(&mut reader.by_ref().take(bytes - CHECKSUM - HEADER), &mut hashed)?;
    let mut checksum = Vec::new();
    reader.read_to_end(&mut checksum)?;
    Ok(checksum == hashed.checksum())
}

/// The parts behind the header; nothing if they contradict each other.
fn read_parts(
    file: &File,
    mut reader: BufReader<&File>,
    header: &Header,
    options: &HnswOptions,
) -> io::Result<Option<Stored>> {
    let slots = header.slots;
    reader.seek(SeekFrom::Start(HEADER + 2 * header.rests() as u64))?;
    let mut next = |count: usize| {
        let mut bytes = vec![0; count];
        reader.read_exact(&mut bytes).map(|()| bytes)
    };
    let codes = next(slots * CodedRows::codes_of_a_row(header.dimensions))?;
    let facts = next(FACTS * slots)?;
    let ids = next(8 * slots)?.as_chunks().0.iter().map(|id| u64::from_le_bytes(*id)).collect::<Vec<_>>();
    let levels = next(slots)?;
    let mut numbers = |count: usize| {
        let bytes = next(4 * count)?;
        io::Result::Ok(
            bytes.as_chunks().0.iter().map(|number| u32::from_le_bytes(*number)).collect::<Vec<_>>(),
        )
    };
    let (lowest, upper) = (numbers(slots * 2 * header.m)?, numbers(header.upper_links)?);
    let pairs = numbers(2 * header.twins)?;
    let metadata: BTreeMap<_, _> = serde_json::from_slice(&next(header.metadata_bytes)?)?;
    let parts = Parts { m: header.m, levels, lowest, upper, entry: header.entry };
    let Some(links) = Links::from_parts(parts) else {
        return Ok(None);
    };
    let mut twins = Twins::new();
    for [first, twin] in pairs.as_chunks().0 {
        twins.entry(*first).or_default().push(*twin);
    }
    let sound = ids.is_sorted_by(|a, b| a < b) && pairs.iter().all(|slot| (*slot as usize) < slots);
    if !sound {
        return Ok(None);
    }
    let is_as_asked = (header.m, header.ef_construction) == (options.m, options.ef_construction);
    let graph = is_as_asked.then(|| Graph::new(links, twins));
    let metadata = MetadataIndex::of(&ids, &metadata);
    let numbers = facts.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number));
    let facts = numbers.collect::<Vec<_>>();
    let rests = MappedRests::open(file, HEADER, header.rests())?;
    let (dimensions, metric) = (header.dimensions, header.metric);
    let codes = CodedRows::from_parts(dimensions, metric.nearness(), &codes, facts.as_chunks().0, rests);
    Ok(codes.map(|codes| Stored { rows: Rows::from_parts(dimensions, metric, ids, codes), metadata, graph }))
}

impl Header {
    /// The length of the file.
    fn bytes(&self) -> Option<u64> {
        // No row is so long that filling it up overflows.
        self.dimensions.checked_mul(size_of::<f32>())?;
        let rests = CodedRows::rests_of_a_row(self.dimensions).checked_mul(size_of::<i16>())?;
        let row = rests.checked_add(CodedRows::codes_of_a_row(self.dimensions))?;
        let row = row.checked_add(FACTS + size_of::<u64>() + 1)?;
        let links = self.slots.checked_mul(2)?.checked_mul(self.m)?;
        let links = links.checked_add(self.upper_links)?.checked_add(self.twins.checked_mul(2)?)?;
        let bytes = self.slots.checked_mul(row)?.checked_add(links.checked_mul(size_of::<u32>())?)?;
        (bytes.checked_add(self.metadata_bytes)? as u64).checked_add(HEADER + CHECKSUM)
    }

    /// The number of rests.
    fn rests(&self) -> usize {
        self.slots * CodedRows::rests_of_a_row(self.dimensions)
    }
}

fn write(path: &Path, header: &Header, rows: &Rows, graph: &Graph, metadata: &[u8]) -> io::Result<File> {
    let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
    let mut out = Hashed::new(BufWriter::with_capacity(1 << 20, &file));
    let mut header = serde_json::to_vec(header)?;
    header.resize(HEADER as usize, b' ');
    out.write_all(&header)?;
    let codes = rows.codes();
    for slot in 0..rows.slots() {
        write_numbers(&mut out, codes.rests(slot), i16::to_le_bytes)?;
    }
    for line in (0..rows.slots()).flat_map(|slot| codes.codes(slot)) {
        out.write_all(line)?;
    }
    for slot in 0..rows.slots() {
        write_numbers(&mut out, &codes.facts(slot), f32::to_le_bytes)?;
    }
    let ids: Vec<u64> = (0..rows.slots()).map(|slot| rows.id(slot)).collect();
    write_numbers(&mut out, &ids, u64::to_le_bytes)?;
    let parts = graph.links.parts();
    out.write_all(&parts.levels)?;
    write_numbers(&mut out, &parts.lowest, u32::to_le_bytes)?;
    write_numbers(&mut out, &parts.upper, u32::to_le_bytes)?;
    for (first, twins) in &graph.twins {
        for twin in twins {
            write_numbers(&mut out, &[*first, *twin], u32::to_le_bytes)?;
        }
    }
    out.write_all(metadata)?;
    let checksum = out.checksum();
    let mut out = out.into_inner();
    out.write_all(&checksum)?;
    out.flush()?;
    drop(out);
    file.sync_all()?;
    Ok(file)
}

fn write_numbers<T: Copy, const N: usize>(
    out: &mut impl Write,
    numbers: &[T],
    bytes: impl Fn(T) -> [u8; N],
) -> io::Result<()> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| bytes(*number)).collect();
    out.write_all(&bytes)
}

/// A writer that makes the checksum of what is written.
struct Hashed<W> {
    writer: W,
    hash: Sha256,
}

impl<W: Write> Hashed<W> {
    fn new(writer: W) -> Self {
        Self { writer, hash: Sha256::new() }
    }

    fn checksum(&self) -> [u8; CHECKSUM as usize] {
        self.hash.clone().finalize().into()
    }

    fn into_inner(self) -> W {
        self.writer
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.writer.write(bytes)?;
        self.hash.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests;
