"""A server by the official library, over standard streams, or over HTTP if an argument says so: then its first line is
where."""

import socket
import sys

from mcp.server.mcpserver import MCPServer

server = MCPServer("official")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers"""
    return a + b


@server.tool()
def greet(name: str) -> dict[str, str]:
    """Greet somebody"""
    return {"text": f"Hello, {name}!"}


@server.tool()
def fail() -> str:
    """Always fails"""
    raise ValueError("out of luck")


if sys.argv[1:] == ["http"]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    print(f"http://127.0.0.1:{port}/mcp", flush=True)
    server.run("streamable-http", host="127.0.0.1", port=port)
else:
    server.run()
