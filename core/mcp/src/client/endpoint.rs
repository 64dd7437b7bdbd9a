use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where a server is.
///
/// Its JSON form is the one that lists of servers have elsewhere: an object with `command`, or one with `url`.
///
/// ```
/// use rushlight_mcp::{McpEndpoint, StdioEndpoint};
///
/// # fn main() -> serde_json::Result<()> {
/// let endpoint: McpEndpoint = serde_json::from_str(r#"{"command": "python3", "args": ["server.py"]}"#)?;
/// assert_eq!(endpoint, StdioEndpoint::new("python3").arg("server.py").into());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum McpEndpoint {
    /// A program that is started.
    Stdio(StdioEndpoint),
    /// A server that runs.
    Http(HttpEndpoint),
}

/// A program that is started and spoken to over its standard streams; what it writes to standard error goes to ours.
///
/// There is no shell between. The program ends with the connection: its input is closed, and if that does not end it within
/// two seconds, it is killed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StdioEndpoint {
    /// The program: a path, or a name that is looked for in `PATH`.
    pub command: String,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Its environment, beside the variables that every program needs, such as `PATH` and `HOME`. It gets no others of
    /// ours, since these may hold secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The folder that it runs in. Default: ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<PathBuf>,
}

impl StdioEndpoint {
    /// A program without arguments.
    pub fn new(command: impl Into<String>) -> Self {
        Self { command: command.into(), args: Vec::new(), env: BTreeMap::new(), cwd: None }
    }

    /// The same with one more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// The same with one more variable of its environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// The same in this folder.
    #[must_use]
    pub fn cwd(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cwd = Some(folder.into());
        self
    }
}

/// A server that is spoken to over HTTP. Redirects are not followed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct HttpEndpoint {
    /// Where it is, for example `http://127.0.0.1:8000/mcp`.
    pub url: String,
    /// Headers of every request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

impl HttpEndpoint {
    /// A server that asks for no token.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), headers: BTreeMap::new() }
    }

    /// The same with this bearer token.
    #[must_use]
    pub fn token(self, token: impl AsRef<str>) -> Self {
        self.header("Authorization", format!("Bearer {}", token.as_ref()))
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }
}

impl From<StdioEndpoint> for McpEndpoint {
    fn from(endpoint: StdioEndpoint) -> Self {
        Self::Stdio(endpoint)
    }
}

impl From<HttpEndpoint> for McpEndpoint {
    fn from(endpoint: HttpEndpoint) -> Self {
        Self::Http(endpoint)
    }
}

impl fmt::Display for McpEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio(endpoint) => formatter.write_str(&endpoint.command),
            Self::Http(endpoint) => formatter.write_str(&endpoint.url),
        }
    }
}

/// Values of the environment may be secrets.
impl fmt::Debug for StdioEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.env.keys().collect();
        let mut shown = formatter.debug_struct("StdioEndpoint");
        shown.field("command", &self.command).field("args", &self.args);
        shown.field("env", &names).field("cwd", &self.cwd).finish()
    }
}

/// Values of headers may be secrets.
impl fmt::Debug for HttpEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.headers.keys().collect();
        formatter.debug_struct("HttpEndpoint").field("url", &self.url).field("headers", &names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let program = StdioEndpoint::new("server").env("TOKEN", "hidden");
        let server = HttpEndpoint::new("https://example.org/mcp").token("hidden");

        let shown = format!("{program:?} {server:?}");

        assert!(!shown.contains("hidden"), "{shown}");
        assert!(shown.contains("TOKEN") && shown.contains("Authorization"), "{shown}");
    }

    #[test]
    fn an_object_is_a_program_or_a_server_and_nothing_between() {
        let read = |text| serde_json::from_str::<McpEndpoint>(text);

        assert_eq!(read(r#"{"url": "http://h/mcp"}"#).unwrap(), HttpEndpoint::new("http://h/mcp").into());
        assert!(read(r#"{"url": "http://h/mcp", "command": "c"}"#).is_err());
        assert!(read(r#"{"command": "c", "shell": true}"#).is_err());
    }
}
