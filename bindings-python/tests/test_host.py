"""How the package behaves as a guest of the interpreter."""

from __future__ import annotations

import asyncio
import copy
import gc
import importlib.metadata
import os
import pickle
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import rushlight
from rushlight import Assistant, HashedEmbedder, KnowledgeBase, MemoryCache, MemorySessions, ScriptedLlm

RunPython = Callable[..., subprocess.CompletedProcess[str]]


def test_import_takes_less_than_100_ms(run_python: RunPython) -> None:
    program = "import time; t = time.perf_counter(); import rushlight; print(time.perf_counter() - t)"
    run_python(program)

    times = [float(run_python(program).stdout) for _ in range(5)]

    assert min(times) < 0.1, times


def test_the_licences_are_installed_with_the_package() -> None:
    root = Path(__file__).resolve().parents[2]
    installed = {Path(file).name: file for file in importlib.metadata.files("rushlight") or []}

    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        assert installed[name].read_text("utf-8") == (root / name).read_text("utf-8")


def test_import_leaves_asyncio_and_inspect_alone(run_python: RunPython) -> None:
    program = "import sys, rushlight; print([m for m in ('asyncio', 'inspect', 'dataclasses', 'json') if m in sys.modules])"

    assert run_python(program).stdout == "[]\n"


def test_the_event_loop_stays_live_during_a_run() -> None:
    async def main() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.005)
                ticks += 1

        ticker = asyncio.create_task(tick())
        await Assistant(ScriptedLlm([{"text": ["w "] * 100, "delay_ms": 5}])).arun("go")
        ticker.cancel()
        return ticks

    assert asyncio.run(main()) > 40


def test_other_threads_run_during_a_sync_run() -> None:
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.wait(0.005):
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    Assistant(ScriptedLlm([{"text": ["w "] * 100, "delay_ms": 5}])).run("go")
    done.set()
    thread.join()

    assert ticks > 40


def test_objects_outlive_event_loops() -> None:
    async def look() -> str:
        await asyncio.sleep(0)
        return "seen"

    llm = ScriptedLlm([{"tool_calls": [{"name": "look"}]}, "one", {"tool_calls": [{"name": "look"}]}, "two"])
    assistant = Assistant(llm, tools=[look])

    answers = [asyncio.run(assistant.arun("first")), asyncio.run(assistant.arun("second"))]

    assert [answer.text for answer in answers] == ["one", "two"]


def test_one_assistant_serves_many_threads_and_tasks() -> None:
    assistant = Assistant(ScriptedLlm(["same"] * 96))

    async def many() -> list[str]:
        return [answer.text for answer in await asyncio.gather(*(assistant.arun("?") for _ in range(16)))]

    with ThreadPoolExecutor(8) as pool:
        sync = [pool.submit(assistant.run, "?") for _ in range(32)]
        loops = [pool.submit(asyncio.run, many()) for _ in range(4)]
        texts = [each.result().text for each in sync] + [text for each in loops for text in each.result()]

    assert texts == ["same"] * 96


def test_a_tool_may_use_the_sync_api() -> None:
    inner = Assistant(ScriptedLlm(["from inside"]))

    def ask() -> str:
        return inner.run("?").text

    outer = Assistant(ScriptedLlm([{"tool_calls": [{"name": "ask"}]}, "done"]), tools=[ask])

    with outer.stream("go") as events:
        contents = [event.content for event in events if isinstance(event, rushlight.ToolOutput)]
    assert contents == ["from inside"]


def test_coroutines_work_as_tasks_with_uvloop_style_wrappers() -> None:
    coroutine = Assistant(ScriptedLlm(["yes"])).arun("?")

    assert asyncio.iscoroutine(coroutine)
    assert asyncio.run(coroutine).text == "yes"


@pytest.mark.parametrize(
    "handle",
    [
        Assistant(ScriptedLlm([])),
        ScriptedLlm([]),
        MemoryCache(),
        MemorySessions(),
        KnowledgeBase(None, HashedEmbedder(8)),
        Assistant(ScriptedLlm([])).stream("?"),
        Assistant(ScriptedLlm([])).astream("?"),
    ],
    ids=lambda handle: type(handle).__name__,
)
def test_handles_refuse_to_be_pickled_or_copied(handle: object) -> None:
    words = f"cannot pickle or copy `rushlight.{type(handle).__name__}`"

    with pytest.raises(TypeError, match=words):
        pickle.dumps(handle)
    with pytest.raises(TypeError, match=words):
        copy.copy(handle)


