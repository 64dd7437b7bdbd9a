use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use rushlight::Error;
use rushlight::hub::{self, Hub, HubMirror, Mirror, ModelKind, Progress};

use crate::convert::repr;
use crate::progress::{Listener, listening};
use crate::runtime::{run, wait};

/// A model that has a name.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct KnownModel {
    /// The name.
    name: String,
    /// `language_model` or `embedder`.
    kind: &'static str,
    /// The licence of the weights as an SPDX expression.
    licence: String,
    /// The size of all files in bytes.
    size: u64,
    /// Where it lies on this machine; none if it is not fetched.
    path: Option<PathBuf>,
}

#[pymethods]
impl KnownModel {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str) =
        ("name", "kind", "licence", "size", "path");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// How far the fetch of one file is.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct FetchProgress {
    /// The model's name.
    model: String,
    /// The file's name.
    file: String,
    /// Where it comes from.
    source: String,
    /// Bytes on disk so far, those of an earlier attempt included.
    done: u64,
    /// Bytes of the whole file.
    total: u64,
}

impl From<&hub::FetchProgress<'_>> for FetchProgress {
    fn from(progress: &hub::FetchProgress<'_>) -> Self {
        Self {
            model: progress.model.to_owned(),
            file: progress.file.to_owned(),
            source: progress.source.to_owned(),
            done: progress.done,
            total: progress.total,
        }
    }
}

#[pymethods]
impl FetchProgress {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str) =
        ("model", "file", "source", "done", "total");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// A fetch that ends soon after nobody waits for it any more.
struct Watch {
    tell: Box<dyn Fn(FetchProgress) + Send + Sync>,
    given_up: Arc<AtomicBool>,
}

impl Progress for Watch {
    fn update(&self, progress: &hub::FetchProgress<'_>) {
        (self.tell)(FetchProgress::from(progress));
    }

    fn cancelled(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }
}

struct GiveUp(Arc<AtomicBool>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

async fn fetching(name: String, mirrors: Vec<String>, listener: Listener) -> rushlight::Result<PathBuf> {
    let work = async |tell| {
        let given_up = Arc::new(AtomicBool::new(false));
        let _give_up = GiveUp(Arc::clone(&given_up));
        let model = name.clone();
        let fetch = move || {
            let mirrors = mirrors
                .iter()
                .map(|url| HubMirror::new(url).map(|mirror| Arc::new(mirror) as Arc<dyn Mirror>));
            let mirrors = mirrors.collect::<Result<Vec<_>, _>>()?;
            Hub::new()?.fetch(&name, &mirrors, &Watch { tell, given_up })
        };
        match tokio::task::spawn_blocking(fetch).await {
            Ok(Ok(fetched)) => Ok(fetched.path),
            Ok(Err(failure)) => Err(Error::model(model, failure)),
            Err(_) => Err(Error::Stopped { what: "the fetch" }),
        }
    };
    listening(listener, work, |report| report).await
}

/// Makes sure that a model is on this machine, and gives its path.
///
/// Missing files come from the Hugging Face Hub, or from a mirror, are checked against their SHA-256 and kept
/// in the user's cache directory, or in `RUSHLIGHT_HOME`. A fetch that was broken off is continued.
/// `RUSHLIGHT_OFFLINE=1` forbids it.
///
/// Args:
///     name: a name that `models` lists
///     mirrors: base URLs of servers with the paths of the Hugging Face Hub, to be asked when it fails
///     progress: a function, sync or async, that is told how far it is; if it raises, the fetch stops
#[pyfunction]
#[pyo3(signature = (name, *, mirrors: "Sequence[str]" = Vec::new(), progress: "Callable[[FetchProgress], object] | None" = None))]
pub(crate) fn fetch(
    py: Python<'_>,
    name: String,
    mirrors: Vec<String>,
    progress: Listener,
) -> PyResult<PathBuf> {
    wait(py, fetching(name, mirrors, progress))
}

/// Does the same as `fetch` from async code.
#[pyfunction]
#[pyo3(signature = (name, *, mirrors: "Sequence[str]" = Vec::new(), progress: "Callable[[FetchProgress], object] | None" = None))]
pub(crate) async fn afetch(name: String, mirrors: Vec<String>, progress: Listener) -> PyResult<PathBuf> {
    run(fetching(name, mirrors, progress)).await
}

/// Every model that has a name, smallest first, with its place on this machine if it is there.
#[pyfunction]
pub(crate) fn models(py: Python<'_>) -> PyResult<Vec<KnownModel>> {
    wait(py, async {
        let hub = Hub::new().map_err(|failure| Error::model("hub", failure))?;
        let known = hub::known_models().iter().map(|model| KnownModel {
            name: model.name.to_owned(),
            kind: match model.kind {
                ModelKind::Embedder => "embedder",
                _ => "language_model",
            },
            licence: model.licence.to_owned(),
            size: model.size(),
            path: hub.resolve(model.name).ok().map(|found| found.path),
        });
        Ok(known.collect())
    })
}
