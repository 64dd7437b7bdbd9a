"""The exceptions: one class for each kind of error that the core knows."""

import builtins
from typing import ClassVar


class Error(Exception):
    """Base class of every error that rushlight raises.

    Where a part of the caller's own (a retriever, a cache, a progress function) raised, `__cause__` is that
    exception.
    """

    code: ClassVar[str] = "error"
    """The kind of error as a stable name, the same in Rust, Python and Node."""

    retryable: bool = False
    """Whether the same call may succeed later without a change: by its kind, or because a server says so."""


class InvalidError(Error, ValueError):
    """An argument or option is out of its range; correct the call."""

    code = "invalid"


class UnknownError(Error, LookupError):
    """Nothing has this name; choose one of the known ones."""

    code = "unknown"


class ContextTooLongError(Error):
    """The prompt does not fit the model; nothing was computed."""

    code = "context_too_long"


class ModelError(Error):
    """A model could not be loaded or run."""

    code = "model"


class CorruptError(Error):
    """A document, index or store on disk is damaged or of another format; restore or rebuild it."""

    code = "corrupt"


class DivergedError(Error):
    """A replayed run asks for something else than the recorded one did; record it again, or undo what changed it."""

    code = "diverged"


class BusyError(Error):
    """Another process or handle holds the thing; close it there or open it elsewhere."""

    code = "busy"
    retryable = True


class IoError(Error, OSError):
    """The operating system refused a file operation."""

    code = "io"


class OverloadedError(Error):
    """A queue or limit is full; try again later."""

    code = "overloaded"
    retryable = True


class TimeoutError(Error, builtins.TimeoutError):
    """A deadline passed."""

    code = "timeout"
    retryable = True


class CancelledError(Error):
    """The caller stopped the work."""

    code = "cancelled"


class ForeignError(Error):
    """A part that the caller supplied failed; `__cause__` is its exception."""

    code = "foreign"


class StoppedError(Error):
    """A worker thread or task is gone; the object must be built anew."""

    code = "stopped"


BY_CODE: dict[str, type[Error]] = {kind.code: kind for kind in Error.__subclasses__()}

for _kind in (Error, *BY_CODE.values()):
    _kind.__module__ = "rushlight"