def test_a_fork_gets_a_clear_error_instead_of_hanging(run_python: RunPython) -> None:
    program = """
import os
import rushlight
assistant = rushlight.Assistant(rushlight.ScriptedLlm(["a", "b"]))
assistant.run("?")
child = os.fork()
if child == 0:
    try:
        assistant.run("?")
    except rushlight.StoppedError as error:
        os._exit(7 if "forked" in str(error) else 1)
    os._exit(2)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run_python(program).stdout == "7\n"


EXITS = {
    "a stream that is still open": "events = assistant.stream('?'); next(events)",
    "an async stream that is still open": """
async def main():
    global events
    events = assistant.astream('?')
    await anext(events)
asyncio.run(main())""",
    "a task that is still running": """
async def main():
    asyncio.get_running_loop().create_task(assistant.arun('?'))
    await asyncio.sleep(0.05)
asyncio.run(main())""",
    "a daemon thread that waits": """
threading.Thread(target=assistant.run, args=('?',), daemon=True).start(); time.sleep(0.05)""",
    "a sync tool that sleeps": """
threading.Thread(target=sleeper.run, args=('?',), daemon=True).start(); time.sleep(0.05)""",
    "an async tool that sleeps": """
threading.Thread(target=asleeper.run, args=('?',), daemon=True).start(); time.sleep(0.2)""",
    "a sync tool that ends during exit": """
threading.Thread(target=napper.run, args=('?',), daemon=True).start(); time.sleep(0.05)""",
}


@pytest.mark.parametrize("state", EXITS.values(), ids=EXITS.keys())
def test_the_process_ends_naturally_with(state: str, run_python: RunPython) -> None:
    program = f"""
import asyncio, threading, time
from rushlight import Assistant, ScriptedLlm

def nap(): time.sleep(0.1)
def sleep(): time.sleep(60)
async def asleep(): await asyncio.sleep(60)
def with_tool(tool):
    llm = ScriptedLlm([{{"tool_calls": [{{"name": tool.__name__}}]}}, "done"])
    return Assistant(llm, tools=[tool], tool_timeout=60)
assistant = Assistant(ScriptedLlm([{{"text": ["w "] * 50_000, "delay_ms": 2}}]))
sleeper, asleeper, napper = with_tool(sleep), with_tool(asleep), with_tool(nap)
{state}
print("end")
"""
    started = time.monotonic()
    ended = run_python(program)

    assert (ended.returncode, ended.stdout) == (0, "end\n"), ended.stderr
    assert ended.stderr == ""
    assert time.monotonic() - started < 10


def test_ten_thousand_callbacks_leave_nothing_behind() -> None:
    class Token:
        alive = 0

        def __init__(self) -> None:
            Token.alive += 1

        def __del__(self) -> None:
            Token.alive -= 1

    def touch(number: int) -> int:
        token = Token()
        return number + (token is None)

    def some(calls: int) -> None:
        turns = [
            {"tool_calls": [{"name": "touch", "arguments": {"number": turn * 100 + call}} for call in range(100)]}
            for turn in range(calls // 100)
        ]
        limits = {"max_tool_calls": calls + 1, "max_turns": calls}
        answer = Assistant(ScriptedLlm([*turns, "done"]), tools=[touch], limits=limits).run("go")
        assert answer.report.tool_calls == calls

    def handles() -> tuple[int, int]:
        gc.collect()
        return len(gc.get_objects()), len(os.listdir("/dev/fd"))

    some(1000)
    objects_before, files_before = handles()
    some(10_000)
    objects_after, files_after = handles()

    assert Token.alive == 0
    assert objects_after - objects_before < 200
    assert files_after <= files_before


def test_the_package_is_typed() -> None:
    folder = Path(rushlight.__file__).parent

    assert (folder / "py.typed").exists()
    assert (folder / "_rushlight.pyi").exists()
    assert all(hasattr(rushlight, name) for name in rushlight.__all__)
