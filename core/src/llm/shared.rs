use std::sync::Arc;

use async_trait::async_trait;

use super::{DeltaStream, Llm, Prompt};
use crate::Result;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<L: Llm + ?Sized> Llm for Arc<L> {
    async fn generate(&self, prompt: Prompt) -> Result<DeltaStream> {
        (**self).generate(prompt).await
    }

    async fn warm_up(&self, prompt: Prompt) -> Result<()> {
        (**self).warm_up(prompt).await
    }

    fn context_window(&self) -> usize {
        (**self).context_window()
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        (**self).count_tokens(text)
    }

    fn name(&self) -> &str {
        (**self).name()
    }
}
