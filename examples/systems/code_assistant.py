"""NeuroNetes: a code assistant that searches and reads a repository in sight, and names its sources.

`code_assistant.json` holds the limits of its tools. A large model needs no more: one assistant with both tools and the
documents. One of half a billion parameters calls a tool well where there is one, with a name of the question or a path from a
list; it neither chooses among tools nor goes from a hit to the file. So a router gives each question to the agent of one step.
"""

import json
import sys
from pathlib import Path

from rushlight import Assistant, KnowledgeBase, LocalEmbedder, LocalLlm, Route, Router, tools

HERE = Path(__file__).resolve().parent
QUESTIONS = [
    "Where is the class SecureCookieSessionInterface defined?",
    "Which hash function signs the session cookie?",
    "Read lines 44 to 54 of src/flask/logging.py: what is the format of a message?",
]
SPEC = json.loads((HERE / "code_assistant.json").read_text())

model = sys.argv[1] if len(sys.argv) > 1 else "Qwen2.5-Coder-0.5B-Instruct"
folder = sys.argv[2] if len(sys.argv) > 2 else str(HERE / "repository")
questions = sys.argv[3:] or QUESTIONS

documents = KnowledgeBase(None, LocalEmbedder("all-MiniLM-L6-v2"))
print(f"{documents.ingest_dir(folder).added} files, {documents.info.chunks} passages")
llm = LocalLlm(model)


def agent(profile: str, tool: tools.BuiltinTool | None = None, retriever: KnowledgeBase | None = None) -> Assistant:
    used = [tool] if tool else []
    spec = SPEC | {"tools": {tool.name: SPEC["tools"][tool.name] for tool in used}}
    return Assistant.from_spec(spec, profile=profile, llm=llm, tools=used, retriever=retriever)


find = Route(
    "find",
    "Places in the code",
    agent("find", tools.search_code(folder, context_lines=0)),
    words=["where", "which file", "who calls", "uses"],
)
read = Route("read", "What a file says", agent("read", tools.read_file(folder, list_files=200)), patterns=[r"\w/\w+\.\w+"])
explain = Route("explain", "Everything else", agent("explain", retriever=documents))
assistant = Router(explain, [read, find])

for question in questions:
    print(f"\n> {question}")
    # An agent that has a tool calls it, however unlikely the model finds that.
    with assistant.stream(question, session="developer", scopes=["read:code", "read:files"], call_threshold=0, parallel_calls=False) as events:
        for event in events:
            if event.type == "routed":
                print(f"{event.to}:")
            elif event.type == "retrieved":
                for passage in event.passages:
                    print(" ", " › ".join([passage.title, *passage.headings]))
            elif event.type == "tool_call":
                print(f"  {event.name} {json.dumps(event.arguments)}")
            elif event.type == "tool_output":
                for line in event.content.splitlines()[:5]:
                    print(f"    {line}")
            elif event.type == "text":
                print(event.text, end="", flush=True)
            elif event.type == "done":
                print()
                for citation in event.answer.citations:
                    print(f"[{citation.number}] {citation.source}")
