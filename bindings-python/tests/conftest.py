"""What several test files use."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rushlight import models


@pytest.fixture
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a program in a fresh interpreter: one that must end by itself within `timeout` seconds."""

    def run(program: str, *, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=timeout, env=os.environ
        )

    return run


@pytest.fixture
def fetched() -> Callable[[str], Path]:
    """The path of a model that the tests need; they never fetch one themselves."""

    def path(name: str) -> Path:
        for model in models():
            if model.name == name and model.path is not None:
                return model.path
        pytest.fail(f"the tests need the model `{name}`: run `cargo xtask models`")

    return path
