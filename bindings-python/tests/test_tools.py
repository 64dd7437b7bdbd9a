"""Python functions as tools."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import enum
import json
import threading
from typing import Annotated, Any, Literal, Optional, TypedDict

import pydantic
import pytest

from rushlight import Assistant, InvalidError, ScriptedLlm, ToolContext, ToolOutput, tool

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.5


class Options(TypedDict, total=False):
    deep: bool


class Person(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(ge=0)


@dataclasses.dataclass
class Tree:
    name: str
    branches: list[Tree]


def call(function: Any, arguments: dict[str, Any], **options: Any) -> ToolOutput:
    """What the model would see of one call."""
    return outputs(function, [arguments], **options)[0]


def outputs(function: Any, calls: list[dict[str, Any]], **options: Any) -> list[ToolOutput]:
    name = getattr(function, "name", None) or function.__name__
    turn = {"tool_calls": [{"name": name, "arguments": arguments} for arguments in calls]}
    assistant = Assistant(ScriptedLlm([turn, "done"]), tools=[function], **options)
    with assistant.stream("go") as events:
        return [event for event in events if isinstance(event, ToolOutput)]


def test_name_docstring_and_hints_become_the_specification() -> None:
    @tool
    def search(query: str, limit: int = 10, *, kind: Literal["code", "text"] = "code") -> list[str]:
        """Search the code base for a pattern.

        Case is ignored.

        Args:
            query: text or regex
                to look for
            limit (int): how many

        Returns:
            lines
        """
        return [query] * limit

    assert search.name == "search"
    assert search.description == "Search the code base for a pattern.\n\nCase is ignored."
    assert search.parameters == {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "text or regex to look for"},
            "limit": {"type": "integer", "description": "how many", "default": 10},
            "kind": {"type": "string", "enum": ["code", "text"], "default": "code"},
        },
        "required": ["query"],
    }
    assert search("x", 2) == ["x", "x"]


def test_every_supported_type_reaches_the_function_as_its_hint_says() -> None:
    seen: dict[str, Any] = {}

    @tool
    def take(
        colour: Colour,
        point: Point,
        options: Options,
        person: Person,
        tree: Tree,
        pair: tuple[int, str],
        tags: set[str],
        prices: dict[str, float],
        either: int | list[str],
        number: float,
        anything: Any,
        note: Annotated[Optional[str], "a remark"] = None,
    ) -> None:
        seen.update(locals())

    arguments = {
        "colour": "red",
        "point": {"x": 1},
        "options": {"deep": True},
        "person": {"name": "Ann", "age": 3},
        "tree": {"name": "a", "branches": [{"name": "b", "branches": []}]},
        "pair": [1, "one"],
        "tags": ["a", "b"],
        "prices": {"tea": 2},
        "either": ["x"],
        "number": 3,
        "anything": {"deep": [None]},
    }
    output = call(take, arguments)

    assert (output.status, output.content) == ("success", "null")
    assert seen["colour"] is Colour.RED
    assert seen["point"] == Point(1, 0.5)
    assert seen["options"] == {"deep": True}
    assert seen["person"] == Person(name="Ann", age=3)
    assert seen["tree"] == Tree("a", [Tree("b", [])])
    assert seen["pair"] == (1, "one")
    assert seen["tags"] == {"a", "b"}
    assert seen["prices"] == {"tea": 2.0} and type(seen["prices"]["tea"]) is float
    assert seen["either"] == ["x"]
    assert type(seen["number"]) is float
    assert seen["anything"] == {"deep": [None]}
    assert seen["note"] is None
    assert take.parameters["properties"]["note"]["description"] == "a remark"
    assert take.parameters["properties"]["tree"] == {"$ref": "#/$defs/Tree"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, ["x"]),
        ({"x": "one"}, ["/x", "integer"]),
    ],
)
def test_arguments_that_do_not_fit_never_reach_the_function(
    arguments: dict[str, Any], words: list[str]
) -> None:
    ran = []

    def take(x: int) -> None:
        ran.append(x)

    output = call(take, arguments)

    assert output.status == "invalid_arguments" and not ran
    assert all(word in output.content for word in words), output.content


def test_an_argument_that_the_function_does_not_have_is_left_out() -> None:
    def take(x: int) -> int:
        return x

    assert call(take, {"x": 1, "y": 2}).content == "1"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (3, "3"),
        (None, "null"),
        ({"a": [1, 2.5, True]}, '{"a":[1,2.5,true]}'),
        (Point(1, 2), '{"x":1,"y":2}'),
        ([Colour.BLUE], '["blue"]'),
        (Person(name="Zoë", age=1), '{"name":"Zoë","age":1}'),
        ((1, {2}), "[1,[2]]"),
    ],
)
def test_what_a_tool_returns_is_shown_as_text(value: Any, text: str) -> None:
    def give() -> Any:
        return value

    output = call(give, {})

    assert (output.status, output.content) == ("success", text)


@pytest.mark.parametrize("value", [object(), float("nan"), {(1, 2): 3}])
def test_a_value_without_a_json_form_is_an_error_that_the_model_sees(value: Any) -> None:
    def give() -> Any:
        return value

    assert call(give, {}).status == "error"


def test_what_a_tool_raises_is_shown_to_the_model() -> None:
    def sync_boom() -> None:
        raise ValueError("no such file")

    async def async_boom() -> None:
        raise KeyError("key")

    first, second = call(sync_boom, {}), call(async_boom, {})

    assert (first.status, first.content) == ("error", "`sync_boom` failed: no such file")
    assert (second.status, second.content) == ("error", "`async_boom` failed: KeyError: 'key'")


def test_calls_of_one_turn_run_at_the_same_time_and_keep_their_order() -> None:
    barrier = threading.Barrier(3, timeout=5)

    def meet(number: int) -> int:
        barrier.wait()
        return number

    found = outputs(meet, [{"number": number} for number in (3, 1, 2)])

    assert [output.content for output in found] == ["3", "1", "2"]


def test_a_sync_tool_runs_off_the_caller_with_its_context() -> None:
    VARIABLE.set("from the caller")
    threads = []

    def look() -> str:
        threads.append(threading.current_thread())
        value = VARIABLE.get()
        VARIABLE.set("from the tool")
        return value

    output = call(look, {})

    assert output.content == "from the caller"
    assert VARIABLE.get() == "from the caller"
    assert threads[0] is not threading.current_thread()


def test_an_async_tool_runs_on_the_callers_loop_with_its_context() -> None:
    async def look() -> str:
        await asyncio.sleep(0)
        return json.dumps([VARIABLE.get(), id(asyncio.get_running_loop())])

    async def ask() -> tuple[str, int]:
        VARIABLE.set("from the task")
        assistant = Assistant(ScriptedLlm([{"tool_calls": [{"name": "look"}]}, "done"]), tools=[look])
        async for event in assistant.astream("go"):
            if isinstance(event, ToolOutput):
                return event.content, id(asyncio.get_running_loop())
        raise AssertionError("no output")

    content, loop = asyncio.run(ask())

    assert json.loads(content) == ["from the task", loop]


def test_an_async_tool_of_a_sync_run_has_a_loop_and_the_context() -> None:
    VARIABLE.set("from sync code")

    async def look() -> str:
        await asyncio.sleep(0.001)
        return VARIABLE.get()

    assert call(look, {}).content == "from sync code"


def test_a_sync_function_may_return_something_to_await() -> None:
    async def work() -> int:
        return 7

    def start() -> Any:
        return work()

    assert call(start, {}).content == "7"


def test_a_tool_that_hangs_is_stopped_and_its_task_cancelled() -> None:
    cancelled = threading.Event()

    async def hang() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    output = call(hang, {}, tool_timeout=0.05)

    assert output.status == "timeout"
    assert cancelled.wait(5)


def test_a_tools_own_timeout_goes_before_the_assistants() -> None:
    @tool(timeout=0.05)
    async def hang() -> None:
        await asyncio.sleep(60)

    @tool(timeout=60)
    async def patient() -> str:
        await asyncio.sleep(0.1)
        return "done"

    assert (hang.timeout, tool(lambda: 1).timeout) == (0.05, None)
    assert call(hang, {}, tool_timeout=60).status == "timeout"
    assert call(patient, {}, tool_timeout=0.05).content == "done"
    with pytest.raises(InvalidError, match="policy of tool `late`: expected seconds, or a duration .*, got `-1`"):
        Assistant(ScriptedLlm([]), tools=[tool(name="late", timeout=-1)(lambda: 1)])


def test_an_object_or_method_may_be_a_tool() -> None:
    class Shop:
        def __init__(self) -> None:
            self.stock = {"tea": 3}

        def count(self, what: str) -> int:
            """How many there are."""
            return self.stock[what]

    shop = tool(name="shop", description="Asks the shop")(Shop().count)

    assert call(shop, {"what": "tea"}).content == "3"
    assert (shop.name, shop.description) == ("shop", "Asks the shop")


def test_what_cannot_be_a_tool_is_refused_by_name() -> None:
    def bytes_in(data: bytes) -> None: ...

    def variadic(*parts: str) -> None: ...

    with pytest.raises(TypeError, match="parameter `data` of tool `bytes_in`: type `bytes` has no JSON Schema"):
        tool(bytes_in)
    with pytest.raises(TypeError, match="must be passable by keyword"):
        tool(variadic)
    def twice(one: ToolContext, two: ToolContext) -> None: ...

    with pytest.raises(TypeError, match="expected one `ToolContext` at most, got `one` and `two`"):
        tool(twice)
    with pytest.raises(TypeError, match="expected a function as a tool, got `int`"):
        Assistant(ScriptedLlm([]), tools=[3])  # type: ignore[list-item]
