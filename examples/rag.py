"""Answers from documents and says which passages the answer rests on."""

import sys

from rushlight import Assistant, Document, KnowledgeBase, Limits, LocalEmbedder, LocalLlm

model = sys.argv[1] if len(sys.argv) > 1 else "SmolLM2-135M-Instruct"
documents = KnowledgeBase(None, LocalEmbedder("all-MiniLM-L6-v2"))
documents.ingest(
    [
        Document("leave.md", "Every employee has 28 days of leave a year.", title="Leave"),
        Document("travel.md", "Trains are booked in second class, through the office.", title="Travel"),
    ]
)
assistant = Assistant(LocalLlm(model), retriever=documents, limits=Limits(max_output_tokens=64))

answer = assistant.run("How many days of leave do I have?")

print(answer.text)
for citation in answer.citations:
    print(f"[{citation.number}] {citation.source}")
