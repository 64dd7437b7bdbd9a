"""Type hints to JSON Schema, and a model's arguments back to what the hints promise."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ._context import context_parameter, hints_of
from ._hints import Hints, HintError

_SECTIONS = re.compile(
    r"^(Args|Arguments|Parameters|Returns|Return|Raises|Yields|Yield|Examples?|Notes?|Attributes):\s*$"
)
_ARGUMENT = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")


@dataclass(frozen=True)
class Signature:
    """What a function tells a model about itself."""

    description: str
    parameters: dict[str, Any]
    decoders: dict[str, Callable[[Any], Any]]
    context: str | None
    """The parameter that the run gives, not the model."""

    def decode(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Turns JSON arguments, which fit `parameters`, into keyword arguments; others are left out."""
        return {name: decode(arguments[name]) for name, decode in self.decoders.items() if name in arguments}


def read_signature(function: Callable[..., Any]) -> Signature:
    """Reads a function's docstring and type hints.

    Raises:
        TypeError: a parameter cannot be passed by keyword, or its type has no JSON Schema.
    """
    description, argument_texts = read_docstring(inspect.getdoc(function) or "")
    annotations = hints_of(function)
    context = context_parameter(annotations)
    hints = Hints()
    properties: dict[str, Any] = {}
    required: list[str] = []
    decoders: dict[str, Callable[[Any], Any]] = {}

    for parameter in inspect.signature(function).parameters.values():
        name = parameter.name
        if name == context:
            continue
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"parameter `{name}` of a tool must be passable by keyword, found `{parameter}`")
        try:
            codec = hints.codec(annotations.get(name, Any))
        except HintError as error:
            raise TypeError(f"parameter `{name}` of tool `{function.__name__}`: {error}") from None
        schema = dict(codec.schema)
        if name in argument_texts:
            schema["description"] = argument_texts[name]
        if parameter.default is parameter.empty:
            required.append(name)
        else:
            _add_default(schema, parameter.default)
        properties[name] = schema
        decoders[name] = codec.decode

    parameters: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    if hints.definitions:
        parameters["$defs"] = hints.definitions
    return Signature(description, parameters, decoders, context)


def read_type(hint: Any) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    """Gives the JSON Schema of a type, and what makes a value of it; a schema is given back as it is.

    Raises:
        TypeError: the type has no JSON Schema.
    """
    if isinstance(hint, Mapping):
        return dict(hint), lambda value: value
    hints = Hints()
    codec = hints.codec(hint)
    definitions = {"$defs": hints.definitions} if hints.definitions else {}
    return {**codec.schema, **definitions}, codec.decode


def _add_default(schema: dict[str, Any], default: Any) -> None:
    try:
        schema["default"] = json.loads(to_text(default)) if not isinstance(default, str) else default
    except (TypeError, ValueError):
        pass  # A default that JSON cannot express is the function's own business.


def read_docstring(docstring: str) -> tuple[str, dict[str, str]]:
    """Splits a Google-style docstring into what precedes its sections and the texts of its arguments."""
    summary: list[str] = []
    arguments: dict[str, str] = {}
    section = ""
    margin: int | None = None
    current = ""
    for line in docstring.splitlines():
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if heading := (_SECTIONS.match(line) if indent == 0 else None):
            section, margin, current = heading[1], None, ""
        elif not section:
            summary.append(line)
        elif section in ("Args", "Arguments", "Parameters") and text:
            margin = indent if margin is None else margin
            found = _ARGUMENT.match(text) if indent <= margin else None
            if found:
                current = found[1]
                arguments[current] = found[2]
            elif current:
                arguments[current] = f"{arguments[current]} {text}".strip()
    return "\n".join(summary).strip(), arguments


def to_text(value: Any) -> str:
    """A tool's value as the model reads it: a string as it is, anything else as compact JSON.

    Raises:
        TypeError: the value cannot be expressed in JSON.
        ValueError: it contains a number that is not finite, or itself.
    """
    if isinstance(value, str) and type(value) is str:
        return value
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:
    import dataclasses
    import enum
    import os

    if callable(dump := getattr(value, "model_dump", None)):
        return dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    if callable(isoformat := getattr(value, "isoformat", None)):
        return isoformat()
    if callable(to_json := getattr(value, "to_json", None)):
        return to_json()
    raise TypeError(f"a tool must return what JSON can express, got `{type(value).__name__}`")
