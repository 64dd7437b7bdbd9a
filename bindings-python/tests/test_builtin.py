"""Tools that ship, beside functions of one's own."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from rushlight import (
    Assistant,
    Document,
    HashedEmbedder,
    InvalidError,
    IoError,
    KnowledgeBase,
    Passage,
    Retriever,
    ScriptedLlm,
    ToolOutput,
    tool,
    tools,
)
from rushlight.tools import BuiltinTool


def call(built: BuiltinTool, arguments: dict[str, Any]) -> ToolOutput:
    """What a model's call of a tool gives."""
    script: list[dict[str, Any]] = [
        {"tool_calls": [{"name": built.name, "arguments": arguments}]},
        {"text": ["Done."]},
    ]
    with Assistant(ScriptedLlm(script), tools=[built]).stream("Go") as events:
        (output,) = [event for event in events if isinstance(event, ToolOutput)]
    return output


def test_a_tool_tells_what_the_model_is_told() -> None:
    calculate = tools.calculate()

    assert calculate.name == "calculate"
    assert "arithmetic expression" in calculate.description
    assert calculate.parameters["required"] == ["expression"]
    assert calculate.timeout is None
    assert repr(calculate) == "<rushlight.tools.BuiltinTool 'calculate'>"
    with pytest.raises(TypeError, match="BuiltinTool"):
        pickle.dumps(calculate)


def test_arithmetic_is_exact_and_mistakes_are_outputs() -> None:
    assert call(tools.calculate(), {"expression": "2 ^ 100"}).content == "1267650600228229401496703205376"
    output = call(tools.calculate(), {"expression": "1 / 0"})
    assert (output.status, output.content) == ("error", "`calculate` failed: division by zero: `1 / 0`")


def test_a_tool_may_be_shared_and_stands_beside_functions() -> None:
    @tool
    def double(number: int) -> int:
        """Doubles a number."""
        return 2 * number

    calculate = tools.calculate()
    script: list[dict[str, Any]] = [
        {
            "tool_calls": [
                {"name": "calculate", "arguments": {"expression": "3 * 7"}},
                {"name": "double", "arguments": {"number": 21}},
            ]
        },
        {"text": ["Done."]},
    ]
    for _ in range(2):
        with Assistant(ScriptedLlm(script), tools=[calculate, double]).stream("Go") as events:
            outputs = [event.content for event in events if isinstance(event, ToolOutput)]
        assert outputs == ["21", "42"]


def test_the_time_is_that_of_a_zone() -> None:
    output = call(tools.current_time(zone="Asia/Tokyo"), {})

    said = json.loads(output.content)
    assert said["zone"] == "Asia/Tokyo" and said["time"].endswith("+09:00")
    with pytest.raises(InvalidError, match="got `Mars`"):
        tools.current_time(zone="Mars")


def test_files_are_read_and_searched_below_their_root_alone(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.py").write_text("one\ntwo\n")
    (tmp_path / "secret").write_text("secret")
    (root / "link").symlink_to("../secret")

    assert call(tools.read_file(root), {"path": "a.py", "start_line": 2}).content == "two\n[lines 2 to 2 of 2]"
    assert call(tools.read_file(str(root), max_file_bytes=3), {"path": "a.py"}).status == "error"
    assert call(tools.read_file(root, list_files=9), {"path": "string"}).status == "invalid_arguments"
    for path in ["../secret", str(tmp_path / "secret"), "link"]:
        output = call(tools.read_file(root), {"path": path})
        assert output.status == "error" and "secret" not in output.content.replace(path, "")
    assert call(tools.search_code(root, context_lines=0), {"query": "two"}).content == "a.py:2:two\n"
    with pytest.raises(IoError):
        tools.read_file(tmp_path / "nowhere")
    with pytest.raises(InvalidError, match="max_hits"):
        tools.search_code(root, max_hits=0)
    with pytest.raises(InvalidError, match="unknown field `size`"):
        tools.read_file(root, size=1)  # type: ignore[call-arg]


def test_only_allowed_commands_run(tmp_path: Path) -> None:
    echo = tools.run_command(
        tmp_path, [{"program": "echo", "arguments": ["get"], "more": "[a-z]+"}], timeout=5
    )

    assert call(echo, {"program": "echo", "arguments": ["get", "pods"]}).content == "exit code 0\noutput:\nget pods"
    assert "is not allowed" in call(echo, {"program": "echo", "arguments": ["delete"]}).content
    assert call(echo, {"program": "sh"}).status == "invalid_arguments"
    assert echo.timeout is not None and echo.timeout > 5
    dry = tools.run_command(tmp_path, [{"program": "touch", "more": "[a-z]+"}], dry_run=True)
    assert call(dry, {"program": "touch", "arguments": ["made"]}).content.startswith("dry run, not started: ")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InvalidError, match="commands"):
        tools.run_command(tmp_path, [{"arguments": []}])  # type: ignore[typeddict-item]


def test_a_command_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    sleep = tools.run_command(tmp_path, [{"program": "sleep", "arguments": ["[0-9]+"]}], timeout=0.2)

    output = call(sleep, {"program": "sleep", "arguments": ["60"]})

    assert output.status == "error" and "did not end within 200ms and was killed" in output.content


def test_any_retriever_is_a_tool() -> None:
    class Own:
        async def retrieve(self, question: str, k: int) -> list[Passage]:
            return base.retrieve(question, k)

    base = KnowledgeBase(None, HashedEmbedder(64))
    base.ingest([Document("bees.md", "Bees dance.", title="Bees"), Document("moon.md", "The moon is far.")])

    retrievers: list[Retriever] = [base, base.retriever(), Own()]
    for retriever in retrievers:
        output = call(tools.search_knowledge(retriever, name="search_bees", k=1), {"query": "bees dance"})
        assert json.loads(output.content) == {
            "passages": [{"source": "bees.md", "title": "Bees", "text": "Bees dance."}]
        }


def test_a_search_keeps_to_the_filter_of_its_run() -> None:
    base = KnowledgeBase(None, HashedEmbedder(64))
    base.ingest([Document(f"{owner}.md", "Bees dance.", metadata={"owner": owner}) for owner in ("ann", "bob")])
    search = {"tool_calls": [{"name": "search_knowledge", "arguments": {"query": "bees"}}]}
    assistant = Assistant(ScriptedLlm([search, {"text": ["Found."]}]), tools=[tools.search_knowledge(base)])

    with assistant.stream("Go", filter={"field": "owner", "equals": "ann"}) as events:
        (output,) = (event.content for event in events if isinstance(event, ToolOutput))

    assert [passage["source"] for passage in json.loads(output)["passages"]] == ["ann.md"]


def test_a_tool_may_have_as_much_time_as_can_be_said(tmp_path: Path) -> None:
    for tool in (
        tools.fetch_page(timeout=1e19),
        tools.run_command(tmp_path, [{"program": "echo"}], timeout=1e19),
    ):
        assert tool.timeout is not None and tool.timeout > 1e18


def test_no_page_of_this_machine_is_fetched() -> None:
    output = call(tools.fetch_page(timeout=1), {"url": "http://127.0.0.1:1/"})

    assert output.status == "error" and "expected a public address or an allowed host" in output.content
    with pytest.raises(InvalidError, match="hosts"):
        tools.fetch_page(hosts=["http://example.org"])
