use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rushlight_kernels::{LANES, PAGE};
use serde::{Deserialize, Serialize};

use super::page::Page;
use crate::{Error, Result};

/// How keys and values are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KvType {
    /// Single precision.
    F32,
    /// Half precision.
    #[default]
    F16,
    /// 8 bits and a scale for each key and each value: about half the memory of half precision, a little less exact.
    Q8,
}

/// Pages that are not in this process's memory but, for example, on a GPU: here they are numbers.
pub(crate) trait PagesElsewhere: Debug + Send + Sync {
    /// A page that nobody uses.
    fn take(&self) -> Result<usize>;

    /// Copies one page to another, in all layers.
    fn copy(&self, from: usize, to: usize) -> Result<()>;

    /// Nobody uses this page any more.
    fn give_back(&self, page: usize);
}

/// What the pages of one model have in common, and how many of them there are.
#[derive(Debug)]
pub(crate) struct KvPool {
    pub(super) layers: usize,
    pub(super) heads: usize,
    pub(super) dimension: usize,
    pub(super) kind: KvType,
    /// Bytes that all pages together may have.
    limit: Option<usize>,
    pages: AtomicUsize,
    /// Where the pages are, if not in this process's memory.
    pub(super) elsewhere: Option<Arc<dyn PagesElsewhere>>,
}

impl KvPool {
    pub(crate) fn new(layers: usize, heads: usize, dimension: usize, kind: KvType) -> Self {
        Self { layers, heads, dimension, kind, limit: None, pages: AtomicUsize::new(0), elsewhere: None }
    }

    /// Refuses pages beyond this number of bytes.
    pub(crate) fn with_limit(self, limit: Option<usize>) -> Self {
        Self { limit, ..self }
    }

    /// Keeps the pages there.
    pub(crate) fn kept_by(self, elsewhere: Option<Arc<dyn PagesElsewhere>>) -> Self {
        Self { elsewhere, ..self }
    }

    /// The head dimension, rounded up to what the kernel computes at once; the rest is zero.
    pub(crate) fn stride(&self) -> usize {
        self.dimension.next_multiple_of(LANES)
    }

    /// The bytes of a page.
    pub(crate) fn page_bytes(&self) -> usize {
        let values = self.layers * self.heads * 2 * PAGE;
        match self.kind {
            KvType::F32 => values * self.stride() * size_of::<f32>(),
            KvType::F16 => values * self.stride() * size_of::<half::f16>(),
            KvType::Q8 => values * (self.stride() + size_of::<f32>()),
        }
    }

    /// The bytes of all pages that are in use.
    pub(crate) fn used_bytes(&self) -> usize {
        self.pages.load(Ordering::Relaxed) * self.page_bytes()
    }

    /// The most bytes that the pages may have.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// An empty page, unless that is too much.
    pub(super) fn allocate(self: &Arc<Self>) -> Result<Page> {
        let most = self.limit.map_or(usize::MAX, |limit| limit / self.page_bytes());
        let counted = self
            .pages
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |pages| (pages < most).then_some(pages + 1));
        match counted {
            Ok(_) => Page::new(Arc::clone(self)),
            Err(pages) => Err(Error::KvBudget {
                limit: self.limit.unwrap_or(usize::MAX),
                used: pages * self.page_bytes(),
                wanted: self.page_bytes(),
            }),
        }
    }

    pub(super) fn give_back(&self) {
        self.pages.fetch_sub(1, Ordering::Relaxed);
    }
}
