"""Leaving is stopping: nothing works for a run that nobody reads."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from rushlight import Assistant, InvalidError, ScriptedLlm, Text


def endless() -> tuple[ScriptedLlm, Assistant]:
    """A model that speaks for minutes, a word every 5 ms."""
    llm = ScriptedLlm([{"text": ["word "] * 50_000, "delay_ms": 5}])
    return llm, Assistant(llm)


def assert_stopped(llm: ScriptedLlm) -> None:
    """After a moment, no more is taken from the model."""
    time.sleep(0.05)
    before = llm.deltas()
    time.sleep(0.1)
    assert llm.deltas() == before


def test_leaving_the_with_block_stops_the_model() -> None:
    llm, assistant = endless()

    with assistant.stream("go") as events:
        first = next(events)

    assert isinstance(first, Text)
    assert_stopped(llm)
    assert list(events) == []


def test_letting_the_stream_go_stops_the_model() -> None:
    llm, assistant = endless()

    for _ in assistant.stream("go"):
        break
    gc.collect()

    assert_stopped(llm)


def test_closing_from_another_thread_ends_a_step_that_waits() -> None:
    llm = ScriptedLlm([{"text": ["never"], "delay_ms": 60_000}])
    events = Assistant(llm).stream("go")
    threading.Timer(0.1, events.close).start()

    started = time.monotonic()

    assert list(events) == []
    assert time.monotonic() - started < 5
    assert llm.deltas() == 0


def test_leaving_the_async_with_block_stops_the_model() -> None:
    llm, assistant = endless()

    async def read_one() -> None:
        async with assistant.astream("go") as events:
            async for _ in events:
                break

    asyncio.run(read_one())

    assert_stopped(llm)


def test_breaking_out_of_async_for_stops_the_model() -> None:
    llm, assistant = endless()

    async def read_one() -> None:
        async for _ in assistant.astream("go"):
            break
        await asyncio.to_thread(assert_stopped, llm)

    asyncio.run(read_one())


def test_aclose_ends_the_stream() -> None:
    llm, assistant = endless()

    async def read_one() -> list[object]:
        events = assistant.astream("go")
        await anext(events)
        await events.aclose()
        return [event async for event in events]

    assert asyncio.run(read_one()) == []
    assert_stopped(llm)


def test_cancelling_the_task_stops_the_model() -> None:
    llm, assistant = endless()
    kept = []

    async def read_all() -> None:
        events = assistant.astream("go")
        kept.append(events)  # Not the end of the stream's life stops it, but the cancellation.
        async for _ in events:
            pass

    async def cancel() -> None:
        task = asyncio.create_task(read_all())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(assert_stopped, llm)

    asyncio.run(cancel())


def test_a_timeout_around_arun_stops_the_model() -> None:
    llm, assistant = endless()

    async def ask() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(assistant.arun("go"), 0.1)
        await asyncio.to_thread(assert_stopped, llm)

    asyncio.run(ask())


def test_cancelling_a_run_cancels_its_async_tool() -> None:
    seen: list[str] = []

    async def hang() -> None:
        seen.append("started")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def ask() -> None:
        llm = ScriptedLlm([{"tool_calls": [{"name": "hang"}]}, "done"])
        task = asyncio.create_task(Assistant(llm, tools=[hang], tool_timeout=60).arun("go"))
        while not seen:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(200):
            if "cancelled" in seen:
                return
            await asyncio.sleep(0.01)

    asyncio.run(ask())

    assert seen == ["started", "cancelled"]


def test_a_stream_has_one_reader_at_a_time() -> None:
    # Slow enough that the second reader comes while the first one waits.
    assistant = Assistant(ScriptedLlm([{"text": ["word "] * 9, "delay_ms": 500}]))

    async def read_twice() -> None:
        events = assistant.astream("go")
        outcomes = await asyncio.gather(anext(events), anext(events), return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidError", "Text"]
        await events.aclose()

    asyncio.run(read_twice())


def test_a_blank_question_is_refused() -> None:
    _, assistant = endless()

    with pytest.raises(InvalidError):
        assistant.run("  ")
    with pytest.raises(InvalidError):
        next(assistant.stream(""))


# Whoever started the tests in the background made them ignore Ctrl-C, and children inherit that.
LISTEN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"

CTRL_C = f"""
{LISTEN}
import os, threading, time
from rushlight import Assistant, ScriptedLlm

llm = ScriptedLlm([{{"text": ["word "] * 50_000, "delay_ms": 5}}])
assistant = Assistant(llm)
sent = []
def interrupt():
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
threading.Timer(0.3, interrupt).start()
try:
    START
except KeyboardInterrupt:
    took = time.monotonic() - sent[0]
    time.sleep(0.05)
    before = llm.deltas()
    time.sleep(0.1)
    print(took, llm.deltas() - before, before > 0)
"""


@pytest.mark.parametrize("start", ["assistant.run('go')", "list(assistant.stream('go'))"])
def test_ctrl_c_raises_within_200_ms_and_stops_the_model(
    start: str, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    ended = run_python(CTRL_C.replace("START", start))

    assert ended.returncode == 0, ended.stderr
    took, more, had_begun = ended.stdout.split()
    assert float(took) < 0.2
    assert (more, had_begun) == ("0", "True")


def test_ctrl_c_ends_asyncio_run() -> None:
    program = f"""
{LISTEN}
import asyncio
from rushlight import Assistant, ScriptedLlm

async def main():
    print("ready", flush=True)
    await Assistant(ScriptedLlm([{{"text": ["word "] * 50_000, "delay_ms": 5}}])).arun("go")

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)

    assert child.communicate(timeout=20)[0] == "interrupted\n"
    assert child.returncode == 0
