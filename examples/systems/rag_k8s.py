"""rag-k8s: a request becomes one kubectl command, from cards, that can only be an allowed one."""

import json
import re
import shlex
import sys
from pathlib import Path
from time import perf_counter

from rushlight import Assistant, KnowledgeBase, Limits, LocalEmbedder, LocalLlm, ScriptedLlm, tools

HERE = Path(__file__).resolve().parent / "kubectl"
REQUESTS = [
    "Which pods run in the namespace shop?",
    "Show the logs of the pod cart-58f6d",
    "Scale the deployment web to 3 replicas",
    "Delete the deployment cart",
    "Open a shell in the pod web-7d4b9c",
    "What is the capital of France?",
]
REFUSED = {"delete", "apply"}
INSTRUCTIONS = "You turn a request into one kubectl command. Names and numbers are those of the request."
# Cards that are less similar say nothing about a request.
NEAR = 0.35

RULES = json.loads((HERE / "commands.json").read_text())
ALLOWED = {
    rule["command"]: rule
    for rule in RULES["commands"]
    if rule["does"] in ("read", "change") and rule["command"] not in REFUSED
}


def schema(commands: set[str], names: list[str]) -> dict[str, object]:
    """What the model may write: these commands, about these names."""
    words = RULES["words"] | {"name": "|".join(names).replace(".", r"\."), "namespace": "{name}"}
    pattern = "|".join(written(ALLOWED[command]) for command in sorted(commands))
    pattern = f"^kubectl ({pattern})$"
    while (expanded := re.sub(r"\{([a-z]+)\}", lambda word: f"({words[word[1]]})", pattern)) != pattern:
        pattern = expanded
    return {"type": "object", "properties": {"command": {"type": "string", "pattern": pattern}}, "required": ["command"]}


def written(rule: dict[str, str]) -> str:
    options = f"( ({rule['options']})){{0,4}}" if "options" in rule else ""
    return rule["command"] + rule.get("form", "") + options


def run(arguments: list[str], dry_run: bool) -> str:
    """Runs kubectl by the shipped tool, which checks every argument once more; a script stands in for a model that calls it."""
    words = r"-{0,2}[A-Za-z0-9][A-Za-z0-9._/:=,%-]*"
    allowed: list[tools.AllowedCommand] = [
        {"program": kubectl, "arguments": command.split(), "more": words} for command in ALLOWED
    ]
    tool = tools.run_command(HERE, allowed, environment=["HOME", "KUBECONFIG"], dry_run=dry_run)
    call = {"name": tool.name, "arguments": {"program": kubectl, "arguments": arguments}}
    with Assistant(ScriptedLlm([{"tool_calls": [call]}, {"text": ["Done."]}]), tools=[tool]).stream("Run") as events:
        return next(event.content for event in events if event.type == "tool_output")


def answer(request: str) -> str:
    start = perf_counter()
    cards = documents.retrieve(request, 4, mode="dense")
    if cards[0].score < NEAR:
        return "refused: no card is about this"
    if cards[0].metadata["command"] not in ALLOWED:
        return f"refused: `kubectl {cards[0].metadata['command']}` is not allowed"
    retrieved = perf_counter()
    examples = [card.text.split("\n") for card in cards if card.metadata["command"] in ALLOWED]
    shown = "\n".join(f"- {asked} {json.dumps({'command': command})}" for asked, command in examples)
    commands = {card.metadata["command"] for card in cards} & ALLOWED.keys()
    planner = Assistant(
        llm,
        instructions=f"{INSTRUCTIONS}\n\nExamples of other requests:\n{shown}",
        sampling={"temperature": 0},
        limits=Limits(max_output_tokens=160),
    )
    plan = planner.extract(request, schema(commands, names))["command"]
    planned = perf_counter()
    arguments = shlex.split(plan)[1:]
    checked = run(arguments, dry_run=True)
    if not checked.startswith("dry run"):
        return f"refused: {plan}: {checked}"
    validated = perf_counter()
    times = (retrieved - start, planned - retrieved, validated - planned)
    print("retrieval {:.3f} s, planning {:.3f} s, validation {:.3f} s".format(*times), file=sys.stderr)
    changes = max((c for c in ALLOWED if f"{plan} ".startswith(f"kubectl {c} ")), key=len)
    if ALLOWED[changes]["does"] == "change" and not approved:
        return f"plan: {plan}\nneeds an approval: {checked}"
    return f"plan: {plan}\n{run(arguments, dry_run=False)}"


model = sys.argv[1] if len(sys.argv) > 1 else "Qwen2.5-Coder-0.5B-Instruct"
kubectl = sys.argv[2] if len(sys.argv) > 2 else str(HERE / "kubectl")
approved = "--approve" in sys.argv[3:]

documents = KnowledgeBase(None, LocalEmbedder("all-MiniLM-L6-v2"))
documents.ingest_files([HERE / "cards.jsonl"])
llm = LocalLlm(model)
listed = run(["get", "namespaces,deployments,pods", "--all-namespaces", "--output=name"], dry_run=False)
# `pod/web-0` in the output of the tool
names = [line.split("/")[1] for line in listed.splitlines() if re.fullmatch(r"[a-z.]+/\S+", line)]
for request in REQUESTS:
    print(f"\n> {request}\n{answer(request)}")
