"""What every engine speaks: a JSON request a line on the standard input, a JSON reply a line on the standard output.

`xtask/src/engine/request.rs` describes both. What libraries print goes to the standard error.
"""

import json
import os
import sys


class Refused(Exception):
    """The engine cannot do what was asked, and says why: no failure."""


def resident_bytes():
    """The memory of this process that is in use; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def serve(engine):
    """Answers requests with the engine's methods of the same names until the input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = perform(engine, request.pop("operation"), request)
        except Refused as reason:
            reply = {"refused": str(reason)}
        except Exception as error:  # The other side decides what a failure means.
            reply = {"failed": f"{type(error).__name__}: {error}".replace("\n", " ")}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
    # Destructors of native libraries may wait for threads that nobody needs any more.
    os._exit(0)


def perform(engine, operation, request):
    """One operation's reply."""
    method = getattr(engine, operation, None)
    if method is None:
        raise Refused(f"`{operation}` has no counterpart in this engine")
    return method(**request)
