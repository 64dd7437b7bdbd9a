use serde::{Deserialize, Serialize};

/// What is done while a model is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LoadStage {
    /// Weights are put into the order in which the kernels read them: only when a file is opened for the first time,
    /// or where the result cannot be kept.
    Packing,
    /// Tensors, tokenizer and chat template are taken out of the file.
    Reading,
}

/// How far the loading of a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadProgress<'a> {
    /// The model's name.
    pub model: &'a str,
    /// What is done.
    pub stage: LoadStage,
    /// Bytes of weights that this stage is done with.
    pub done: u64,
    /// Bytes of weights that it has to do with.
    pub total: u64,
}
