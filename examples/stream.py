"""Shows an answer while it is written, and stops the model by leaving the loop."""

import asyncio
import sys

from rushlight import Assistant, LocalLlm


async def main() -> None:
    model = sys.argv[1] if len(sys.argv) > 1 else "SmolLM2-135M-Instruct"
    assistant = Assistant(await LocalLlm.aopen(model))
    pieces = 0

    async with assistant.astream("Count from 1 to 1000.") as events:
        async for event in events:
            if event.type == "text":
                print(event.text, end="", flush=True)
                pieces += 1
            if pieces == 30:
                break

    print(f"\nstopped after {pieces} pieces")


asyncio.run(main())
