use std::borrow::Cow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Vectors in a file: f32 in the machine's order, one row after the other. A row's number is its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rows {
    pub(crate) path: PathBuf,
    /// Rows that count, from the first.
    pub(crate) count: usize,
    pub(crate) dimensions: usize,
}

/// How vectors are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Index {
    /// All of them are compared.
    Exact,
    /// A graph is followed: M 16, 200 candidates while it is built.
    Graph,
}

/// What an engine is asked, one JSON object a line. The scripts in `benches/compare` have a method for each that they can
/// do. Searches are made one after the other, each by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub(crate) enum Request<'a> {
    /// Makes an index of unit vectors in place of the last one: `seconds`, without reading the file, and `bytes`.
    Build {
        index: Index,
        vectors: Rows,
        /// There will be searches among those rows only whose number is a multiple of one of these.
        every: Vec<usize>,
        threads: usize,
    },
    /// The `k` nearest rows for each of the queries: `times`, `found`.
    Search {
        queries: Rows,
        k: usize,
        /// Candidates that a search of the graph considers.
        effort: usize,
        /// Only rows whose number is a multiple.
        every: Option<usize>,
    },
    /// Exact neighbours, as [`Self::Search`] finds them: in `found` all rows as near as the `k`th one, within rounding.
    /// Only the exact reference is asked.
    Neighbours { vectors: Rows, queries: Rows, k: usize, every: Option<usize> },
    /// Makes an index of the words of texts, a JSON text a line, in place of the last one: `seconds`, without reading
    /// the file, and `bytes`.
    BuildWords { texts: PathBuf, threads: usize },
    /// The `k` best texts for each of the queries: `times`, and in `passages` how many they are.
    SearchWords { queries: Cow<'a, [String]>, k: usize },
    /// Opens a sentence encoder, a folder with safetensors and tokenizer; `graph` is where the ONNX form of it is kept.
    OpenEncoder { model: PathBuf, graph: PathBuf, threads: usize },
    /// The unit vectors of texts, so many at a time: `seconds`, `vectors`.
    Embed { texts: Cow<'a, [String]>, batch: usize },
    /// Appends the vectors of some texts of a file to another file, as [`Rows`] has them. Only ours is asked.
    EmbedFile { texts: PathBuf, from: usize, count: usize, vectors: PathBuf },
    /// Stores documents, a JSON object with `source`, `title` and `text` a line, in an empty `folder` so that passages
    /// of them can be found with the encoder: `seconds`, `passages`.
    Ingest { documents: PathBuf, folder: PathBuf },
    /// The `k` best passages for each of the queries: `times`.
    Retrieve { queries: Cow<'a, [String]>, k: usize },
}

/// What an engine replies, one JSON object a line; each operation says which fields it fills.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Reply {
    pub(crate) seconds: f64,
    /// By how much the process's memory in use has grown.
    pub(crate) bytes: f64,
    /// The seconds of each query.
    pub(crate) times: Vec<f64>,
    /// The rows that each query has found.
    pub(crate) found: Vec<Vec<u64>>,
    pub(crate) vectors: Vec<Vec<f32>>,
    pub(crate) passages: usize,
}
