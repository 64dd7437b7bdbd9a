use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use rushlight::{Error, Tool};
use rushlight_mcp::{McpEndpoint, McpTool};
use serde_json::json;

use crate::convert::options_from_json;
use crate::runtime::{Apart, Cancellation, promise};

/// The tools of a server of the Model Context Protocol.
#[napi]
pub struct McpTools {
    tools: Apart<rushlight_mcp::McpTools>,
}

#[napi]
impl McpTools {
    /// Connects to the server that JSON text describes, with options as JSON text.
    #[napi(ts_return_type = "Promise<McpTools>")]
    pub fn connect<'env>(
        env: &'env Env,
        server: String,
        options: String,
        cancellation: &Cancellation,
    ) -> napi::Result<PromiseRaw<'env, Self>> {
        promise(env, cancellation.cancelled(), async move {
            let options = options_from_json("MCP options", &options, &["connect_timeout"])?;
            let tools = rushlight_mcp::McpTools::connect(endpoint(&server)?, options).await?;
            Ok(Self { tools: Apart::new(tools) })
        })
    }

    /// Names, refused tools and revision of the protocol, as JSON text.
    #[napi]
    pub fn about(&self) -> String {
        let names: Vec<String> = self.shared().iter().map(|tool| tool.spec().name.clone()).collect();
        let version = self.tools.protocol_version();
        json!({ "names": names, "refused": self.tools.refused(), "protocol_version": version }).to_string()
    }

    /// Ends the connection.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let tools = self.tools.clone();
        promise(env, std::future::pending(), async move {
            tools.close().await;
            Ok(())
        })
    }
}

impl McpTools {
    /// The tools for a toolbox.
    pub(crate) fn shared(&self) -> Vec<McpTool> {
        self.tools.tools()
    }
}

fn endpoint(server: &str) -> rushlight::Result<McpEndpoint> {
    let unexpected = |_| {
        let expected = "expected an object with `command` and maybe `args`, `env` and `cwd`, or one with `url` and maybe `headers`";
        Error::invalid("server", expected)
    };
    serde_json::from_str(server).map_err(unexpected)
}
