// Asks a model on this machine one question.
import { Assistant, LocalLlm } from "rushlight";

const model = process.argv[2] ?? "SmolLM2-135M-Instruct";
const assistant = new Assistant(await LocalLlm.open(model), {
  instructions: "You answer in one sentence.",
  limits: { maxOutputTokens: 64 },
});

const answer = await assistant.run("What is the capital of France?");

console.log(answer.text);
