use rushlight_models::Error as ModelError;

use super::Error;

impl Error {
    /// What an error of the models crate is to a caller of this one; `model` is the name or path that was
    /// asked for.
    pub fn model(model: impl Into<String>, error: ModelError) -> Self {
        match error {
            ModelError::Invalid { what, message } => Self::Invalid { what, message },
            ModelError::UnknownModel { name, known } => Self::Unknown { what: "model", name, known },
            ModelError::Damaged { path, message } => Self::Corrupt { path, message },
            ModelError::ContextTooLong { limit, got } => Self::ContextTooLong { limit, got },
            ModelError::Cancelled => Self::Cancelled,
            error => Self::Model { model: model.into(), source: error.into() },
        }
    }
}
