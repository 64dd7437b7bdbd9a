"""Assistants that work together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ._rushlight import Assistant


class HandOff(NamedTuple):
    """An assistant to which another one may hand the conversation over."""

    name: str
    """The model sees it in the tool `transfer_to_NAME`, and `Answer.answered_by` says it."""
    description: str
    """When to hand over, written for the model."""
    assistant: Assistant
    """Who goes on."""
