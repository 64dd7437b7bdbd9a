"""A client by the official library: asks the server at a URL, or the one that a command starts, and says what it heard."""

import asyncio
import json
import sys

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client


async def main(mode: str, target: str, token: str | None = None) -> None:
    if not target.startswith("http"):
        server = StdioServerParameters(command=target)
    elif token:
        http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"})
        server = streamable_http_client(target, http_client=http)
    else:
        server = target
    heard = {}
    async with Client(server, mode=mode) as client:
        heard["revision"] = client.protocol_version
        heard["tools"] = [tool.name for tool in (await client.list_tools()).tools]
        for name, arguments in [("add", {"a": 1, "b": 2}), ("boom", {}), ("ask", {"question": "3 * 3?"})]:
            result = await client.call_tool(name, arguments)
            heard[name] = [result.is_error, result.content[0].text]
        try:
            await client.call_tool("nothing", {})
        except Exception as error:
            heard["nothing"] = str(error)
    print(json.dumps(heard))


asyncio.run(main(*sys.argv[1:]))
