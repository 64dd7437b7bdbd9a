// Lets the model call a function: its schema and description are all that the model needs to know.
import { Assistant, LocalLlm, ScriptedLlm, tool } from "rushlight";

const track = tool({
  name: "track",
  description: "Where a parcel is",
  input: {
    type: "object",
    properties: { number: { type: "integer", description: "The number on the label" } },
    required: ["number"],
  },
  execute: async ({ number }) => `parcel ${number} is in Lyon`,
});

const model = process.argv[2] ?? "SmolLM2-135M-Instruct";
const script = [{ toolCalls: [{ name: "track", arguments: { number: 4711 } }] }, { text: "It is in Lyon." }];
const llm = model === "--scripted" ? new ScriptedLlm(script) : await LocalLlm.open(model);
const assistant = new Assistant(llm, { tools: [track], limits: { maxOutputTokens: 64 } });

for await (const event of assistant.stream("Where is parcel 4711?")) {
  if (event.type === "tool_call") console.log("->", event.name, JSON.stringify(event.arguments));
  if (event.type === "tool_output") console.log("<-", event.content);
  if (event.type === "done") console.log(event.text);
}
