use std::sync::Arc;

use pyo3::prelude::*;
use rushlight::Cache;
use rushlight::cache::MemoryCacheOptions;

use crate::convert::{duration, not_picklable};
use crate::own::PythonCache;
use crate::runtime::wait;

/// A cache in this process's memory; the least recently used answers go first.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct MemoryCache {
    core: rushlight::MemoryCache,
}

#[pymethods]
impl MemoryCache {
    /// A cache with these bounds.
    ///
    /// Args:
    ///     max_entries: answers that are kept; default 1000
    ///     max_bytes: bytes of all answers together; default 64 MiB
    ///     ttl: seconds that an answer lives; default 30 minutes
    #[new]
    #[pyo3(signature = (*, max_entries = None, max_bytes = None, ttl = None))]
    fn new(max_entries: Option<u64>, max_bytes: Option<u64>, ttl: Option<f64>) -> PyResult<Self> {
        let mut options = MemoryCacheOptions::default();
        options.max_entries = max_entries.unwrap_or(options.max_entries);
        options.max_bytes = max_bytes.unwrap_or(options.max_bytes);
        if let Some(seconds) = ttl {
            options.ttl = duration("ttl", seconds)?;
        }
        Ok(Self { core: rushlight::MemoryCache::new(options) })
    }

    /// The number of answers that are kept now.
    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        let cache = self.core.clone();
        wait(py, async move { Ok(cache.len().await as usize) })
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.core)
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}

/// A [`MemoryCache`], or any object with the methods of a cache.
pub(crate) fn shared(object: &Bound<'_, PyAny>) -> PyResult<Arc<dyn Cache>> {
    match object.cast::<MemoryCache>() {
        Ok(cache) => Ok(Arc::new(cache.get().core.clone())),
        Err(_) => Ok(Arc::new(PythonCache::new(object)?)),
    }
}
