"""Writes `python/rushlight/_rushlight.pyi` from the native module, or with `--check` tells whether it is up to date.

Needs maturin in the running interpreter's environment; uses cargo's development profile.
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
HEADER = "# Made by bindings-python/stubs.py from the Rust sources. Do not edit.\n"

# The names in annotations that the Rust sources give as text.
IMPORTS = {
    "collections.abc": {"Callable", "Collection", "Mapping", "Sequence"},
    "os": {"PathLike"},
    "typing": {"Any", "Literal", "NoReturn"},
    "typing_extensions": {"Unpack"},
    "._agents": {"HandOff", "Route"},
    "._errors": {"Error"},
    "._filter": {"Filter"},
    "._options": {
        "AllowedCommand",
        "AssistantParts",
        "BatchRequest",
        "CurrentTimeOptions",
        "ExtractOptions",
        "FetchPageOptions",
        "KnowledgeBaseOptions",
        "LocalLlmOptions",
        "McpEndpoint",
        "McpToolsOptions",
        "ReadFileOptions",
        "RemoteEmbedderOptions",
        "RemoteLlmOptions",
        "RetrieverOptions",
        "RunCommandOptions",
        "RunOptions",
        "SearchCodeOptions",
        "SearchKnowledgeOptions",
        "ToolPolicy",
        "WebOptions",
    },
    "._protocols": {"Approver", "Cache", "Embedder", "Llm", "Reranker", "Retriever"},
    "._tool": {"Tool"},
}


def generate() -> str:
    """The stub of the native module as it is built from the sources."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "maturin", "generate-stubs", "--quiet", "--profile", "dev"]
        arguments = ["--manifest-path", str(HERE / "Cargo.toml"), "--out", out]
        ended = subprocess.run([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if ended.returncode:
            sys.exit(ended.stdout)
        (made,) = Path(out).rglob("*.pyi")
        return finish(made.read_text(encoding="utf-8"))


def finish(stub: str) -> str:
    """Makes what pyo3 wrote complete, and plain to read."""
    imports = {module: set(names) for module, names in IMPORTS.items()}
    for module, names in re.findall(r"^from (\S+) import (.*)$", stub, flags=re.MULTILINE):
        imports.setdefault(module, set()).update(names.split(", "))
    body = re.sub(r"^from \S+ import .*\n", "", stub, flags=re.MULTILINE).strip()

    # Annotations that the Rust sources give as text come in quotes.
    body = re.sub(r'(: |-> )"((?:[^"\\]|\\.)+)"(?=[,)=:\s])', r"\1\2", body)
    body = body.replace("SupportsFloat | SupportsIndex", "float").replace("SupportsIndex", "int")
    # An event's `type` tells type checkers which event it is.
    body = re.sub(r'^    type: Final = ("\w+")$', r"    type: Final[Literal[\1]]", body, flags=re.MULTILINE)
    for name, fields in match_args().items():
        empty = re.compile(rf"(^class {name}:\n(?:(?:    .*)?\n)*?    __match_args__: Final)\[.*\]$", re.MULTILINE)
        body = empty.sub(rf"\1 = ({fields})", body)

    used = (
        f"from {module} import {', '.join(sorted(found))}"
        for module, names in sorted(imports.items(), key=lambda item: (item[0].startswith("."), item[0]))
        if (found := [name for name in names if re.search(rf"\b{name}\b", body)])
    )
    return HEADER + "\n".join(used) + "\n\n" + body + "\n"


def match_args() -> dict[str, str]:
    """The fields of every class that can be matched by position: pyo3 tells their types only."""
    found = {}
    for source in sorted((HERE / "src").glob("*.rs")):
        for name, members in re.findall(r"(?ms)^impl (\w+) \{\n(.*?)^\}", source.read_text("utf-8")):
            if match := re.search(r"MATCH_ARGS:[^=]*=\s*\(([^)]*)\)", members):
                fields = re.findall(r'"\w+"', match[1])
                found[name] = ", ".join(fields) + ("," if len(fields) == 1 else "")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the stub is out of date")
    check = parser.parse_args().check

    made = generate()
    found = STUB.read_text(encoding="utf-8") if STUB.exists() else ""
    if made == found:
        return 0
    if not check:
        STUB.write_text(made, encoding="utf-8")
        return 0
    lines = difflib.unified_diff(found.splitlines(), made.splitlines(), "committed", "generated", lineterm="")
    print("\n".join(lines))
    print("the stub is out of date: run `python bindings-python/stubs.py`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
