"""A Python function as a tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from ._options import ToolPolicy

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._rushlight import ToolContext
    from ._schema import Signature

P = ParamSpec("P")
R = TypeVar("R")


class Tool(Generic[P, R]):
    """A function that a model may call; made by `tool`. Calling it calls the function."""

    name: str
    """The name that the model uses."""
    description: str
    """What the model is told about it."""
    parameters: dict[str, Any]
    """The arguments as a JSON Schema (2020-12) of type `object`."""
    policy: ToolPolicy
    """What keeps its calls in check."""
    version: Callable[P, Any] | None
    """What its values depend on beside the arguments, for its `cache`."""
    choices: Mapping[str, Callable[..., Any]]
    """The values that parameters can have now, by the names of the parameters."""

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        version: Callable[P, Any] | None = None,
        choices: Mapping[str, Callable[..., Any]] | None = None,
        **policy: Unpack[ToolPolicy],
    ) -> None:
        from inspect import iscoroutinefunction

        from ._context import told_of_the_run
        from ._schema import read_signature

        if not callable(function):
            raise TypeError(f"expected a function as a tool, got `{type(function).__name__}`")
        if version is not None and not callable(version):
            raise TypeError(f"expected a function as the version of a tool, got `{type(version).__name__}`")
        choices = {} if choices is None else dict(choices)
        for parameter, values in choices.items():
            if not callable(values):
                raise TypeError(f"expected a function as the choices of `{parameter}`, got `{type(values).__name__}`")
        if strange := policy.keys() - ToolPolicy.__annotations__.keys():
            known = ", ".join(ToolPolicy.__annotations__)
            raise TypeError(f"unknown argument `{min(strange)}` of a tool, expected one of: name, description, version, choices, {known}")
        self.function = function
        self._signature: Signature = read_signature(function)
        self.name = name if name is not None else _name_of(function)
        self.description = description if description is not None else self._signature.description
        self.parameters = self._signature.parameters
        self.policy = policy
        self.version = version
        self.choices = choices
        self._choosers = {parameter: told_of_the_run(values) for parameter, values in choices.items()}
        self._knows_its_run = self._signature.context is not None
        self._is_coroutine = iscoroutinefunction(function)
        self.__doc__ = function.__doc__
        self.__wrapped__ = function

    @property
    def timeout(self) -> float | str | None:
        """How long one call may take; None leaves it to the assistant."""
        return self.policy.get("timeout")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<rushlight.Tool {self.name!r}>"

    def _invoke(self, arguments: dict[str, Any], context: ToolContext | None) -> Any:
        """Runs a model's call: gives the value as text, or a coroutine that does."""
        from ._schema import to_text

        function: Callable[..., Any] = self.function
        return _told(function(**self._keywords(arguments, context)), to_text)

    def _version(self, arguments: dict[str, Any], _context: None) -> Any:
        """Gives the version of a call's value as text, or a coroutine that does."""
        from ._schema import to_text

        version: Callable[..., Any] | None = self.version
        return "" if version is None else _told(version(**self._signature.decode(arguments)), to_text)

    def _choices(self, parameter: str, context: ToolContext) -> Any:
        """Gives the values that a parameter can have as JSON, or a coroutine that does."""
        return _told(self._choosers[parameter](context), _list_to_json)

    async def _ainvoke(self, arguments: dict[str, Any], context: ToolContext | None) -> str:
        """Runs a model's call of a coroutine function."""
        from ._schema import to_text

        function: Callable[..., Any] = self.function
        return to_text(await function(**self._keywords(arguments, context)))

    def _keywords(self, arguments: dict[str, Any], context: ToolContext | None) -> dict[str, Any]:
        keywords = self._signature.decode(arguments)
        if self._signature.context is not None:
            keywords[self._signature.context] = context
        return keywords


def _told(value: Any, to_text: Callable[[Any], str]) -> Any:
    """The value as text, or a coroutine that gives it."""
    from inspect import isawaitable

    return _awaited(value, to_text) if isawaitable(value) else to_text(value)


async def _awaited(awaitable: Any, to_text: Callable[[Any], str]) -> str:
    return to_text(await awaitable)


def _list_to_json(values: Any) -> str:
    from collections.abc import Iterable

    from ._schema import to_text

    if values is None:
        return "null"
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"expected a list of values or None, got `{type(values).__name__}`")
    return to_text(list(values))


def _name_of(function: Any) -> str:
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else type(function).__name__


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...
@overload
def tool(
    function: None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    version: Callable[..., Any] | None = None,
    choices: Mapping[str, Callable[..., Any]] | None = None,
    **policy: Unpack[ToolPolicy],
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    version: Callable[..., Any] | None = None,
    choices: Mapping[str, Callable[..., Any]] | None = None,
    **policy: Unpack[ToolPolicy],
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Makes a sync or async function a tool.

    Name, docstring and type hints tell the model what it needs; nothing is written twice. A Google-style
    `Args:` section describes the arguments. The result may be anything that JSON can express. What the
    function raises is shown to the model, so that it can mend its call.

    A parameter that is a `ToolContext` tells for which run the function is called; the model does not see it.

    A sync function runs in a worker thread with a copy of the caller's context variables; an async one on
    the caller's event loop, or, when the run was started from sync code, on a loop of rushlight's own.

    Args:
        name: another name than the function's
        description: another description than the docstring's
        version: a function of the same arguments, sync or async: as long as it gives the same, a value in the `cache` holds, for
            example the time of a file; where it raises, the tool runs and nothing is kept
        choices: functions, sync or async, that give the values that parameters can have now, by the names of the parameters: for
            example the files of a folder. They are asked when a run begins and at each call; the model is told of these values, and
            a call with another one does not run. With an empty list the tool is not offered; None admits any value
        policy: what keeps its calls in check, for example `rate="100/min"`, `timeout=5`, `concurrency=3` or
            `scopes=["read:code"]`; see `ToolPolicy`

    Raises:
        TypeError: a parameter's type has no JSON Schema, or an argument is unknown.
    """
    if function is not None:
        return Tool(function, name=name, description=description, version=version, choices=choices, **policy)
    return lambda function: Tool(function, name=name, description=description, version=version, choices=choices, **policy)


def as_tool(item: Any) -> Tool[..., Any]:
    """Gives a tool as it is and makes any other callable one."""
    return item if isinstance(item, Tool) else Tool(item)
