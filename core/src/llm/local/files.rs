use std::path::Path;

use rushlight_models::hub::{Hub, ModelKind};
use rushlight_models::{Checkpoint, Tokenizer};

use super::options::LocalLlmOptions;
use crate::{Error, Result};

/// The files of a model and of the draft model that its options ask for, which have the same vocabulary; their headers are
/// read.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) model: Checkpoint,
    pub(super) draft: Option<Checkpoint>,
}

impl Files {
    /// Those of a model by its name or path, once the options are found to suit it.
    pub(super) fn find(name_or_path: &str, options: &LocalLlmOptions) -> Result<Self> {
        let files = Self::with_draft(find("model", name_or_path)?, options)?;
        options.validate(files.model.info())?;
        Ok(files)
    }

    /// Those of a model that was found before.
    pub(super) fn open(path: &Path, name: &str, options: &LocalLlmOptions) -> Result<Self> {
        let model = Checkpoint::open(path).map_err(|error| Error::model(name, error))?;
        Self::with_draft(model, options)
    }

    fn with_draft(model: Checkpoint, options: &LocalLlmOptions) -> Result<Self> {
        let draft = options.draft_model.as_deref().map(|name| find("draft_model", name)).transpose()?;
        if let Some(draft) = &draft {
            check_vocabulary(draft, &model)?;
        }
        Ok(Self { model, draft })
    }
}

/// The files of the language model that an argument or option names.
fn find(what: &str, name_or_path: &str) -> Result<Checkpoint> {
    let failed = |error| Error::model(name_or_path, error);
    let found = Hub::new().and_then(|hub| hub.resolve(name_or_path)).map_err(failed)?;
    if found.kind != ModelKind::LanguageModel {
        let message = format!("expected a language model, got an embedder: `{}`", found.name);
        return Err(Error::invalid(what, message));
    }
    Checkpoint::open(&found.path).map_err(failed)
}

/// Refuses a draft model whose tokens are not those of the model.
fn check_vocabulary(draft: &Checkpoint, model: &Checkpoint) -> Result<()> {
    let tokenizer =
        |of: &Checkpoint| of.tokenizer().map_err(|error| Error::model(of.info().name.as_str(), error));
    let (own, other) = (tokenizer(model)?, tokenizer(draft)?);
    let Some(id) = own.first_difference(&other) else {
        return Ok(());
    };
    let describe = |files: &Checkpoint, tokenizer: &Tokenizer| {
        let (path, count) = (files.path().display(), tokenizer.vocabulary());
        let text = tokenizer.token_text(id).map_or("missing".to_owned(), |text| format!("`{text}`"));
        format!("`{path}` ({count} tokens, token {id} is {text})")
    };
    let (expected, got) = (describe(model, &own), describe(draft, &other));
    Err(Error::invalid("draft_model", format!("expected the vocabulary of {expected}, got that of {got}")))
}
