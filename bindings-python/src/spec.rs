//! Assistants that a file describes, and the parts of an assistant that are code.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rushlight::agent::AssistantBuilder;
use rushlight::{AgentSpec, KnowledgeBase, Toolbox};

use crate::agent::Agent;
use crate::convert::Json;
use crate::error::raised;
use crate::llm::LocalLlm;
use crate::metrics::ToolMetrics;
use crate::remote_llm::RemoteLlm;
use crate::session::MemorySessions;
use crate::tool::toolbox;
use crate::{cache, retrieval, retriever};

/// What an assistant is made of beside its model and what a spec can say.
#[derive(Default)]
pub(crate) struct Parts<'py> {
    pub(crate) tools: Vec<Bound<'py, PyAny>>,
    pub(crate) retriever: Option<Bound<'py, PyAny>>,
    pub(crate) cache: Option<Bound<'py, PyAny>>,
    pub(crate) sessions: Option<PyRef<'py, MemorySessions>>,
    pub(crate) tool_timeout: Option<f64>,
    pub(crate) approver: Option<Bound<'py, PyAny>>,
    pub(crate) tool_metrics: Option<PyRef<'py, ToolMetrics>>,
    pub(crate) hand_offs: Vec<Bound<'py, PyAny>>,
    pub(crate) record: Option<PathBuf>,
}

impl<'py> Parts<'py> {
    /// Those of keyword arguments.
    pub(crate) fn from_keywords(keywords: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
        let mut parts = Self::default();
        for (name, value) in keywords.into_iter().flatten() {
            match name.extract::<String>()?.as_str() {
                "tools" => parts.tools = value.extract()?,
                "retriever" => parts.retriever = value.extract()?,
                "cache" => parts.cache = value.extract()?,
                "sessions" => parts.sessions = value.extract()?,
                "tool_timeout" => parts.tool_timeout = value.extract()?,
                "approver" => parts.approver = value.extract()?,
                "tool_metrics" => parts.tool_metrics = value.extract()?,
                "hand_offs" => parts.hand_offs = value.extract()?,
                "record" => parts.record = value.extract()?,
                name => return Err(PyTypeError::new_err(format!("unexpected keyword argument '{name}'"))),
            }
        }
        Ok(parts)
    }

    pub(crate) fn toolbox(&self) -> PyResult<Toolbox> {
        toolbox(&self.tools, self.tool_timeout, self.approver.as_ref())
    }

    /// The documents, if the retriever is nothing but a knowledge base.
    pub(crate) fn documents(&self) -> Option<KnowledgeBase> {
        let store = self.retriever.as_ref()?.cast::<retrieval::KnowledgeBase>().ok()?;
        Some(KnowledgeBase::clone(&store.get().core))
    }

    /// The builder with these parts, but for tools and documents.
    pub(crate) fn add_to(self, mut builder: AssistantBuilder) -> PyResult<AssistantBuilder> {
        if let (None, Some(retriever)) = (self.documents(), &self.retriever) {
            builder = builder.retriever(retriever::shared(retriever)?);
        }
        if let Some(metrics) = self.tool_metrics {
            builder = builder.tool_metrics(metrics.core.clone());
        }
        if let Some(cache) = self.cache {
            builder = builder.cache(cache::shared(&cache)?);
        }
        if let Some(sessions) = self.sessions {
            builder = builder.sessions(sessions.core.clone());
        }
        for given in &self.hand_offs {
            let (name, description, other) = hand_off(given)?;
            builder = builder.hand_off_to(name, description, other);
        }
        if let Some(path) = self.record {
            builder = builder.record(path);
        }
        Ok(builder)
    }
}

/// The name, description and core of a `rushlight.HandOff`.
fn hand_off(given: &Bound<'_, PyAny>) -> PyResult<(String, String, Arc<dyn rushlight::Agent>)> {
    let (name, description, agent): (String, String, PyRef<'_, Agent>) = given.extract()?;
    Ok((name, description, agent.shared()))
}

/// The spec of a file or of what such a file says, with what its profile of this name says.
pub(crate) fn spec(given: &Bound<'_, PyAny>, profile: Option<&str>) -> PyResult<AgentSpec> {
    let spec = match given.extract::<PathBuf>() {
        Ok(path) => given.py().detach(|| AgentSpec::load(path)),
        Err(_) => AgentSpec::from_json(&given.extract::<Json>()?.0.to_string()),
    };
    let spec = spec.map_err(raised)?;
    match profile {
        Some(name) => spec.profile(name).map_err(raised),
        None => Ok(spec),
    }
}

/// A model that a spec names.
pub(crate) enum SpecModel {
    Local(LocalLlm),
    Remote(RemoteLlm),
}

impl SpecModel {
    /// Opens the model of this machine that a spec names, or else that of a server.
    pub(crate) async fn open(spec: AgentSpec) -> rushlight::Result<Self> {
        if spec.is_remote() {
            return Ok(Self::Remote(RemoteLlm { core: spec.remote_llm()? }));
        }
        spec.open_model().await.map(LocalLlm::of).map(Self::Local)
    }

    pub(crate) fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(match self {
            Self::Local(llm) => Py::new(py, llm)?.into_any(),
            Self::Remote(llm) => Py::new(py, llm)?.into_any(),
        })
    }
}
