"""Parameters whose values change while the program runs, and functions that know their run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rushlight import Assistant, Error, InvalidError, MemorySessions, ScriptedLlm, ToolCall, ToolContext, ToolOutput, tool

def call(function: Any, arguments: dict[str, Any]) -> ToolOutput:
    """What the model would see of one call."""
    turn = {"tool_calls": [{"name": function.name, "arguments": arguments}]}
    with Assistant(ScriptedLlm([turn, "done"]), tools=[function]).stream("go") as events:
        return next(event for event in events if isinstance(event, ToolOutput))


@pytest.mark.parametrize("is_async", [False, True])
def test_a_parameter_has_the_values_of_now(is_async: bool, tmp_path: Path) -> None:
    def files() -> Any:
        async def later() -> list[Path]:
            return sorted(tmp_path.iterdir())

        return later() if is_async else (file for file in sorted(tmp_path.iterdir()))

    @tool(choices={"path": files})
    def read(path: str) -> str:
        return Path(path).read_text()

    def offered() -> Any:
        llm = ScriptedLlm(["done"])
        Assistant(llm, tools=[read]).run("go")
        return [spec["parameters"]["properties"]["path"]["enum"] for spec in llm.prompts()[0]["tools"]]

    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    assert offered() == []
    one.write_text("1")
    assert offered() == [[str(one)]]
    refused = call(read, {"path": str(two)})
    assert (refused.status, "is not one of" in refused.content) == ("invalid_arguments", True)
    two.write_text("2")
    assert offered() == [[str(one), str(two)]]
    assert call(read, {"path": str(two)}).content == "2"
    assert read.parameters["properties"] == {"path": {"type": "string"}}


def test_choices_that_cannot_be_told_are_named() -> None:
    def reading(values: Any) -> str:
        @tool(choices={"path": values})
        def read(path: str) -> str:
            return path

        with pytest.raises(Error) as caught:
            Assistant(ScriptedLlm(["done"]), tools=[read]).run("go")
        return str(caught.value)

    def gone() -> list[str]:
        raise OSError("the disk is gone")

    assert reading(gone) == "tool `read` failed: choices of `path` failed: the disk is gone"
    assert "expected a list of values or None, got `str`" in reading(lambda: "a.txt")
    with pytest.raises(TypeError, match="expected a function as the choices of `path`, got `list`"):
        tool(choices={"path": ["a.txt"]})(lambda path: path)  # type: ignore[dict-item]
    with pytest.raises(InvalidError, match=r"choices of tool `read`: expected names of its parameters \(path\), got `file`"):
        Assistant(ScriptedLlm([]), tools=[tool(name="read", choices={"file": lambda: None})(lambda path: path)])


@pytest.mark.parametrize("is_async", [False, True])
def test_a_tool_may_know_its_run(is_async: bool) -> None:
    contexts: list[ToolContext] = []

    @tool
    def look(what: str, context: ToolContext) -> str:
        contexts.append(context)
        return f"{what} for {context.session}"

    @tool(name="look")
    async def look_later(context: ToolContext, what: str) -> str:
        return look(what, context)

    def approve(asked: ToolCall, run: ToolContext) -> bool:
        contexts.append(run)
        return run.grants("look:tea")

    used: Any = look_later if is_async else look
    assert used.parameters["properties"] == {"what": {"type": "string"}}
    approved = tool(name="look", approve=True)(used.function)
    turns: list[Any] = [{"tool_calls": [{"name": "look", "arguments": {"what": "tea"}}]}, "done"]
    assistant = Assistant(ScriptedLlm(turns * 2), tools=[approved], approver=approve, sessions=MemorySessions())

    def output(**options: Any) -> ToolOutput:
        with assistant.stream("go", **options) as events:
            return [event for event in events if isinstance(event, ToolOutput)][0]

    assert output(session="ann", scopes=["look:*"]).content == "tea for ann"
    asked, run = contexts
    assert (asked.session, asked.scopes, run.session, run.on_behalf_of) == ("ann", {"look:*"}, "ann", None)
    assert 0 < (run.time_left or 0) < 600
    assert output().status == "denied"
    assert contexts[-1].session is None
    assert look("tea", ToolContext(session="bob", scopes=["a"])) == "tea for bob"
    assert repr(contexts[-1]) == '<rushlight.ToolContext session="bob" scopes={"a"}>'
