// Shows an answer while it is written, and stops the model by leaving the loop.
import { Assistant, LocalLlm } from "rushlight";

const model = process.argv[2] ?? "SmolLM2-135M-Instruct";
const assistant = new Assistant(await LocalLlm.open(model));
let pieces = 0;

for await (const event of assistant.stream("Count from 1 to 1000.")) {
  if (event.type === "text") {
    process.stdout.write(event.text);
    pieces += 1;
  }
  if (pieces === 30) break;
}

console.log(`\nstopped after ${pieces} pieces`);
