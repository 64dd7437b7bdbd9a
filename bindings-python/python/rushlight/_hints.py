"""One type hint as a JSON Schema and a decoder."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union


class HintError(TypeError):
    """A type hint has no JSON Schema."""


@dataclass(frozen=True)
class Codec:
    """A type as JSON.

    `decode` gets values that fit `schema`, except below an `anyOf`, where it raises `TypeError` or
    `ValueError` for a value that is of another of the types.
    """

    schema: dict[str, Any]
    decode: Callable[[Any], Any]


_SCALARS: dict[Any, tuple[str, tuple[type, ...]]] = {
    str: ("string", (str,)),
    bool: ("boolean", (bool,)),
    int: ("integer", (int, float)),
    float: ("number", (int, float)),
    type(None): ("null", (type(None),)),
}
_ARRAYS: dict[Any, Callable[[Iterable[Any]], Any]] = {
    list: list,
    Sequence: list,
    Iterable: list,
    set: set,
    frozenset: frozenset,
}


class Hints:
    """Codecs of type hints that share one table of definitions."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}
        self._open: dict[Any, str] = {}
        self._named: dict[str, Codec] = {}

    def codec(self, hint: Any) -> Codec:
        """The codec of one hint.

        Raises:
            HintError: JSON has no such type.
        """
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hint is Any or hint is object:
            return Codec({}, lambda value: value)
        if hint in _SCALARS:
            return _scalar(hint)
        if origin is typing.Annotated:
            return self._annotated(arguments)
        if origin is Literal:
            return _choices({value: value for value in arguments})
        if origin is Union or origin is types.UnionType:
            return self._union(arguments)
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            return _choices({member.value: member for member in hint})
        if callable(getattr(hint, "model_json_schema", None)) and origin is None:
            return self._model(hint)
        if (origin or hint) in _ARRAYS:
            return self._array(_ARRAYS[origin or hint], arguments or (Any,))
        if (origin or hint) is tuple:
            return self._tuple(arguments or (Any, ...))
        if (origin or hint) in (dict, Mapping):
            return self._mapping(arguments or (str, Any))
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return self._object(hint, _dataclass_fields(hint), hint)
        if typing.is_typeddict(hint):
            return self._object(hint, _typed_dict_fields(hint), dict)
        return self._renamed(hint, origin)

    def _renamed(self, hint: Any, origin: Any) -> Codec:
        if isinstance(hint, str):  # Python 3.10 leaves `list["Node"]` unresolved inside `Node`.
            for open_type, name in self._open.items():
                if name == hint:
                    return self.codec(open_type)
        for attribute in ("__supertype__", "__value__"):  # NewType and `type X = …`
            if (target := getattr(hint, attribute, None)) is not None:
                return self.codec(target)
        if origin in (getattr(typing, "Required", None), getattr(typing, "NotRequired", None)) and origin:
            return self.codec(typing.get_args(hint)[0])
        name = getattr(hint, "__name__", None) or repr(hint)
        raise HintError(
            f"type `{name}` has no JSON Schema, expected str, int, float, bool, None, Literal, Enum, Optional, "
            "list, tuple, set, dict, a dataclass, a TypedDict or a pydantic model"
        )

    def _annotated(self, arguments: tuple[Any, ...]) -> Codec:
        codec = self.codec(arguments[0])
        texts = (note if isinstance(note, str) else getattr(note, "description", None) for note in arguments[1:])
        description = next((text for text in texts if isinstance(text, str)), None)
        return codec if description is None else Codec({**codec.schema, "description": description}, codec.decode)

    def _union(self, arguments: tuple[Any, ...]) -> Codec:
        codecs = [self.codec(argument) for argument in arguments]

        def decode(value: Any) -> Any:
            for codec in codecs:
                try:
                    return codec.decode(value)
                except (TypeError, ValueError, KeyError):
                    continue
            raise ValueError(f"{value!r} is of none of the expected types")

        schemas = [dict(codec.schema) for codec in codecs]
        descriptions = [text for schema in schemas if (text := schema.pop("description", None))]
        schema: dict[str, Any] = {"anyOf": schemas}
        return Codec({**schema, "description": descriptions[0]} if descriptions else schema, decode)

    def _array(self, collect: Callable[[Iterable[Any]], Any], arguments: tuple[Any, ...]) -> Codec:
        item = self.codec(arguments[0])
        schema: dict[str, Any] = {"type": "array", "items": item.schema}
        if collect in (set, frozenset):
            schema["uniqueItems"] = True
        return Codec(schema, lambda value: collect(item.decode(each) for each in _expect(list, value)))

    def _tuple(self, arguments: tuple[Any, ...]) -> Codec:
        if len(arguments) == 2 and arguments[1] is ...:
            return self._array(tuple, arguments)
        items = [self.codec(argument) for argument in arguments]
        schema = {
            "type": "array",
            "prefixItems": [item.schema for item in items],
            "items": False,
            "minItems": len(items),
        }

        def decode(value: Any) -> Any:
            if len(_expect(list, value)) != len(items):
                raise ValueError(f"expected {len(items)} items, got {len(value)}")
            return tuple(item.decode(each) for item, each in zip(items, value))

        return Codec(schema, decode)

    def _mapping(self, arguments: tuple[Any, ...]) -> Codec:
        if arguments[0] is not str:
            raise HintError("the keys of a JSON object are strings, expected `dict[str, …]`")
        item = self.codec(arguments[1])
        schema = {"type": "object", "additionalProperties": item.schema}
        return Codec(
            schema, lambda value: {key: item.decode(each) for key, each in _expect(dict, value).items()}
        )

    def _model(self, model: Any) -> Codec:
        schema = dict(model.model_json_schema())
        for name, definition in schema.pop("$defs", {}).items():
            if self.definitions.setdefault(name, definition) != definition:
                raise HintError(f"two models are called `{name}`, expected distinct names")
        return Codec(schema, model.model_validate)

    def _object(self, hint: Any, fields: dict[str, tuple[Any, bool]], build: Callable[..., Any]) -> Codec:
        name = hint.__name__
        if hint in self._open:  # The type contains itself: refer to its definition, which is being made.
            self.definitions.setdefault(name, {})
            return Codec({"$ref": f"#/$defs/{name}"}, lambda value: self._named[name].decode(value))
        if name in self._open.values():
            raise HintError(f"two types are called `{name}`, expected distinct names")
        self._open[hint] = name
        codecs = {field: self.codec(each) for field, (each, _) in fields.items()}
        del self._open[hint]

        def decode(value: Any) -> Any:
            return build(**{field: codecs[field].decode(each) for field, each in _expect(dict, value).items()})

        schema: dict[str, Any] = {
            "type": "object",
            "properties": {field: codec.schema for field, codec in codecs.items()},
            "required": [field for field, (_, required) in fields.items() if required],
            "additionalProperties": False,
        }
        self._named[name] = Codec(schema, decode)
        if name not in self.definitions:
            return self._named[name]
        self.definitions[name] = schema
        return Codec({"$ref": f"#/$defs/{name}"}, decode)


