use rmcp::ServiceExt;
use rmcp::service::{QuitReason, ServerInitializeError};
use rushlight::{Error, Result};
use tokio::io::{AsyncRead, AsyncWrite};

use super::McpServer;
use super::protocol::Protocol;
use crate::failure::failed;

const WHAT: &str = "MCP client";

impl McpServer {
    /// Serves the program that started this one, over the standard streams, until it closes our input. Calls that run then
    /// have five seconds to end, and are dropped.
    ///
    /// Nothing else may write to standard output meanwhile: not `println!`, but `eprintln!`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]: two tools have one name. [`Error::Foreign`]: the client does not speak the protocol, or a tool cannot tell
    /// its [choices](rushlight::Choices).
    ///
    /// # Cancellation
    ///
    /// Dropping the future ends the connection, and the calls that run.
    pub async fn serve_stdio(self) -> Result<()> {
        self.serve(tokio::io::stdin(), tokio::io::stdout()).await
    }

    /// The same over any two streams.
    pub async fn serve(
        self,
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<()> {
        self.check().await?;
        let service = match Protocol::new(self).serve((input, output)).await {
            Ok(service) => service,
            // A client that asks for nothing wants nothing.
            Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
            Err(error) => return Err(failed(WHAT, &error)),
        };
        match service.waiting().await {
            Ok(QuitReason::JoinError(error)) | Err(error) => Err(failed(WHAT, &error)),
            Ok(QuitReason::Cancelled) => Err(Error::Cancelled),
            Ok(_) => Ok(()),
        }
    }
}
