use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{file, folder};
use crate::nn::Config;
use crate::packed::{Packed, Report};
use crate::weights::Weights;
use crate::{ChatTemplate, Gguf, ModelInfo, Result, Tokenizer};

/// A language model's files, of which only the headers are read: a GGUF file, or a folder as the Hugging Face Hub has it.
#[derive(Debug)]
pub struct Checkpoint {
    pub(crate) info: ModelInfo,
    pub(crate) config: Config,
    /// The tensors where they lie in the files.
    pub(crate) weights: Weights,
    pub(super) source: Source,
    tokenizer: OnceLock<Tokenizer>,
}

#[derive(Debug)]
pub(super) enum Source {
    File(Gguf),
    Folder(PathBuf),
}

/// What the headers say, whichever files have them.
#[derive(Debug)]
pub(super) struct Headers {
    pub(super) name: String,
    /// As GGUF calls it, for example `llama`.
    pub(super) architecture: String,
    /// The mixture of types, if the files name one.
    pub(super) mixture: Option<&'static str>,
    /// The length in bytes of the files that hold weights.
    pub(super) size_bytes: u64,
    pub(super) config: Config,
    pub(super) weights: Weights,
}

impl Checkpoint {
    /// Reads the headers.
    ///
    /// # Errors
    ///
    /// Those of [`LanguageModel::open`](crate::LanguageModel::open) about the header: a file that is none, an
    /// architecture that is not supported, sizes that are missing or do not fit each other.
    pub fn open(path: &Path) -> Result<Self> {
        if path.is_dir() {
            Self::new(folder::read(path)?, Source::Folder(path.to_owned()))
        } else {
            let gguf = Gguf::open(path)?;
            Self::new(file::read(&gguf)?, Source::File(gguf))
        }
    }

    fn new(headers: Headers, source: Source) -> Result<Self> {
        let Headers { name, architecture, mixture, size_bytes, config, weights } = headers;
        let info = ModelInfo {
            name,
            architecture,
            parameters: weights.parameters(),
            quantisation: mixture.map_or_else(|| weights.commonest(), str::to_owned),
            size_bytes,
            context_length: config.context,
            layers: config.layers,
            hidden: config.hidden,
            heads: config.heads,
            kv_heads: config.kv_heads,
            vocabulary: weights.rows("token_embd.weight")?,
        };
        Ok(Self { info, config, weights, source, tokenizer: OnceLock::new() })
    }

    /// What the headers say.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// The file, or the folder.
    pub fn path(&self) -> &Path {
        match &self.source {
            Source::File(gguf) => gguf.path(),
            Source::Folder(folder) => folder,
        }
    }

    /// Sets the most tokens of a sequence.
    pub(crate) fn set_context(&mut self, context: usize) {
        self.config.context = context;
        self.info.context_length = context;
    }

    /// Finds or makes the packed form of the weights that have one.
    pub(crate) fn pack(&mut self, report: Report<'_>) -> Result<()> {
        if let Source::File(gguf) = &self.source {
            self.weights.set_packed(&Packed::open(gguf, report)?);
        }
        Ok(())
    }

    /// The tokenizer, which is made once.
    ///
    /// # Errors
    ///
    /// Those of [`LanguageModel::open`](crate::LanguageModel::open) about the tokenizer.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        if let Some(made) = self.tokenizer.get() {
            return Ok(made.clone());
        }
        let made = match &self.source {
            Source::File(gguf) => Tokenizer::from_gguf(gguf),
            Source::Folder(folder) => Tokenizer::from_folder(folder, self.info.vocabulary),
        }?;
        Ok(self.tokenizer.get_or_init(|| made).clone())
    }

    pub(crate) fn template(&self, tokenizer: &Tokenizer) -> Result<Option<ChatTemplate>> {
        match &self.source {
            Source::File(gguf) => ChatTemplate::from_gguf(gguf, tokenizer),
            Source::Folder(folder) => ChatTemplate::from_folder(folder, tokenizer),
        }
    }
}

impl Tokenizer {
    /// The tokenizer of a model's files: a GGUF file, or a folder as the Hugging Face Hub has it.
    ///
    /// # Errors
    ///
    /// Those of [`LanguageModel::open`](crate::LanguageModel::open) about the files' headers and the tokenizer.
    pub fn open(path: &Path) -> Result<Self> {
        Checkpoint::open(path)?.tokenizer()
    }
}
