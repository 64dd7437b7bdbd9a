"""A Python function as a tool."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from ._options import ToolPolicy

if TYPE_CHECKING:
    from typing_extensions import Unpack

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

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        version: Callable[P, Any] | None = None,
        **policy: Unpack[ToolPolicy],
    ) -> None:
        from inspect import iscoroutinefunction

        from ._schema import read_signature

        if not callable(function):
            raise TypeError(f"expected a function as a tool, got `{type(function).__name__}`")
        if version is not None and not callable(version):
            raise TypeError(f"expected a function as the version of a tool, got `{type(version).__name__}`")
        if strange := policy.keys() - ToolPolicy.__annotations__.keys():
            known = ", ".join(ToolPolicy.__annotations__)
            raise TypeError(f"unknown argument `{min(strange)}` of a tool, expected one of: name, description, version, {known}")
        self.function = function
        self._signature: Signature = read_signature(function)
        self.name = name if name is not None else _name_of(function)
        self.description = description if description is not None else self._signature.description
        self.parameters = self._signature.parameters
        self.policy = policy
        self.version = version
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

    def _invoke(self, arguments: dict[str, Any]) -> Any:
        """Runs a model's call: gives the value as text, or a coroutine that does."""
        return self._text_of(self.function, arguments)

    def _version(self, arguments: dict[str, Any]) -> Any:
        """Gives the version of a call's value as text, or a coroutine that does."""
        return "" if self.version is None else self._text_of(self.version, arguments)

    def _text_of(self, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        from inspect import isawaitable

        from ._schema import to_text

        result = function(**self._signature.decode(arguments))
        return _awaited_text(result) if isawaitable(result) else to_text(result)

    async def _ainvoke(self, arguments: dict[str, Any]) -> str:
        """Runs a model's call of a coroutine function."""
        from ._schema import to_text

        function: Callable[..., Any] = self.function
        return to_text(await function(**self._signature.decode(arguments)))


async def _awaited_text(awaitable: Any) -> str:
    from ._schema import to_text

    return to_text(await awaitable)


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
    **policy: Unpack[ToolPolicy],
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    version: Callable[..., Any] | None = None,
    **policy: Unpack[ToolPolicy],
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Makes a sync or async function a tool.

    Name, docstring and type hints tell the model what it needs; nothing is written twice. A Google-style
    `Args:` section describes the arguments. The result may be anything that JSON can express. What the
    function raises is shown to the model, so that it can mend its call.

    A sync function runs in a worker thread with a copy of the caller's context variables; an async one on
    the caller's event loop, or, when the run was started from sync code, on a loop of rushlight's own.

    Args:
        name: another name than the function's
        description: another description than the docstring's
        version: a function of the same arguments, sync or async: as long as it gives the same, a value in the `cache` holds, for
            example the time of a file; where it raises, the tool runs and nothing is kept
        policy: what keeps its calls in check, for example `rate="100/min"`, `timeout=5`, `concurrency=3` or
            `scopes=["read:code"]`; see `ToolPolicy`

    Raises:
        TypeError: a parameter's type has no JSON Schema, or an argument is unknown.
    """
    if function is not None:
        return Tool(function, name=name, description=description, version=version, **policy)
    return lambda function: Tool(function, name=name, description=description, version=version, **policy)


def as_tool(item: Any) -> Tool[..., Any]:
    """Gives a tool as it is and makes any other callable one."""
    return item if isinstance(item, Tool) else Tool(item)
