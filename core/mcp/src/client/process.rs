use std::env;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{ErrorData, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rushlight::{Error, Result};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use super::line::{Line, Lines};
use super::{MAX_MESSAGE, StdioEndpoint};

/// How long a program may take to end after its input was closed.
const FAREWELL: Duration = Duration::from_secs(2);

/// What programs need of our environment, and what holds no secrets.
const INHERITED: [&str; 19] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "APPDATA",
    "LOCALAPPDATA",
    "PATHEXT",
    "PROGRAMFILES",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERPROFILE",
];

/// A message on a line, to and from a program that we started.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    input: Arc<Mutex<Option<ChildStdin>>>,
    output: Lines<ChildStdout>,
}

impl Process {
    pub(super) fn start(endpoint: &StdioEndpoint) -> Result<Self> {
        let failed = |source| Error::io("start", &endpoint.command, source);
        let mut command = Command::new(&endpoint.command);
        command.args(&endpoint.args).env_clear();
        command.envs(INHERITED.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        command.envs(&endpoint.env);
        if let Some(folder) = &endpoint.cwd {
            command.current_dir(folder);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(failed)?;
        let input = Arc::new(Mutex::new(child.stdin.take()));
        let output = child.stdout.take().ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { child, input, output: Lines::new(output, MAX_MESSAGE) })
    }
}

impl Transport<RoleClient> for Process {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let input = Arc::clone(&self.input);
        async move {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            let mut input = input.lock().await;
            let input = input.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            input.write_all(&line).await?;
            input.flush().await
        }
    }

    /// Lines that are no message are passed over: programs write about themselves.
    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            match self.output.next().await.ok()?? {
                Line::Whole(line) => match serde_json::from_str(&String::from_utf8_lossy(&line)) {
                    Ok(message) => return Some(message),
                    Err(error) => tracing::debug!(%error, "an MCP server wrote a line that is no message"),
                },
                Line::TooLong(Some(id)) => return Some(too_long(id)),
                Line::TooLong(None) => {
                    tracing::warn!("an MCP server wrote a line of more than {MAX_MESSAGE} bytes");
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.input.lock().await.take();
        if tokio::time::timeout(FAREWELL, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}

/// What stands for an answer that nobody can read.
fn too_long(id: i64) -> RxJsonRpcMessage<RoleClient> {
    let message = format!("its answer has more than {MAX_MESSAGE} bytes");
    JsonRpcMessage::error(ErrorData::internal_error(message, None), Some(RequestId::Number(id)))
}
