use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

use super::emitter::{Emitter, events};
use super::{Agent, Event, EventStream, Limits, Request, Route, RoutedBy};
use crate::llm::{Llm, LlmExt, Prompt, Sampling};
use crate::message::{Message, Usage};
use crate::retrieval::Embedder;
use crate::{Error, Result};

/// How alike a question and an example must be by default.
const THRESHOLD: f32 = 0.5;

/// Tokens of the model that names an agent: more than the longest name has.
const MAX_NAME_TOKENS: usize = 128;

/// An agent that chooses, for each request, one of several agents that answers it.
///
/// ```
/// use rushlight::{AgentExt, Assistant, Route, Router, ScriptedLlm, ScriptedTurn};
///
/// # #[tokio::main] async fn main() -> rushlight::Result<()> {
/// # let assistant = |text: &str| Assistant::builder(ScriptedLlm::new(vec![ScriptedTurn::text(text)])).build();
/// # let (general, billing) = (assistant("Hello.")?, assistant("You owe 3.")?);
/// let fallback = Route::new("general", "Everything else", general);
/// let billing = Route::new("billing", "Invoices and refunds", billing).words(["invoice", "refund", "owe"]);
/// let router = Router::builder(fallback).route(billing).build()?;
///
/// let answer = router.ask("What do I owe?").await?;
/// assert_eq!(answer.text, "You owe 3.");
/// assert_eq!(answer.answered_by.as_deref(), Some("billing"));
/// # Ok(()) }
/// ```
///
/// The first of these that says something chooses:
///
/// 1. the rules of each route, in the order of the routes; those of the fallback come last;
/// 2. the examples of all routes, with an [embedder](RouterBuilder::embedder): the route of the one that is most like the
///    question, if it is like enough;
/// 3. the [model](RouterBuilder::llm), which reads names, descriptions and the question, and names one;
/// 4. the fallback.
///
/// - The stream begins with [`Event::Routed`]; what follows is the chosen agent's own. Its [answer](super::Answer::answered_by)
///   names it, and the tokens of the model that chose count as the answer's.
/// - The chosen agent gets the request as it is, with session, history, scopes and all; the time that choosing took is taken from its deadline.
///   Sessions of different agents are remembered together if the agents share a store.
/// - Only the question is looked at by words, examples and model, not what was said before it.
/// - An embedder, rule or model that fails ends the run. A model that names none of the agents chooses none.
/// - Choosing ends with [`Error::Timeout`] at the request's deadline, or where it has none, at the default one of a run.
///
/// # Cancellation
///
/// Dropping the stream stops the choice, and the chosen agent.
#[derive(Debug, Clone)]
pub struct Router {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    /// The fallback is the last.
    routes: Vec<Route>,
    embedder: Option<Arc<dyn Embedder>>,
    threshold: f32,
    llm: Option<Arc<dyn Llm>>,
    /// Of all examples, with the index of their route; computed for the first question that needs them.
    vectors: OnceCell<Vec<(usize, Vec<f32>)>>,
}

/// Puts a [`Router`] together.
#[derive(Debug)]
#[must_use]
pub struct RouterBuilder {
    fallback: Route,
    routes: Vec<Route>,
    embedder: Option<Arc<dyn Embedder>>,
    threshold: Option<f32>,
    llm: Option<Arc<dyn Llm>>,
}

impl RouterBuilder {
    /// One more agent to choose from.
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// Compares questions with the [examples](Route::examples) of the routes, which are embedded once. Default: none.
    pub fn embedder(mut self, embedder: impl Embedder) -> Self {
        self.embedder = Some(Arc::new(embedder));
        self
    }

    /// The cosine from which on a question is like an example, from -1 to 1. Default 0.5; what is good depends on the embedder.
    pub fn threshold(mut self, cosine: f32) -> Self {
        self.threshold = Some(cosine);
        self
    }

    /// Asks this model where neither rules nor examples choose. Its answer has a schema whose only values are the names; a
    /// [`LocalLlm`](crate::LocalLlm) cannot write anything else. Default: none.
    pub fn llm(mut self, llm: impl Llm) -> Self {
        self.llm = Some(Arc::new(llm));
        self
    }