def _expect(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value


def _scalar(hint: Any) -> Codec:
    name, accepted = _SCALARS[hint]

    def decode(value: Any) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
            raise TypeError(f"expected {name}, got {type(value).__name__}")
        # JSON has one kind of number: 2.0 is an integer, and 2 is a number.
        converted = hint(value) if hint in (int, float) else value
        if converted != value:
            raise ValueError(f"expected an integer, got {value}")
        return converted

    return Codec({"type": name}, decode)


def _choices(choices: dict[Any, Any]) -> Codec:
    for value in choices:
        if type(value) not in (str, int, float, bool, type(None)):
            raise HintError(f"choice `{value!r}` is not a string, number, bool or None")
    kinds = {_SCALARS[type(value)][0] for value in choices}
    schema: dict[str, Any] = {"type": kinds.pop()} if len(kinds) == 1 else {}

    def decode(value: Any) -> Any:
        if value not in choices:
            raise ValueError(f"expected one of {list(choices)}, got {value!r}")
        return choices[value]

    return Codec({**schema, "enum": list(choices)}, decode)


def _dataclass_fields(hint: Any) -> dict[str, tuple[Any, bool]]:
    hints = typing.get_type_hints(hint, include_extras=True)
    return {
        field.name: (
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(hint)
        if field.init
    }


def _typed_dict_fields(hint: Any) -> dict[str, tuple[Any, bool]]:
    hints = typing.get_type_hints(hint, include_extras=True)
    return {field: (each, field in hint.__required_keys__) for field, each in hints.items()}
