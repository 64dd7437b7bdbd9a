use std::collections::BTreeMap;

use pyo3::prelude::*;
use serde_json::json;

use crate::convert::{Json, json_of, repr};
use crate::error::invalid;

/// A text to store, with where it came from.
#[pyclass(frozen, eq, module = "rushlight", from_py_object)]
#[derive(Clone, PartialEq)]
pub(crate) struct Document {
    pub(crate) core: rushlight::Document,
}

#[pymethods]
impl Document {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str) =
        ("source", "text", "title", "metadata");

    /// A document from its parts.
    ///
    /// Args:
    ///     source: unique in a store: a path, a URL or a name of your own; storing it again replaces the document
    ///     text: plain text or Markdown
    ///     title: its title; empty if there is none
    ///     metadata: fields of your own, kept with every passage
    #[new]
    #[pyo3(signature = (source, text, *, title = String::new(), metadata: "dict[str, str]" = BTreeMap::new()))]
    fn new(source: String, text: String, title: String, metadata: BTreeMap<String, String>) -> Self {
        let mut core = rushlight::Document::new(source, text).title(title);
        core.metadata = metadata;
        Self { core }
    }

    /// Where it came from.
    #[getter]
    fn source(&self) -> &str {
        &self.core.source
    }

    /// The text.
    #[getter]
    fn text(&self) -> &str {
        &self.core.text
    }

    /// The title; empty if there is none.
    #[getter]
    fn title(&self) -> &str {
        &self.core.title
    }

    /// The caller's own fields.
    #[getter]
    fn metadata(&self) -> BTreeMap<String, String> {
        self.core.metadata.clone()
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// A piece of a stored document that may answer a question.
#[pyclass(frozen, eq, module = "rushlight", from_py_object)]
#[derive(Clone, PartialEq)]
pub(crate) struct Passage {
    pub(crate) core: rushlight::Passage,
}

impl From<rushlight::Passage> for Passage {
    fn from(core: rushlight::Passage) -> Self {
        Self { core }
    }
}

#[pymethods]
impl Passage {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str) =
        ("id", "source", "title", "text", "score");

    /// A passage of a retriever of your own.
    ///
    /// Args:
    ///     source: the document that it is from
    ///     text: the text
    ///     id: unique among the passages; the source if there is none
    ///     title: the document's title
    ///     headings: the headings above it, outermost first
    ///     metadata: fields of your own
    ///     score: what decided the order; higher is better
    #[new]
    #[pyo3(signature = (source, text, *, id = None, title = "", headings: "Sequence[str]" = Vec::new(), metadata: "dict[str, str]" = BTreeMap::new(), score = 0.0))]
    fn new(
        source: &str,
        text: &str,
        id: Option<&str>,
        title: &str,
        headings: Vec<String>,
        metadata: BTreeMap<String, String>,
        score: f32,
    ) -> PyResult<Self> {
        let fields = json!({
            "id": id.unwrap_or(source), "source": source, "title": title, "headings": headings, "text": text,
            "start": 0, "metadata": metadata, "score": score, "scores": {},
        });
        let core = serde_json::from_value(fields).map_err(|error| invalid("passage", error.to_string()))?;
        Ok(Self { core })
    }

    /// Stable while the document does not change: `source#number`.
    #[getter]
    fn id(&self) -> &str {
        &self.core.id
    }

    /// The document's source.
    #[getter]
    fn source(&self) -> &str {
        &self.core.source
    }

    /// The document's title.
    #[getter]
    fn title(&self) -> &str {
        &self.core.title
    }

    /// The headings above the passage, outermost first.
    #[getter]
    fn headings(&self) -> Vec<String> {
        self.core.headings.clone()
    }

    /// The text, as it stands in the document.
    #[getter]
    fn text(&self) -> &str {
        &self.core.text
    }

    /// Byte offset of the text in the document.
    #[getter]
    fn start(&self) -> usize {
        self.core.start
    }

    /// The document's fields.
    #[getter]
    fn metadata(&self) -> BTreeMap<String, String> {
        self.core.metadata.clone()
    }

    /// The score that decided the order; higher is better.
    #[getter]
    fn score(&self) -> f32 {
        self.core.score
    }

    /// The score of every stage that saw the passage.
    #[getter]
    fn scores(&self) -> Scores {
        let rushlight::retrieval::Scores { dense, lexical, fused, reranked, mmr, .. } = self.core.scores;
        Scores { dense, lexical, fused, reranked, mmr }
    }

    /// The JSON form, the same in all languages.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn to_json(&self) -> PyResult<Json> {
        json_of(&self.core)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// Scores of a passage, stage by stage; a stage that did not see it gives none.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Scores {
    /// Similarity of the vectors.
    dense: Option<f32>,
    /// BM25.
    lexical: Option<f32>,
    /// Reciprocal-rank fusion.
    fused: Option<f32>,
    /// The reranker's.
    reranked: Option<f32>,
    /// Maximal marginal relevance: relevance against what passages before say already.
    mmr: Option<f32>,
}

#[pymethods]
impl Scores {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str) =
        ("dense", "lexical", "fused", "reranked", "mmr");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}
