//! The weights of a folder, in one file or in several.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::Deserialize;

use crate::map::MappedFile;
use crate::safetensors::{self, Entry};
use crate::weights::Tensor;
use crate::{Error, Result, json_file};

pub(super) const SINGLE: &str = "model.safetensors";
pub(super) const INDEX: &str = "model.safetensors.index.json";

/// Tensors by name, and the length in bytes of the files that hold them.
#[derive(Debug)]
pub(super) struct Shards {
    pub(super) tensors: HashMap<String, Tensor>,
    pub(super) size_bytes: u64,
}

/// The part of an index that counts.
#[derive(Debug, Deserialize)]
struct Index {
    /// The file of each tensor.
    weight_map: BTreeMap<String, String>,
}

/// Maps `model.safetensors`, or all files that `model.safetensors.index.json` names.
pub(super) fn open(folder: &Path) -> Result<Shards> {
    let mut shards = Shards { tensors: HashMap::new(), size_bytes: 0 };
    let single = folder.join(SINGLE);
    if single.is_file() {
        shards.add(&single, |_| true)?;
        return Ok(shards);
    }
    let index_path = folder.join(INDEX);
    let Some(index) = json_file::read_if_there::<Index>(&index_path)? else {
        return Err(Error::format(folder, format!("expected `{SINGLE}` or `{INDEX}`, found neither")));
    };
    let files: BTreeSet<&str> = index.weight_map.values().map(String::as_str).collect();
    for file in files {
        if Path::new(file).file_name().is_none_or(|name| name != file) {
            return Err(Error::format(
                &index_path,
                format!("expected names of files beside it, got `{file}`"),
            ));
        }
        shards.add(&folder.join(file), |name| index.weight_map.get(name).is_some_and(|of| of == file))?;
    }
    match index.weight_map.iter().find(|(name, _)| !shards.tensors.contains_key(*name)) {
        None => Ok(shards),
        Some((name, file)) => {
            Err(Error::tensor(name, format!("is missing from `{file}`, where `{INDEX}` says it is")))
        }
    }
}

impl Shards {
    /// Adds the wanted tensors of a file.
    fn add(&mut self, path: &Path, wanted: impl Fn(&str) -> bool) -> Result<()> {
        let file = MappedFile::open(path)?;
        self.size_bytes += file.bytes().len() as u64;
        for Entry { name, shape, kind, bytes } in safetensors::entries(&file)? {
            if wanted(&name) {
                self.tensors.insert(name, Tensor { shape, kind, bytes, packed: None });
            }
        }
        Ok(())
    }
}
