"""Tools of a server that the official library runs. `cargo xtask test --only mcp` installs it."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rushlight import (
    Assistant,
    ForeignError,
    InvalidError,
    IoError,
    McpServer,
    McpTools,
    ScriptedLlm,
    TimeoutError,
    ToolOutput,
    UnknownError,
    tool,
)

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("RUSHLIGHT_MCP_PYTHON", str(REPOSITORY / "target/mcp/bin/python"))
SERVER = str(REPOSITORY / "tests/tests/mcp/server.py")


@tool
def double(number: int) -> int:
    """Doubles."""
    return 2 * number


@tool(approve=True)
async def halve(number: int) -> float:
    """Halves."""
    await asyncio.sleep(0)
    return number / 2


@pytest.fixture
def server() -> Any:
    """How the server is started."""
    assert Path(PYTHON).exists(), f"`{PYTHON}` is missing: run `cargo xtask test --only mcp`"
    return {"command": PYTHON, "args": [SERVER]}


@pytest.fixture
def url() -> Iterator[str]:
    """Where the same server listens."""
    with subprocess.Popen([PYTHON, SERVER, "http"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


def connected(endpoint: Any) -> McpTools:
    """The tools of a server that may not listen yet."""
    for _ in range(300):
        try:
            return McpTools.connect(endpoint)
        except ForeignError:
            time.sleep(0.1)
    return McpTools.connect(endpoint)


def call(tools: Any, name: str, arguments: dict[str, Any]) -> ToolOutput:
    """What a model's call gives."""
    script: list[Any] = [{"tool_calls": [{"name": name, "arguments": arguments}]}, "Done."]
    with Assistant(ScriptedLlm(script), tools=tools).stream("Go") as events:
        (output,) = [event for event in events if isinstance(event, ToolOutput)]
    return output


def test_a_program_and_functions_are_tools_of_one_assistant(server: Any) -> None:
    with McpTools.connect(server) as tools:
        assert tools.names == ["add", "greet", "fail"]
        assert tools.refused == {}
        assert tools.protocol_version == "2026-07-28"
        assert repr(tools) == '<rushlight.McpTools ["add", "greet", "fail"]>'
        assert call([double, tools], "add", {"a": 1, "b": 2}).content == "3"
        assert call([double, tools], "double", {"number": 4}).content == "8"
        assert call([tools], "add", {"a": "one"}).status == "invalid_arguments"
        assert call([tools], "fail", {}).status == "error"
        with pytest.raises(TypeError, match="McpTools"):
            pickle.dumps(tools)
    assert call([tools], "add", {"a": 1, "b": 2}).status == "error"


def test_a_server_is_spoken_to_over_http(url: str) -> None:
    with connected({"url": url, "headers": {"X-Who": "test"}}) as tools:
        assert call([tools], "add", {"a": 1, "b": 2}).content == "3"


def test_options_choose_and_name_tools(server: Any) -> None:
    with McpTools.connect(server, prefix="sums_", allow=["add"], policy={"dry_run": True}) as tools:
        assert tools.names == ["sums_add"]
        assert call([tools], "sums_add", {"a": 1, "b": 2}).status == "dry_run"
    with pytest.raises(UnknownError, match="subtract"):
        McpTools.connect(server, allow=["subtract"])


def test_two_servers_need_different_names(server: Any) -> None:
    with McpTools.connect(server) as one, McpTools.connect(server) as other:
        with pytest.raises(InvalidError, match="got `add` twice"):
            Assistant(ScriptedLlm([]), tools=[one, other])


def test_async_code_connects_and_cancels(server: Any) -> None:
    async def main() -> None:
        async with await McpTools.aconnect(server) as tools:
            assert tools.names == ["add", "greet", "fail"]
            answer = await Assistant(ScriptedLlm(["Hello."]), tools=[tools]).arun("Go")
            assert answer.text == "Hello."
        silent = asyncio.create_task(McpTools.aconnect({"command": "sleep", "args": ["60"]}))
        await asyncio.sleep(0.1)
        silent.cancel()
        with pytest.raises(asyncio.CancelledError):
            await silent

    asyncio.run(main())


def test_mistakes_are_named() -> None:
    with pytest.raises(IoError, match="no-such-program"):
        McpTools.connect({"command": "no-such-program"})
    with pytest.raises(TimeoutError, match="connecting to the MCP server"):
        McpTools.connect({"command": "sleep", "args": ["60"]}, connect_timeout=0.2)
    with pytest.raises(ForeignError):
        McpTools.connect({"command": "true"})
    with pytest.raises(InvalidError, match="`command`.*`url`"):
        McpTools.connect({"program": "python3"})  # type: ignore[arg-type]
    with pytest.raises(InvalidError, match="unknown field `retry`"):
        McpTools.connect({"command": "true"}, retry=1)  # type: ignore[call-arg]


def served() -> McpServer:
    """Functions, sync and async, and an assistant that has one of them."""
    script: list[Any] = [{"tool_calls": [{"name": "double", "arguments": {"number": 4}}]}, "Eight."]
    agent = Assistant(ScriptedLlm(script), tools=[double])
    return McpServer("numbers", tools=[double, halve], agent=agent, approver=lambda _call: True)


def test_our_server_offers_functions_and_an_assistant() -> None:
    with served().serve_http(token="secret") as server:
        endpoint: Any = {"url": server.url, "headers": {"Authorization": "Bearer secret"}}
        with McpTools.connect(endpoint) as tools:
            assert tools.names == ["double", "halve", "ask"]
            assert call([tools], "double", {"number": 4}).content == "8"
            assert call([tools], "halve", {"number": 3}).content == "1.5"
            assert call([tools], "ask", {"question": "What is 4 doubled?"}).content == "Eight."
        with pytest.raises(ForeignError):
            McpTools.connect({"url": server.url})
    with pytest.raises(ForeignError):
        McpTools.connect(endpoint)


def test_a_call_that_nobody_waits_for_is_cancelled() -> None:
    cancelled = threading.Event()

    async def wait() -> None:
        """Waits for ever."""
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with McpServer("waiting", tools=[wait], tool_timeout=60).serve_http() as server:
        with McpTools.connect({"url": server.url}, policy={"timeout": 0.2}) as tools:
            assert call([tools], "wait", {}).status == "timeout"
            assert cancelled.wait(20)


def test_async_code_serves() -> None:
    async def main() -> None:
        async with await McpServer("numbers", tools=[double]).aserve_http() as server:
            async with await McpTools.aconnect({"url": server.url}) as tools:
                assert tools.names == ["double"]

    asyncio.run(main())


def test_a_program_is_served_over_its_streams() -> None:
    program = """
from rushlight import McpServer
def triple(number: int) -> int:
    "Triples."
    return 3 * number
McpServer("numbers", tools=[triple]).serve_stdio()
"""
    with McpTools.connect({"command": sys.executable, "args": ["-c", program]}) as tools:
        assert call([tools], "triple", {"number": 4}).content == "12"


def test_what_cannot_be_served_is_refused() -> None:
    with pytest.raises(InvalidError, match="expected an address and a port"):
        McpServer("numbers").serve_http("localhost")
    with pytest.raises(InvalidError, match="expected a token"):
        McpServer("numbers").serve_http("0.0.0.0:0")
    with pytest.raises(InvalidError, match="got `ask` twice"):
        agent = Assistant(ScriptedLlm([]))
        McpServer("numbers", tools=[tool(name="ask")(double.function)], agent=agent).serve_http()