    /// The router, or the first part that is wrong: a name that is none or of two routes, a blank word or example, a pattern
    /// that is none, examples without an embedder, a threshold that is no cosine.
    pub fn build(self) -> Result<Router> {
        let routes = self.routes.into_iter().chain([self.fallback]);
        let routes = routes.map(Route::compiled).collect::<Result<Vec<Route>>>()?;
        for (index, Route { name, examples, .. }) in routes.iter().enumerate() {
            if routes[..index].iter().any(|earlier| earlier.name == *name) {
                let message = format!("expected names to be unique, got `{name}` twice");
                return Err(Error::invalid("name of a route", message));
            }
            if self.embedder.is_none() && !examples.is_empty() {
                let message = format!("expected one for the examples of route `{name}`, got none");
                return Err(Error::invalid("embedder of the router", message));
            }
        }
        let threshold = self.threshold.unwrap_or(THRESHOLD);
        if !(-1.0..=1.0).contains(&threshold) {
            return Err(Error::invalid("threshold", format!("expected -1 to 1, got {threshold}")));
        }
        let (embedder, llm) = (self.embedder, self.llm);
        let parts = Parts { routes, embedder, threshold, llm, vectors: OnceCell::new() };
        Ok(Router { parts: Arc::new(parts) })
    }
}

/// Who is to answer, and why.
struct Choice {
    route: usize,
    by: RoutedBy,
    score: Option<f32>,
}

/// What a model that chooses says.
#[derive(Deserialize)]
struct Named {
    agent: String,
}

impl Router {
    /// Starts a router with the agent that answers what no other one is chosen for.
    pub fn builder(fallback: Route) -> RouterBuilder {
        RouterBuilder { fallback, routes: Vec::new(), embedder: None, threshold: None, llm: None }
    }

    async fn walk(self, mut request: Request, emitter: Emitter) -> Result<()> {
        let mut usage = Usage::default();
        let Route { name, agent, .. } = match self.chosen_before(&mut request)? {
            Some(route) => route,
            None => self.chosen_now(&mut request, &mut usage, &emitter).await?,
        };
        let mut events = agent.run(request).await?;
        while let Some(mut event) = events.try_next().await? {
            if let Event::Done(answer) = &mut event {
                answer.usage += usage;
                answer.answered_by.get_or_insert_with(|| name.clone());
                if let Some(pending) = &mut answer.pending {
                    pending.routed_to(name);
                }
            }
            emitter.emit(event).await;
        }
        Ok(())
    }

    /// The route of a run that goes on.
    fn chosen_before(&self, request: &mut Request) -> Result<Option<&Route>> {
        let Some(name) = request.resumed.as_mut().and_then(|resumed| resumed.route()) else {
            return Ok(None);
        };
        let routes = &self.parts.routes;
        routes.iter().find(|route| route.name == name).map(Some).ok_or_else(|| {
            let known: Vec<&str> = routes.iter().map(|route| route.name.as_str()).collect();
            Error::Unknown { what: "route", name, known: known.join(", ") }
        })
    }

    /// The route that is chosen for a question, which takes from its time.
    async fn chosen_now(
        &self,
        request: &mut Request,
        usage: &mut Usage,
        emitter: &Emitter,
    ) -> Result<&Route> {
        let started = Instant::now();
        let after = request.deadline.unwrap_or(Limits::default().deadline);
        let choice = timeout(after, self.choose(request, usage)).await;
        let choice = choice.map_err(|_| Error::Timeout { what: "the choice of an agent", after })??;
        request.deadline = request.deadline.map(|deadline| deadline.saturating_sub(started.elapsed()));
        let route = &self.parts.routes[choice.route];
        emitter.emit(Event::Routed { to: route.name.clone(), by: choice.by, score: choice.score }).await;
        Ok(route)
    }

    async fn choose(&self, request: &Request, usage: &mut Usage) -> Result<Choice> {
        if let Some(route) = self.by_rules(request).await? {
            return Ok(Choice { route, by: RoutedBy::Rule, score: None });
        }
        if let Some((route, score)) = self.by_examples(&request.question).await? {
            return Ok(Choice { route, by: RoutedBy::Examples, score: Some(score) });
        }
        if let Some(route) = self.by_model(request, usage).await? {
            return Ok(Choice { route, by: RoutedBy::Model, score: None });
        }
        Ok(Choice { route: self.parts.routes.len() - 1, by: RoutedBy::Fallback, score: None })
    }

