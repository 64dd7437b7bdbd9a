"""Writes `python/rushlight/_rushlight.pyi` from the native module, or with `--check` tells whether it is up to date.

Needs maturin in the running interpreter's environment and uses cargo's development profile.
"""

import argparse
import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
STUB = HERE / "python" / "rushlight" / "_rushlight.pyi"
HEADER = '''# Made by bindings-python/stubs.py from the Rust sources. Do not edit.
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, NoReturn

from ._protocols import Cache, Retriever
from ._tool import Tool

'''


def generate() -> str:
    """The stub of the native module as it is built from the sources."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "maturin", "generate-stubs", "--quiet", "--profile", "dev"]
        subprocess.run([*command, "--manifest-path", HERE / "Cargo.toml", "--out", out], check=True)
        (made,) = Path(out).rglob("*.pyi")
        return finish(made.read_text(encoding="utf-8"))


def finish(stub: str) -> str:
    """Takes annotations that Rust gives as text out of their quotes and adds the names that they use."""
    stub = re.sub(r'(: |-> )"((?:[^"\\]|\\.)+)"(?=[,)=:\s])', r"\1\2", stub)
    return HEADER + stub.rstrip() + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the stub is out of date")
    check = parser.parse_args().check
    made = generate()
    found = STUB.read_text(encoding="utf-8") if STUB.exists() else ""
    if made == found:
        return 0
    if check:
        difference = difflib.unified_diff(found.splitlines(), made.splitlines(), "committed", "generated", lineterm="")
        print("\n".join(difference))
        print(f"{STUB} is out of date: run `{Path(sys.executable).name} {Path(__file__).name}`", file=sys.stderr)
        return 1
    STUB.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
