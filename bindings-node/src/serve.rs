use std::net::SocketAddr;
use std::sync::Arc;

use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use rushlight::{Agent, Error, Result, ToolContext, Toolbox};
use rushlight_mcp::{AskOptions, McpHttpOptions};
use serde::Deserialize;

use crate::convert::options_from_json;
use crate::runtime::{Apart, Cancellation, promise};

/// What a server says of itself, and whom it serves.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    name: String,
    agent_name: Option<String>,
    agent_description: Option<String>,
    instructions: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
}

/// Tools, and an agent as a tool, for clients of the Model Context Protocol.
#[napi]
pub struct McpServer {
    server: Apart<rushlight_mcp::McpServer>,
}

#[napi]
impl McpServer {
    /// Serves over the standard streams.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn serve_stdio<'env>(
        &self,
        env: &'env Env,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let server = self.server.clone();
        promise(env, cancellation.cancelled(), server.serve_stdio())
    }

    /// Starts to serve over HTTP.
    #[napi(ts_return_type = "Promise<McpHttpServer>")]
    pub fn serve_http<'env>(
        &self,
        env: &'env Env,
        address: String,
        token: Option<String>,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, McpHttpServer>> {
        let server = self.server.clone();
        promise(env, cancellation.cancelled(), async move {
            let mut options = McpHttpOptions::default().address(parsed(&address)?);
            options.token = token;
            let server = server.serve_http(options).await?;
            Ok(McpHttpServer { url: server.url(), server: Some(server), closed: Cancellation::new() })
        })
    }
}

impl McpServer {
    /// A server of these tools; `about` is JSON text.
    pub(crate) fn new(about: &str, tools: Toolbox, agent: Option<Arc<dyn Agent>>) -> Result<Self> {
        let about: About = options_from_json("server options", about, &[])?;
        let mut server = rushlight_mcp::McpServer::new(about.name).tools(tools);
        if let Some(agent) = agent {
            let mut ask = AskOptions::default();
            ask.name = about.agent_name.unwrap_or(ask.name);
            ask.description = about.agent_description.unwrap_or(ask.description);
            server = server.agent(agent, ask);
        }
        if let Some(instructions) = about.instructions {
            server = server.instructions(instructions);
        }
        let server = server.context(ToolContext::new().scopes(about.scopes));
        Ok(Self { server: Apart::new(server) })
    }
}

fn parsed(address: &str) -> Result<SocketAddr> {
    let expected = format!("expected an address and a port, as `127.0.0.1:0`, got `{address}`");
    address.parse().map_err(|_| Error::invalid("address", expected))
}

/// A server that listens until it is closed.
#[napi]
pub struct McpHttpServer {
    url: String,
    server: Option<rushlight_mcp::McpHttpServer>,
    closed: Cancellation,
}

#[napi]
impl McpHttpServer {
    /// What clients are told.
    #[napi(getter)]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Settles when it is closed. Keeps process and server until then, also when this object is collected.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn listening<'env>(&mut self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let (server, closed) = (self.server.take(), self.closed.told());
        promise(env, std::future::pending(), async move {
            closed.await;
            if let Some(server) = server {
                server.close().await;
            }
            Ok(())
        })
    }

    /// Stops listening.
    #[napi]
    pub fn close(&self) {
        self.closed.cancel();
    }
}
