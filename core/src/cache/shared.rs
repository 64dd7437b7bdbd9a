use std::sync::Arc;

use async_trait::async_trait;

use super::{Cache, Entry, Key};
use crate::Result;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<C: Cache + ?Sized> Cache for Arc<C> {
    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        (**self).get(key).await
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<()> {
        (**self).put(key, entry).await
    }

    async fn remove(&self, key: &Key) -> Result<()> {
        (**self).remove(key).await
    }
}
