use super::AgentSpec;
use crate::{Error, LocalLlm, Result};

impl AgentSpec {
    /// Opens the model that the spec names, with its options. Nothing is fetched.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where it names none, and those of [`LocalLlm::open_with`].
    pub async fn open_model(&self) -> Result<LocalLlm> {
        let Some(model) = &self.model else {
            return Err(Error::invalid(
                "model",
                "expected a name or a path, or a model of the caller's, got none",
            ));
        };
        LocalLlm::open_with(model, self.model_options.clone()).await
    }
}
