// The AI SDK's `generateText` over its mock model. The first argument is the folder that it is installed in.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { serve } from "./protocol.mjs";

const installed = createRequire(join(process.argv[2], "package.json"));
const load = (name) => import(pathToFileURL(installed.resolve(name)));
const { generateText, isStepCount, tool } = await load("ai");
const { MockLanguageModelV4 } = await load("ai/test");
const { z } = await load("zod");

const ANSWER = "19 plus 23 is 42.";

const add = tool({
  description: "Add two numbers",
  inputSchema: z.object({ a: z.number().int(), b: z.number().int() }),
  execute: async ({ a, b }) => a + b,
});

const usage = { inputTokens: { total: 8 }, outputTokens: { total: 8 } };
const model = new MockLanguageModelV4({
  doGenerate: async ({ prompt }) => {
    const call = { type: "tool-call", toolCallId: "call_1", toolName: "add", input: '{"a":19,"b":23}' };
    const isAnswer = prompt.at(-1).role === "tool";
    const content = [isAnswer ? { type: "text", text: ANSWER } : call];
    const finishReason = { unified: isAnswer ? "stop" : "tool-calls", raw: undefined };
    return { content, finishReason, usage, warnings: [] };
  },
});

async function ask({ questions }) {
  const options = { model, tools: { add }, instructions: "You are a helpful assistant.", stopWhen: isStepCount(8) };
  const start = process.hrtime.bigint();
  for (let asked = 0; asked < questions; asked += 1) {
    const { text } = await generateText({ ...options, prompt: "What is 19 plus 23?" });
    if (text !== ANSWER) throw new Error(`the answer was: ${text}`);
  }
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, turns: 2 * questions };
}

await serve({ ask });
