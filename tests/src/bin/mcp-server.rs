//! Offers the tools of the tests, a few documents and an assistant to an MCP client, over standard streams, or over HTTP if
//! an argument says `http`: then its first line is where, and an argument after that is its token.

#![expect(clippy::unwrap_used, reason = "this member is made of tests")]

use rushlight_mcp::McpHttpOptions;
use rushlight_tests::support::mcp;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let server = mcp::server().await;
    if arguments.next().as_deref() != Some("http") {
        return server.serve_stdio().await.unwrap();
    }
    let options = McpHttpOptions::default();
    let options = match arguments.next() {
        Some(token) => options.token(token),
        None => options,
    };
    let serving = server.serve_http(options).await.unwrap();
    println!("{}", serving.url());
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}
