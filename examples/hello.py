"""Asks a model on this machine one question."""

import sys

from rushlight import Assistant, Limits, LocalLlm

model = sys.argv[1] if len(sys.argv) > 1 else "SmolLM2-135M-Instruct"
assistant = Assistant(
    LocalLlm(model), instructions="You answer in one sentence.", limits=Limits(max_output_tokens=64)
)

answer = assistant.run("What is the capital of France?")

print(answer.text)
