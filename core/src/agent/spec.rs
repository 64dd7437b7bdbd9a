#[cfg(feature = "local")]
mod local;
mod reading;
#[cfg(feature = "remote")]
mod remote;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(feature = "remote")]
pub use self::remote::RemoteModel;
use super::{Assistant, AssistantBuilder, Limits};
use crate::cache::{MemoryCache, MemoryCacheOptions};
#[cfg(feature = "local")]
use crate::llm::LocalLlmOptions;
use crate::llm::{Llm, Sampling};
use crate::retrieval::{KnowledgeBase, RetrieverOptions};
use crate::session::{MemorySessions, MemorySessionsOptions};
use crate::setters::with_fields;
use crate::tools::Toolbox;
use crate::{Error, Result};

/// What an assistant is, as far as it is no code: a file in TOML or JSON, the same in all languages.
///
/// ```
/// use rushlight::tools::builtin;
/// use rushlight::{AgentExt, AgentSpec, ScriptedLlm, ScriptedTurn, Toolbox};
///
/// # #[tokio::main] async fn main() -> rushlight::Result<()> {
/// let spec = AgentSpec::from_toml(r#"
///     instructions = "You answer in one sentence."
///     sampling.temperature = 0.2
///     limits = { max_output_tokens = 160, deadline = "30s" }
///     tools.calculate = { rate = "100/min" }
///
///     [profiles.talkative]
///     instructions = "You answer at length."
///     sampling.temperature = 0.7
/// "#)?;
///
/// let llm = ScriptedLlm::new(vec![ScriptedTurn::text("Four."), ScriptedTurn::text("Four, as ever.")]);
/// let tools = Toolbox::new().add(builtin::calculate())?;
/// let assistant = spec.builder(llm.clone(), &tools, None)?.build()?;
/// assert_eq!(assistant.ask("What is 2 + 2?").await?.text, "Four.");
///
/// let talkative = spec.profile("talkative")?.builder(llm, &tools, None)?.build()?;
/// assert_eq!(talkative.ask("What is 2 + 2?").await?.text, "Four, as ever.");
/// # Ok(()) }
/// ```
///
/// What it leaves out has the default of the [builder](Assistant::builder). A key that is not known, and a value of the wrong
/// type or out of its range, is refused with its path. Durations are numbers of seconds or text such as `30s`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AgentSpec {
    /// The name or path of a model of this machine. Default: none, for a model that the caller has.
    pub model: Option<String>,
    /// How that model is set up.
    #[cfg(feature = "local")]
    pub model_options: LocalLlmOptions,
    /// The model of a server, where [`model`](Self::model) names none. Default: none, either.
    #[cfg(feature = "remote")]
    pub remote_model: Option<RemoteModel>,
    /// Who the assistant is and what it does.
    pub instructions: Option<String>,
    /// How the model chooses tokens.
    pub sampling: Sampling,
    /// What one run may spend.
    pub limits: Limits,
    /// The tools that the model may call, by name; of each, the fields of its [policy](crate::ToolPolicy) that are others than
    /// the tool's own.
    pub tools: BTreeMap<String, Map<String, Value>>,
    /// How passages are found in the documents of the caller. Default: as the knowledge base does, if there is one.
    pub retriever: Option<RetrieverOptions>,
    /// Keeps answers in memory. Default: not.
    pub cache: Option<MemoryCacheOptions>,
    /// Keeps answers that needed tools, too. Default false.
    pub cache_tool_answers: bool,
    /// Remembers conversations in memory. Default: not.
    pub sessions: Option<MemorySessionsOptions>,
    /// The same assistant with other parameters, by name.
    pub profiles: BTreeMap<String, AgentProfile>,
}

/// What is different in a profile of an [`AgentSpec`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AgentProfile {
    /// Other instructions. Default: those of the spec.
    pub instructions: Option<String>,
    /// The fields of the spec's [`Sampling`] that are others.
    pub sampling: Map<String, Value>,
    /// The fields of the spec's [`Limits`] that are others.
    pub limits: Map<String, Value>,
}

impl AgentSpec {
    /// The spec of a file whose name ends in `.toml` or `.json`.
    ///
    /// Paths of models begin at the file's folder: what has a separator in it, ends in `.gguf` or is there; all else is a name.
    /// The environment variable `RUSHLIGHT_MODEL`, if it is set, comes in the place of [`model`](Self::model).
    ///
    /// # Errors
    ///
    /// [`Error::Io`] for a file that cannot be read; [`Error::Invalid`] that names the file with the path of the key, or with
    /// the line of a mistake in its syntax.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        reading::load(path.as_ref())
    }

    /// The spec of a text in TOML; neither a folder nor the environment has a say.
    pub fn from_toml(text: &str) -> Result<Self> {
        reading::from_toml(text)
    }

    /// The spec of a text in JSON; neither a folder nor the environment has a say.
    pub fn from_json(text: &str) -> Result<Self> {
        reading::from_json(text)
    }

    /// The spec with what its profile of this name says, and without profiles.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] with the names that there are, and [`Error::Invalid`] for fields that are not known or of another type.
    pub fn profile(&self, name: &str) -> Result<Self> {
        let Some(profile) = self.profiles.get(name) else {
            let known: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            return Err(Error::Unknown { what: "profile", name: name.to_owned(), known: known.join(", ") });
        };
        let refused =
            |error: serde_json::Error| Error::invalid(format!("profile `{name}`"), error.to_string());
        Ok(Self {
            instructions: profile.instructions.clone().or_else(|| self.instructions.clone()),
            sampling: with_fields(&self.sampling, &profile.sampling).map_err(refused)?,
            limits: with_fields(&self.limits, &profile.limits).map_err(refused)?,
            profiles: BTreeMap::new(),
            ..self.clone()
        })
    }

    /// The tools with the policies of the spec. A tool whose policy stays what it is shares with `tools` what that counts.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] unless these are the tools that the spec names, and for a policy that cannot be kept.
    pub fn toolbox(&self, tools: &Toolbox) -> Result<Toolbox> {
        tools.with_policies(&self.tools)
    }

    /// Starts an assistant as the spec says, of a model, of the tools that it names, and of documents that are searched as it
    /// says. What is set on the builder afterwards comes in the place of what the spec says.
    ///
    /// # Errors
    ///
    /// Those of [`toolbox`](Self::toolbox), and [`Error::Invalid`] for a `retriever` without documents.
    pub fn builder(
        &self,
        llm: impl Llm,
        tools: &Toolbox,
        documents: Option<KnowledgeBase>,
    ) -> Result<AssistantBuilder> {
        let mut builder = Assistant::builder(llm).sampling(self.sampling.clone()).limits(self.limits.clone());
        if let Some(instructions) = &self.instructions {
            builder = builder.instructions(instructions);
        }
        let tools = self.toolbox(tools)?;
        if !tools.is_empty() {
            builder = builder.tools(tools);
        }
        match (documents, &self.retriever) {
            (Some(base), Some(options)) => builder = builder.retriever(base.retriever(options.clone())?),
            (Some(base), None) => builder = builder.retriever(base),
            (None, Some(_)) => {
                return Err(Error::invalid("retriever", "expected a knowledge base to search, got none"));
            }
            (None, None) => {}
        }
        if let Some(options) = &self.cache {
            builder = builder.cache(MemoryCache::new(options.clone()));
        }
        if self.cache_tool_answers {
            builder = builder.cache_tool_answers();
        }
        if let Some(options) = &self.sessions {
            builder = builder.sessions(MemorySessions::with_options(options.clone()));
        }
        Ok(builder)
    }
}
