use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use rushlight::agent::Rule;
use rushlight::{Request, Result, Route};

use crate::agent::Agent;
use crate::callback::call;
use crate::convert::{duration, json_of};
use crate::error::{foreign, raised};
use crate::{embedder, llm};

/// An agent that chooses, for each question, one of several agents that answers it.
///
/// The first of these that says something chooses: the rules of each route, in the order of the routes and those of the
/// fallback last; the examples of all routes; the model; the fallback. The stream begins with the event `Routed`, what follows is
/// the chosen agent's own, and `Answer.answered_by` names it. It gets the question with all its options as they are.
///
/// ```python
/// billing = Route("billing", "Invoices and refunds", billing_assistant, words=["invoice", "refund"])
/// router = Router(Route("general", "Everything else", assistant), [billing])
/// print(router.run("Where is my refund?").answered_by)
/// ```
#[pyclass(frozen, extends = Agent, module = "rushlight")]
pub(crate) struct Router {}

#[pymethods]
impl Router {
    /// A router of these routes.
    ///
    /// Args:
    ///     fallback: the agent that answers what no other one is chosen for
    ///     routes: the others
    ///     embedder: compares questions with the examples of the routes
    ///     threshold: the cosine from which on a question is like an example, from -1 to 1; default 0.5
    ///     llm: a model that names an agent where neither rules nor examples choose; a `LocalLlm` can write nothing else
    ///
    /// Raises:
    ///     InvalidError: a name is none or of two routes, a word or example is blank, a pattern is none, there are examples
    ///         without an embedder.
    #[new]
    #[pyo3(signature = (
        fallback: "Route",
        routes: "Sequence[Route]" = Vec::new(), *,
        embedder: "LocalEmbedder | HashedEmbedder | RemoteEmbedder | CachedEmbedder | Embedder | None" = None,
        threshold = None,
        llm: "LocalLlm | RemoteLlm | ScriptedLlm | Llm | None" = None,
    ))]
    fn new(
        fallback: Bound<'_, PyAny>,
        routes: Vec<Bound<'_, PyAny>>,
        embedder: Option<Bound<'_, PyAny>>,
        threshold: Option<f32>,
        llm: Option<Bound<'_, PyAny>>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let mut builder = rushlight::Router::builder(route(&fallback)?);
        for given in &routes {
            builder = builder.route(route(given)?);
        }
        if let Some(embedder) = &embedder {
            builder = builder.embedder(embedder::shared(embedder)?);
        }
        if let Some(threshold) = threshold {
            builder = builder.threshold(threshold);
        }
        if let Some(llm) = &llm {
            builder = builder.llm(llm::shared(llm)?);
        }
        let core = builder.build().map_err(raised)?;
        let parts = routes.into_iter().chain([fallback]).chain(embedder).chain(llm);
        let agent = Agent::new(core, parts.map(Bound::unbind).collect());
        Ok(PyClassInitializer::from(agent).add_subclass(Self {}))
    }
}

/// The fields of a `rushlight.Route`.
#[derive(FromPyObject)]
struct Given<'py> {
    name: String,
    description: String,
    agent: PyRef<'py, Agent>,
    words: Vec<String>,
    patterns: Vec<String>,
    max_deadline: Option<f64>,
    when: Option<Bound<'py, PyAny>>,
    examples: Vec<String>,
}

fn route(given: &Bound<'_, PyAny>) -> PyResult<Route> {
    let given: Given<'_> = given.extract()?;
    let route = Route::new(given.name, given.description, given.agent.shared());
    let mut route = given.patterns.into_iter().fold(route.words(given.words), Route::pattern);
    if let Some(seconds) = given.max_deadline {
        route = route.max_deadline(duration("max_deadline", seconds)?);
    }
    if let Some(when) = given.when {
        route = route.rule(PythonRule::new(&when)?);
    }
    Ok(route.examples(given.examples))
}

/// A Python function that says whether an agent is the right one for a request.
struct PythonRule {
    function: Arc<Py<PyAny>>,
}

impl PythonRule {
    fn new(function: &Bound<'_, PyAny>) -> PyResult<Self> {
        if !function.is_callable() {
            let kind = function.get_type().name()?;
            return Err(PyTypeError::new_err(format!("expected a function as `when`, got `{kind}`")));
        }
        Ok(Self { function: Arc::new(function.clone().unbind()) })
    }
}

impl fmt::Debug for PythonRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PythonRule")
    }
}

#[async_trait]
impl Rule for PythonRule {
    async fn fits(&self, request: &Request) -> Result<bool> {
        let (function, request) = (Arc::clone(&self.function), request.clone());
        let asked = call(
            move |entry| entry.call1((function.bind(entry.py()), json_of(&request)?)),
            |said| said.extract::<bool>(),
        );
        asked.await?.map_err(|exception| foreign("the rule `when` of a route", exception))
    }
}
