"""Models behind a server, by one on this machine."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rushlight import Assistant, Done, InvalidError, ModelError, RemoteLlm, Text, TimeoutError, tool

Reply = tuple[int, list[dict[str, Any]]]


class Server:
    """A server of chat completions: each request takes the next reply, a status and events; without events it is silent."""

    def __init__(self, replies: list[Reply]) -> None:
        self.asked: list[dict[str, Any]] = []
        self.gone = threading.Event()
        server = self

        class Completions(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.asked.append({"path": self.path, "key": self.headers["Authorization"], **body})
                status, events = replies.pop(0)
                self.send_response(status)
                self.send_header("Content-Type", "text/event-stream" if status == 200 else "application/json")
                if status == 429:
                    self.send_header("Retry-After", "0")
                self.end_headers()
                for event in events:
                    text = json.dumps(event)
                    self.wfile.write((f"data: {text}\n\n" if status == 200 else text).encode())
                self.wfile.flush()
                if not any("finish_reason" in str(event) for event in events) and status == 200:
                    self.rfile.read(1)
                    server.gone.set()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.listening = ThreadingHTTPServer(("127.0.0.1", 0), Completions)
        self.url = f"http://127.0.0.1:{self.listening.server_port}/v1"
        threading.Thread(target=self.listening.serve_forever).start()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*replies: Reply) -> Server:
        servers.append(Server(list(replies)))
        return servers[-1]

    yield start
    for server in servers:
        server.listening.shutdown()
        server.listening.server_close()


def text(content: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content}}]}


def end(reason: str = "stop") -> dict[str, Any]:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}}
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}], "usage": usage}


def call(arguments: str) -> dict[str, Any]:
    function = {"name": "add", "arguments": arguments}
    return {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "c1", "function": function}]}}]}


BUSY: Reply = (429, [{"error": {"message": "slow down"}}])


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def test_an_assistant_streams_calls_tools_and_mends_arguments(serve: Callable[..., Server]) -> None:
    calls = [call('{"a": 1, "b": '), call('{"a": 1, "b": 2}')]
    server = serve(BUSY, *[(200, [piece, end("tool_calls")]) for piece in calls], (200, [text("It is "), text("3."), end()]))
    llm = RemoteLlm(server.url, "m", api_key="secret", extra={"reasoning_effort": "low"}, context_window=5000, timeout=20)
    assistant = Assistant(llm, tools=[add])

    with assistant.stream("What is 1 + 2?") as stream:
        events = list(stream)

    assert [event.text for event in events if event.type == "text"] == ["It is ", "3."]
    statuses = [event.status for event in events if event.type == "tool_output"]
    assert statuses == ["invalid_arguments", "success"]
    done = events[-1]
    assert isinstance(done, Done)
    usage = done.answer.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (21, 9, 6)
    assert {(asked["path"], asked["key"]) for asked in server.asked} == {("/v1/chat/completions", "Bearer secret")}
    assert {asked["reasoning_effort"] for asked in server.asked} == {"low"}
    assert (llm.name, llm.context_window, llm.count_tokens("12345")) == (
        f'm at {server.url} with {{"reasoning_effort":"low"}}',
        5000,
        2,
    )
    assert "secret" not in repr(llm)


def test_what_a_server_refuses_reaches_the_caller(serve: Callable[..., Server]) -> None:
    refused: Reply = (401, [{"error": {"message": "no such key: secret"}}])
    server = serve(refused, BUSY, (200, [text("Once")]))
    assistant = Assistant(RemoteLlm(server.url, "m", api_key="secret", retries=0, idle_timeout=0.1))

    with pytest.raises(InvalidError, match="^invalid `api_key` for `m at .*`: status 401: no such key: …$"):
        assistant.run("Hi")
    with pytest.raises(ModelError, match="status 429: slow down") as busy:
        asyncio.run(assistant.arun("Hi"))
    assert busy.value.retryable
    with pytest.raises(TimeoutError, match="the model server did not finish within 100ms"):
        assistant.run("Hi")


def test_leaving_the_stream_closes_the_connection(serve: Callable[..., Server]) -> None:
    server = serve((200, [text("Once")]))

    with Assistant(RemoteLlm(server.url, "m")).stream("Tell me a story.") as events:
        first = next(iter(events))

    assert isinstance(first, Text) and first.text == "Once"
    assert server.gone.wait(20)


def test_what_cannot_be_asked_is_refused() -> None:
    url = "http://127.0.0.1:1/v1"
    with pytest.raises(InvalidError, match="got `example.org`"):
        RemoteLlm("example.org", "m")
    with pytest.raises(InvalidError, match="context_window.*at least 1, got 0"):
        RemoteLlm(url, "m", context_window=0)
    with pytest.raises(InvalidError, match="idle_timeout"):
        RemoteLlm(url, "m", idle_timeout=-1)
    with pytest.raises(InvalidError, match="unknown field `colour`"):
        RemoteLlm(url, "m", colour="red")  # type: ignore[call-arg]
    with pytest.raises(InvalidError, match="top_k.*`extended` has one"):
        Assistant(RemoteLlm(url, "m"), sampling={"top_k": 7}).run("Hi")
    with pytest.raises(TypeError, match="RemoteLlm"):
        pickle.dumps(RemoteLlm(url, "m"))


def test_a_spec_names_a_server(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve((200, [text("Hi."), end()]), (200, [text("Hi."), end()]))
    named = {"url": server.url, "name": "m", "api_key_env": "RUSHLIGHT_TEST_KEY", "options": {"timeout": "20s"}}
    spec = {"remote_model": named}

    with pytest.raises(InvalidError, match="expected `RUSHLIGHT_TEST_KEY` to be set"):
        Assistant.from_spec(spec)
    monkeypatch.setenv("RUSHLIGHT_TEST_KEY", "secret")

    assert Assistant.from_spec(spec).run("Hello?").text == "Hi."
    assert asyncio.run(Assistant.afrom_spec(spec)).run("Hello?").text == "Hi."
    assert {asked["key"] for asked in server.asked} == {"Bearer secret"}
    with pytest.raises(InvalidError, match="expected no key in a spec"):
        Assistant.from_spec({"remote_model": {**named, "options": {"api_key": "secret"}}})
