"""Agents that work together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rushlight import (
    Agent,
    Answer,
    Assistant,
    BatchRequest,
    Error,
    ForeignError,
    HandedOff,
    HandOff,
    HashedEmbedder,
    InvalidError,
    MemorySessions,
    Route,
    Routed,
    Router,
    ScriptedLlm,
    ToolOutput,
    tool,
)


def asks(name: str, question: str) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "arguments": {"question": question}}]}


def answering(*texts: str) -> Assistant:
    return Assistant(ScriptedLlm([{"text": [text]} for text in texts]))


def outputs(assistant: Assistant, question: str) -> list[ToolOutput]:
    with assistant.stream(question) as events:
        return [event for event in events if isinstance(event, ToolOutput)]


def test_an_assistant_is_a_tool_of_another_one() -> None:
    reviewer = answering("It divides by zero.").as_tool("reviewer", "Finds mistakes", timeout="20s")
    script: list[dict[str, Any]] = [asks("reviewer", "Is it right?"), {"text": ["No."]}]

    (output,) = outputs(Assistant(ScriptedLlm(script), tools=[reviewer]), "Look at it")

    assert (reviewer.name, reviewer.description, reviewer.timeout) == ("reviewer", "Finds mistakes", 20)
    assert reviewer.parameters["required"] == ["question"]
    assert (output.status, output.content) == ("success", "It divides by zero.")
    assert output.usage.output_tokens == 4


def test_functions_of_the_inner_assistant_belong_to_the_caller() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    @tool
    async def where() -> str:
        """Where it runs."""
        loops.append(asyncio.get_running_loop())
        return "here"

    script: list[dict[str, Any]] = [{"tool_calls": [{"name": "where", "arguments": {}}]}, {"text": ["Here."]}]
    inner = Assistant(ScriptedLlm(script), tools=[where]).as_tool("inner", "Knows where")
    outer = Assistant(ScriptedLlm([asks("inner", "Where?"), {"text": ["Done."]}]), tools=[inner])

    async def run() -> None:
        await outer.arun("Go")
        assert loops == [asyncio.get_running_loop()]

    asyncio.run(run())


def test_an_assistant_that_may_not_be_asked_is_refused() -> None:
    inner = answering().as_tool("inner", "", max_depth=0)

    (output,) = outputs(Assistant(ScriptedLlm([asks("inner", "Why?"), {"text": ["Well."]}]), tools=[inner]), "Go")

    assert output.status == "refused"
    assert output.content == "`inner` was not asked: 0 agents already ask each other; answer with what is known"


def test_a_run_has_the_time_that_its_caller_says() -> None:
    slow = Assistant(ScriptedLlm([{"text": ["late"], "delay_ms": 60_000}]))

    with pytest.raises(Error, match="did not finish within 50ms") as raised:
        slow.run("Why?", deadline=0.05)

    assert raised.value.code == "timeout"


def test_what_cannot_be_a_tool_is_refused() -> None:
    with pytest.raises(InvalidError, match="expected 1 to 64"):
        Assistant(ScriptedLlm([]), tools=[answering().as_tool("no name", "")])
    with pytest.raises(InvalidError, match="unknown field `speed`"):
        answering().as_tool("inner", "", speed=1)  # type: ignore[call-arg]


class Echo:
    """A model that repeats the question, as slowly as it says, and cannot repeat what is no number."""

    async def generate(self, prompt: dict[str, Any]) -> AsyncIterator[str]:
        question = prompt["messages"][-1]["content"]
        await asyncio.sleep(float(question))
        yield question


def shown(answers: list[Answer | Error]) -> list[str]:
    return [answer.text if isinstance(answer, Answer) else answer.code for answer in answers]


def test_a_batch_keeps_its_order_and_a_failure_stops_no_other() -> None:
    assistant = Assistant(Echo(), sessions=MemorySessions())

    answers = assistant.run_batch(["0.05", {"question": "0", "session": "ann"}, "never", " "], concurrency=2)
    later = asyncio.run(assistant.arun_batch(["0.01", "0"]))

    assert shown(answers) == ["0.05", "0", "foreign", "invalid"]
    assert isinstance(answers[2], Error) and isinstance(answers[2].__cause__, ValueError)
    assert shown(later) == ["0.01", "0"]
    assert assistant.run_batch([]) == []


def test_a_batch_that_is_none_is_refused() -> None:
    assistant = Assistant(Echo())

    with pytest.raises(InvalidError, match="expected at least 1, got 0"):
        assistant.run_batch(["0"], concurrency=0)
    with pytest.raises(TypeError, match="got a str"):
        assistant.run_batch("0")
    with pytest.raises(TypeError, match="unknown argument `speed`"):
        assistant.run_batch([{"question": "0", "speed": 1}])  # type: ignore[list-item]
    with pytest.raises(InvalidError, match="expected a `question`"):
        assistant.run_batch([{"session": "a"}])  # type: ignore[list-item]


def test_a_conversation_is_handed_over() -> None:
    billing = HandOff("billing", "Invoices and refunds", answering("You owe 3."))
    script: list[dict[str, Any]] = [{"tool_calls": [{"name": "transfer_to_billing", "arguments": {}}]}]
    assistant = Assistant(ScriptedLlm(script), hand_offs=[billing])

    with assistant.stream("What do I owe?") as events:
        seen = [event.to if isinstance(event, HandedOff) else event.type for event in events]

    assert seen == ["tool_call", "tool_output", "billing", "text", "done"]
    assert events.answer is not None
    assert (events.answer.text, events.answer.answered_by) == ("You owe 3.", "billing")
    assert answering("Hello.").run("Hi").answered_by is None


def test_a_run_knows_what_was_said_before() -> None:
    llm = ScriptedLlm([{"text": ["You are Ann."]}])
    before = [{"role": "user", "content": "I am Ann."}, {"role": "assistant", "content": "Hello."}]

    Assistant(llm).run("Who am I?", history=before)

    (prompt,) = llm.prompts()
    assert [message["content"] for message in prompt["messages"]][1:] == ["I am Ann.", "Hello.", "Who am I?"]
    with pytest.raises(InvalidError, match="history: "):
        Assistant(llm).run("Who am I?", history=[{"role": "nobody", "content": ""}])


def test_a_hand_off_that_no_tool_can_be_is_refused() -> None:
    with pytest.raises(InvalidError, match="got `two words`"):
        Assistant(ScriptedLlm([]), hand_offs=[HandOff("two words", "", answering())])


def general(*answers: str) -> Route:
    return Route("general", "Everything else", answering(*answers))


def test_a_router_chooses_who_answers() -> None:
    billing = Route("billing", "Invoices and refunds", answering("You owe 3.", "Soon."), words=["owe"], patterns=[r"INV-\d"])
    router = Router(general("Hello."), [billing])

    with router.stream("What do I owe?") as events:
        first = next(events)
        rest = [event.type for event in events]
    answers = [router.run("When is INV-1 due?"), asyncio.run(router.arun("Good morning"))]

    assert isinstance(router, Agent) and isinstance(first, Routed)
    assert (first.to, first.by, first.score) == ("billing", "rule", None)
    assert first.to_json() == {"type": "routed", "to": "billing", "by": "rule"}
    assert rest == ["text", "done"]
    assert [(answer.answered_by, answer.text) for answer in answers] == [("billing", "Soon."), ("general", "Hello.")]


def test_a_router_chooses_by_examples_and_by_a_model() -> None:
    billing = Route("billing", "", answering("a", "b"), examples=["What do I owe?"])
    llm = ScriptedLlm([{"text": ['{"agent": "billing"}']}])
    router = Router(general(), [billing], embedder=HashedEmbedder(256), threshold=0.9, llm=llm)

    with router.stream("what do I owe") as events:
        near = next(events)
    with router.stream("My card was charged twice") as events:
        named = next(events)

    match near:
        case Routed(to, by, score):
            assert (to, by) == ("billing", "examples") and score is not None and score > 0.99
        case _:
            pytest.fail(str(near))
    assert isinstance(named, Routed) and (named.by, named.score) == ("model", None)
    (prompt,) = llm.prompts()
    assert prompt["schema"]["properties"]["agent"]["enum"] == ["billing", "general"]


def test_functions_and_deadlines_choose() -> None:
    asked: list[BatchRequest] = []

    def pays(request: BatchRequest) -> bool:
        asked.append(request)
        return "pay" in request.get("scopes", [])

    async def broken(_: BatchRequest) -> bool:
        await asyncio.sleep(0)
        raise ValueError("no idea")

    quick = Route("quick", "", answering("q"), max_deadline=1)
    router = Router(general("g", "g"), [quick, Route("billing", "", answering("b"), when=pays)])

    answers = router.run_batch(
        [{"question": "Go", "deadline": 1}, {"question": "Go", "scopes": ["pay"], "deadline": 30}, "Go"], concurrency=1
    )

    assert [answer.answered_by for answer in answers if isinstance(answer, Answer)] == ["quick", "billing", "general"]
    assert asked == [{"question": "Go", "scopes": ["pay"], "deadline": 30.0}, {"question": "Go"}]
    with pytest.raises(ForeignError, match="rule `when` of a route failed.*no idea"):
        Router(general(), [Route("billing", "", answering(), when=broken)]).run("Go")


def test_a_router_is_an_agent_like_any_other() -> None:
    router = Router(general("Fine.", '{"stars": 4}', "Over."))
    calls = ScriptedLlm([asks("router", "How?"), {"text": ["Well."]}])
    tool = router.as_tool("router", "Answers")
    transfer: list[dict[str, Any]] = [{"tool_calls": [{"name": "transfer_to_router", "arguments": {}}]}]

    (output,) = outputs(Assistant(calls, tools=[tool]), "Go")
    value = router.extract("How was it?", {"type": "object", "required": ["stars"]})
    answer = Assistant(ScriptedLlm(transfer), hand_offs=[HandOff("router", "", router)]).run("Go")

    assert (output.status, output.content) == ("success", "Fine.")
    assert value == {"stars": 4}
    assert (answer.text, answer.answered_by) == ("Over.", "general")


def test_a_router_of_wrong_parts_is_refused() -> None:
    with pytest.raises(InvalidError, match="got `two words`"):
        Router(Route("two words", "", answering()))
    with pytest.raises(InvalidError, match="got `general` twice"):
        Router(general(), [general()])
    with pytest.raises(InvalidError, match="pattern of route `a`: regex parse error"):
        Router(general(), [Route("a", "", answering(), patterns=["("])])
    with pytest.raises(InvalidError, match="embedder of the router"):
        Router(general(), [Route("a", "", answering(), examples=["b"])])
    with pytest.raises(TypeError, match="words"):
        Router(general(), [Route("a", "", answering(), words="refund")])
    with pytest.raises(TypeError, match="expected a function as `when`"):
        Router(general(), [Route("a", "", answering(), when=True)])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="cannot create"):
        Agent()
