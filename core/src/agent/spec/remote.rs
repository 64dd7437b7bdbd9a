use std::env;

use serde::{Deserialize, Serialize};

use super::AgentSpec;
use crate::{Error, RemoteLlm, RemoteLlmOptions, Result};

/// A model behind a server, as an [`AgentSpec`] names it. The key is no part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
#[non_exhaustive]
pub struct RemoteModel {
    /// Where the server is, for example `http://127.0.0.1:8000/v1`.
    pub url: String,
    /// The model's name there.
    pub name: String,
    /// The environment variable that holds the key. Default: none, for a server that asks for no key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// How the server is asked.
    pub options: RemoteLlmOptions,
}

/// The same before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    url: String,
    name: String,
    #[serde(default)]
    api_key_env: Option<String>,
    #[serde(default)]
    options: RemoteLlmOptions,
}

impl TryFrom<Written> for RemoteModel {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { url, name, api_key_env, options } = written;
        if options.api_key.is_some() {
            return Err("expected no key in a spec, but `api_key_env`, a variable that holds it".to_owned());
        }
        RemoteLlm::new(&url, &name, options.clone()).map_err(|error| error.to_string())?;
        Ok(Self { url, name, api_key_env, options })
    }
}

impl AgentSpec {
    /// Whether its model is that of a server: it names one, and none of this machine.
    pub fn is_remote(&self) -> bool {
        self.model.is_none() && self.remote_model.is_some()
    }

    /// The model behind a server that the spec names, with the key that the environment holds. Nobody is asked yet.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where it names none, where the variable of the key is not set, and those of [`RemoteLlm::new`].
    pub fn remote_llm(&self) -> Result<RemoteLlm> {
        let Some(RemoteModel { url, name, api_key_env, options }) = &self.remote_model else {
            return Err(Error::invalid("remote_model", "expected a server and its model, got none"));
        };
        let mut options = options.clone();
        if let Some(variable) = api_key_env {
            let key = env::var(variable).map_err(|_| {
                Error::invalid("remote_model.api_key_env", format!("expected `{variable}` to be set"))
            })?;
            options.api_key = Some(key);
        }
        RemoteLlm::new(url, name, options)
    }
}