    async fn by_rules(&self, request: &Request) -> Result<Option<usize>> {
        for (index, route) in self.parts.routes.iter().enumerate() {
            for rule in &route.rules {
                if rule.fits(request).await? {
                    return Ok(Some(index));
                }
            }
        }
        Ok(None)
    }

    /// The route of the nearest example, with its cosine; the first of those that are equally near.
    async fn by_examples(&self, question: &str) -> Result<Option<(usize, f32)>> {
        let Some(embedder) = &self.parts.embedder else { return Ok(None) };
        let examples = self.parts.vectors.get_or_try_init(|| self.embed_examples(&**embedder)).await?;
        if examples.is_empty() {
            return Ok(None);
        }
        let question = embedder.embed_queries(vec![question.to_owned()]).await?;
        let question = one_for_each(&**embedder, question, 1)?.concat();
        let scores = examples.iter().map(|(route, vector)| (*route, cosine(&question, vector)));
        let alike = scores.filter(|(_, score)| *score >= self.parts.threshold);
        Ok(alike.reduce(|best, other| if other.1 > best.1 { other } else { best }))
    }

    async fn embed_examples(&self, embedder: &dyn Embedder) -> Result<Vec<(usize, Vec<f32>)>> {
        let routes = self.parts.routes.iter().enumerate();
        let examples = routes.flat_map(|(index, route)| route.examples.iter().map(move |text| (index, text)));
        let (routes, texts): (Vec<usize>, Vec<String>) =
            examples.map(|(index, text)| (index, text.clone())).unzip();
        // They are questions, too.
        let vectors = one_for_each(embedder, embedder.embed_queries(texts).await?, routes.len())?;
        Ok(routes.into_iter().zip(vectors).collect())
    }

    /// The route that the model names; none if it names none.
    async fn by_model(&self, request: &Request, usage: &mut Usage) -> Result<Option<usize>> {
        let Some(llm) = &self.parts.llm else { return Ok(None) };
        let completion = llm.complete(self.prompt(request)).await?;
        *usage = completion.usage;
        let Ok(Named { agent }) = serde_json::from_str(&completion.text) else { return Ok(None) };
        Ok(self.parts.routes.iter().position(|route| route.name == agent))
    }

    fn prompt(&self, request: &Request) -> Prompt {
        let routes = &self.parts.routes;
        let names: Vec<&str> = routes.iter().map(|route| route.name.as_str()).collect();
        let schema = json!({
            "type": "object",
            "properties": {"agent": {"type": "string", "enum": names}},
            "required": ["agent"],
            "additionalProperties": false,
        });
        let lines = routes.iter().map(|route| format!("\n- {}: {}", route.name, route.description));
        let instructions = format!(
            "Choose which agent is to answer the user. Do not answer yourself: reply with JSON as in \
             {{\"agent\": \"{}\"}}. The agents:{}",
            names[0],
            lines.collect::<String>()
        );
        let messages = vec![Message::system(instructions), Message::user(&request.question)];
        let prompt = Prompt::new(messages).sampling(Sampling::greedy()).priority(request.priority);
        prompt.schema(schema).max_output_tokens(MAX_NAME_TOKENS)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Agent for Router {
    async fn run(&self, request: Request) -> Result<EventStream> {
        if request.question.trim().is_empty() {
            return Err(Error::invalid("question", "expected some text, got none"));
        }
        let router = self.clone();
        Ok(events(move |emitter| router.walk(request, emitter)))
    }
}

/// The vectors of an embedder that keeps its promise.
fn one_for_each(embedder: &dyn Embedder, vectors: Vec<Vec<f32>>, texts: usize) -> Result<Vec<Vec<f32>>> {
    let dimensions = embedder.dimensions();
    if vectors.len() == texts && vectors.iter().all(|vector| vector.len() == dimensions) {
        return Ok(vectors);
    }
    let source = format!("expected {texts} vectors of {dimensions} values, got {} others", vectors.len());
    Err(Error::Foreign { what: format!("embedder `{}`", embedder.name()), source: source.into() })
}

/// Of vectors of length 1.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
