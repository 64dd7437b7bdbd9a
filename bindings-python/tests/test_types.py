"""The public API as a type checker sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"


@pytest.mark.parametrize(
    "arguments",
    [
        ["mypy", "-p", "rushlight"],
        ["mypy", str(HERE)],
        *(["mypy", str(example)] for example in sorted([*EXAMPLES.glob("*.py"), *EXAMPLES.glob("systems/*.py")])),
        ["mypy.stubtest", "rushlight"],
    ],
    ids=lambda arguments: Path(arguments[-1]).name,
)
def test_it_is_clean_for(arguments: list[str]) -> None:
    options = ["--strict"] if arguments[0] == "mypy" else []

    ended = subprocess.run([sys.executable, "-m", *arguments, *options], capture_output=True, text=True, cwd=HERE.parent)

    assert ended.returncode == 0, ended.stdout + ended.stderr
