"""Agents that work together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ._options import BatchRequest
    from ._rushlight import Agent


class HandOff(NamedTuple):
    """An agent to which an assistant may hand the conversation over."""

    name: str
    """The model sees it in the tool `transfer_to_NAME`, and `Answer.answered_by` says it."""
    description: str
    """When to hand over, written for the model."""
    assistant: Agent
    """Who goes on."""


class Route(NamedTuple):
    """One of the agents of a `Router`, and what chooses it. One rule that fits is enough."""

    name: str
    """`Answer.answered_by` says it: 1 to 64 of `[a-zA-Z0-9_-]`."""
    description: str
    """What it answers, for a model that chooses."""
    agent: Agent
    """Who answers."""
    words: Sequence[str] = ()
    """A rule: the question has one of these words or phrases, whole and in either case."""
    patterns: Sequence[str] = ()
    """A rule: one of these regular expressions, in the syntax of Rust's crate `regex`, matches somewhere in the question."""
    max_deadline: float | None = None
    """A rule: the run has a deadline, of at most this many seconds."""
    when: Callable[[BatchRequest], bool | Awaitable[bool]] | None = None
    """A rule: a function, sync or async, that gets the question with its options, in the JSON form, and says whether."""
    examples: Sequence[str] = ()
    """Questions that are like those for this agent, by the router's embedder."""
