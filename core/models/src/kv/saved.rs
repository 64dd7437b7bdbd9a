use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use rushlight_kernels::PAGE;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cache::KvCache;
use super::identity::Identity;
use crate::temporary::Temporary;
use crate::{Error, LanguageModel, Result};

/// What a file begins with.
const MAGIC: &[u8; 16] = b"rushlight-prefix";

/// The number changes with the layout.
const VERSION: u32 = 1;

/// More than any header has.
const LONGEST_HEADER: usize = 1 << 16;

const SUM: usize = 32;

/// What errors are about.
const WHAT: &str = "saved prefix";

/// Tokens and what a model has computed of them, read from a file and checked.
///
/// A file holds, little-endian: `rushlight-prefix`, the version and the header's length in 32 bits each, the header in
/// JSON and the SHA-256 of all that; then the tokens, 32 bits each, the pages as they are in memory, and the SHA-256 of
/// both.
#[derive(Debug)]
pub struct SavedPrefix {
    tokens: Vec<u32>,
    pages: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    identity: Identity,
    tokens: usize,
}

impl SavedPrefix {
    /// Writes what a cache of this model holds; `tokens` are its tokens. The file is put in its place when it is whole
    /// and on the disk.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a cache that is empty, another model's, or of another number of tokens, and for a model that
    /// is not on the CPU; [`Error::Open`] when the file cannot be written.
    #[expect(clippy::missing_panics_doc, reason = "a header can always be written as JSON")]
    pub fn write(model: &LanguageModel, tokens: &[u32], cache: &KvCache, path: &Path) -> Result<()> {
        model.check_pages_are_here(WHAT)?;
        cache.check(model.pool())?;
        if tokens.is_empty() || tokens.len() != cache.len() {
            let message =
                format!("expected the {} of the cache, at least one, got {}", cache.len(), tokens.len());
            return Err(Error::invalid("tokens", message));
        }
        let header = Header { identity: model.identity().clone(), tokens: tokens.len() };
        let header = serde_json::to_vec(&header).expect("texts and numbers can be written");
        let temporary = Temporary::beside(path);
        write_all(temporary.path(), &header, tokens, cache)
            .and_then(|()| temporary.rename(path))
            .map_err(|source| Error::Open { path: path.to_owned(), source })
    }

    /// Reads a file that [`write`](Self::write) wrote for the same model. Takes none of the memory for keys and values.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] for a file that is cut short, changed, or none of these; [`Error::Invalid`] for one of another
    /// version, model or type of keys and values, and for a model that is not on the CPU; [`Error::ContextTooLong`] for
    /// more tokens than the model may have; [`Error::Open`] when it cannot be read.
    pub fn read(model: &LanguageModel, path: &Path) -> Result<Self> {
        model.check_pages_are_here(WHAT)?;
        let damaged = |message: String| Error::Damaged { path: path.to_owned(), message };
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::UnexpectedEof => damaged("it is cut short".to_owned()),
            _ => Error::Open { path: path.to_owned(), source },
        };
        let mut file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let header = read_header(&mut file, &damaged, &failed)?;
        model.identity().check(&header.identity)?;
        let (limit, got) = (model.info().context_length, header.tokens);
        if got == 0 || got > limit {
            return Err(Error::ContextTooLong { limit, got });
        }
        let mut tokens = vec![0; got * size_of::<u32>()];
        let mut pages = vec![0; got.div_ceil(PAGE) * model.kv_page_bytes()];
        let mut sum = [0; SUM];
        for part in [&mut tokens[..], &mut pages, &mut sum] {
            file.read_exact(part).map_err(failed)?;
        }
        let rest = file.read(&mut [0]).map_err(failed)?;
        if rest > 0 {
            return Err(damaged(format!("it goes on after its end, {length} bytes in all")));
        }
        if Sha256::new().chain_update(&tokens).chain_update(&pages).finalize()[..] != sum {
            return Err(damaged("its checksum differs".to_owned()));
        }
        let tokens = tokens.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        Ok(Self { tokens, pages })
    }

    /// The tokens.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// A cache that holds them.
    ///
    /// # Errors
    ///
    /// [`Error::KvBudget`] when there is no room for it; [`Error::Invalid`] for a model that is not on the CPU.
    pub fn cache(&self, model: &LanguageModel) -> Result<KvCache> {
        model.check_pages_are_here(WHAT)?;
        let mut cache = model.new_cache();
        cache.reserve(self.tokens.len())?;
        cache.read_pages(&self.pages);
        cache.advance(self.tokens.len());
        Ok(cache)
    }
}

fn read_header(
    file: &mut File,
    damaged: &impl Fn(String) -> Error,
    failed: &impl Fn(io::Error) -> Error,
) -> Result<Header> {
    let mut start = [0; MAGIC.len() + 2 * size_of::<u32>()];
    file.read_exact(&mut start).map_err(failed)?;
    let (magic, numbers) = start.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(damaged("it is no saved prefix".to_owned()));
    }
    let [version, length] = [0, 1].map(|index| u32::from_le_bytes(numbers.as_chunks().0[index]));
    if version != VERSION {
        return Err(Error::invalid(WHAT, format!("expected version {VERSION}, got {version}")));
    }
    let length = length as usize;
    if length > LONGEST_HEADER {
        return Err(damaged(format!("expected a header of at most {LONGEST_HEADER} bytes, got {length}")));
    }
    let (mut header, mut sum) = (vec![0; length], [0; SUM]);
    file.read_exact(&mut header).map_err(failed)?;
    file.read_exact(&mut sum).map_err(failed)?;
    if Sha256::new().chain_update(start).chain_update(&header).finalize()[..] != sum {
        return Err(damaged("its header's checksum differs".to_owned()));
    }
    serde_json::from_slice(&header).map_err(|error| damaged(error.to_string()))
}

fn write_all(path: &Path, header: &[u8], tokens: &[u32], cache: &KvCache) -> io::Result<()> {
    let file = File::create_new(path)?;
    let mut out = BufWriter::with_capacity(1 << 20, &file);
    let mut start = MAGIC.to_vec();
    start.extend(VERSION.to_le_bytes());
    start.extend(u32::try_from(header.len()).unwrap_or(u32::MAX).to_le_bytes());
    start.extend(header);
    out.write_all(&start)?;
    out.write_all(&Sha256::digest(&start))?;
    let mut sum = Sha256::new();
    let mut put = |bytes: &[u8]| {
        sum.update(bytes);
        out.write_all(bytes)
    };
    put(&tokens.iter().flat_map(|token| token.to_le_bytes()).collect::<Vec<u8>>())?;
    cache.write_pages(&mut put)?;
    out.write_all(&sum.finalize())?;
    out.flush()?;
    drop(out);
    file.sync_all()
}
