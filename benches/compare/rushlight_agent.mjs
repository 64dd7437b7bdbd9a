// rushlight's assistant over its scripted model, from Node.
import { Assistant, ScriptedLlm, tool } from "../../bindings-node/dist/index.js";
import { serve } from "./protocol.mjs";

const ANSWER = "19 plus 23 is 42.";

const number = { type: "integer" };
const add = tool({
  name: "add",
  description: "Add two numbers",
  input: { type: "object", properties: { a: number, b: number }, required: ["a", "b"] },
  execute: async ({ a, b }) => a + b,
});

async function ask({ questions }) {
  const call = { toolCalls: [{ name: "add", arguments: { a: 19, b: 23 } }] };
  const script = Array.from({ length: questions }, () => [call, { text: ANSWER }]).flat();
  const assistant = new Assistant(new ScriptedLlm(script), { tools: [add] });
  const start = process.hrtime.bigint();
  for (let asked = 0; asked < questions; asked += 1) {
    const { text } = await assistant.run("What is 19 plus 23?");
    if (text !== ANSWER) throw new Error(`the answer was: ${text}`);
  }
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, turns: 2 * questions };
}

await serve({ ask });
