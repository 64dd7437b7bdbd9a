"""JRVS: a chat that has read a folder and a web site, remembers what was said, and names its sources."""

import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from rushlight import (
    Assistant,
    IngestProgress,
    IngestReport,
    KnowledgeBase,
    Limits,
    LocalEmbedder,
    LocalLlm,
    MemorySessions,
)

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "corpus/runbooks/node"
# The last one is understood by what was said before.
QUESTIONS = [
    "A RAID array is degraded. What should I do with the node?",
    "When is the maintenance window?",
    "Who has to approve work outside of it?",
]


class Pages(SimpleHTTPRequestHandler):
    """Serves pages and says nothing about it."""

    def log_message(self, format: str, *args: object) -> None:
        pass


def show(step: IngestProgress) -> None:
    print(f"\r{step.done}/{step.total} ", end="", flush=True, file=sys.stderr)


def say(what: str, report: IngestReport) -> None:
    print(f"{what}: {report.added} added, {report.unchanged} unchanged, {len(report.failed)} failed")


model = sys.argv[1] if len(sys.argv) > 1 else "Qwen2.5-Coder-0.5B-Instruct"
temporary = tempfile.TemporaryDirectory()
store = sys.argv[2] if len(sys.argv) > 2 else temporary.name
server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=HERE / "site"))
Thread(target=server.serve_forever, daemon=True).start()
site = f"http://127.0.0.1:{server.server_port}/"

documents = KnowledgeBase(store, LocalEmbedder("all-MiniLM-L6-v2"))
# The second time nothing has changed, and nothing is embedded again.
for _ in range(2):
    say("folder", documents.ingest_dir(FOLDER, progress=show))
    # Only public hosts are asked, and those that are named here.
    say("site", documents.ingest_url(site, depth=2, allowed_hosts=["127.0.0.1"], progress=show))

assistant = Assistant(
    LocalLlm(model),
    instructions="You help engineers who are on call.",
    retriever=documents,
    sessions=MemorySessions(),
    sampling={"temperature": 0},
    limits=Limits(max_output_tokens=128),
)
for question in QUESTIONS:
    print(f"\n> {question}")
    with assistant.stream(question, session="visitor") as events:
        for event in events:
            if event.type == "text":
                print(event.text, end="", flush=True)
            elif event.type == "done":
                print()
                for citation in event.answer.citations:
                    print(f"[{citation.number}] {citation.source}")

info = documents.info
print(f"\nstored: {info.documents} documents, {info.chunks} chunks, {info.bytes} bytes")
