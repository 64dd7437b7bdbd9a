use std::env;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{ClientRequest, ErrorData, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rushlight::{Error, Result};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use super::group::Group;
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
    group: Group,
    child: Child,
    input: Arc<Mutex<Option<ChildStdin>>>,
    output: Lines<ChildStdout>,
    /// The request by which the connection began in the way of older revisions.
    initialize: Option<i64>,
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
        Group::begin_with(&mut command);
        let mut child = command.spawn().map_err(failed)?;
        let group = Group::of(&child);
        let input = Arc::new(Mutex::new(child.stdin.take()));
        let output = child.stdout.take().ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { group, child, input, output: Lines::new(output, MAX_MESSAGE), initialize: None })
    }

    /// Whether this answers what was asked before the connection began in the older way: a program that takes long to start
    /// is asked first for its newest revision, and then, after ten seconds, to begin without.
    fn is_late(&self, message: &RxJsonRpcMessage<RoleClient>) -> bool {
        let answered = match message {
            JsonRpcMessage::Response(response) => Some(&response.id),
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            _ => None,
        };
        matches!((answered, self.initialize), (Some(RequestId::Number(id)), Some(begun)) if *id < begun)
    }
}

impl Transport<RoleClient> for Process {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        if let JsonRpcMessage::Request(asked) = &message
            && let (ClientRequest::InitializeRequest(_), RequestId::Number(id)) = (&asked.request, &asked.id)
        {
            self.initialize = Some(*id);
        }
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
                    Ok(message) if self.is_late(&message) => {}
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
        let ended = tokio::time::timeout(FAREWELL, self.child.wait()).await;
        self.group.end();
        if ended.is_err() {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A program that does nothing, after it started another one and told its number.
    async fn with_child() -> (Process, String) {
        let script = r#"sleep 600 & echo "{\"jsonrpc\": \"2.0\", \"id\": $!, \"result\": {}}"; sleep 600"#;
        let mut process = Process::start(&StdioEndpoint::new("sh").arg("-c").arg(script)).unwrap();
        let told = serde_json::to_value(process.receive().await.unwrap()).unwrap();
        (process, told["id"].to_string())
    }

    async fn is_gone(number: &str) -> bool {
        let state = || async {
            let shown = Command::new("ps").args(["-o", "stat=", "-p", number]).output().await.unwrap();
            String::from_utf8(shown.stdout).unwrap().trim().to_owned()
        };
        for _ in 0..100 {
            let state = state().await;
            if state.is_empty() || state.starts_with('Z') {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_a_program_started_ends_with_it() {
        let (mut closed, child_of_closed) = with_child().await;
        let (dropped, child_of_dropped) = with_child().await;

        closed.close().await.unwrap();
        drop(dropped);

        assert!(is_gone(&child_of_closed).await);
        assert!(is_gone(&child_of_dropped).await);
    }

    #[tokio::test]
    async fn an_answer_that_comes_after_the_connection_began_anew_is_passed_over() {
        let script = r#"read -r line
            echo '{"jsonrpc": "2.0", "id": 0, "error": {"code": -32601, "message": "late"}}'
            echo '{"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "in time"}}'"#;
        let mut process = Process::start(&StdioEndpoint::new("sh").arg("-c").arg(script)).unwrap();
        let about = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}});
        let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about});

        process.send(serde_json::from_value(initialize).unwrap()).await.unwrap();

        let answer = serde_json::to_value(process.receive().await.unwrap()).unwrap();
        assert_eq!(answer["id"], 1, "{answer}");
    }
}
