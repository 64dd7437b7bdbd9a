// Takes the tools of another program, by the Model Context Protocol: of this one, which is started once more as a server.
import { fileURLToPath } from "node:url";
import { Assistant, McpServer, McpTools, ScriptedLlm, tool } from "rushlight";

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

if (process.argv[2] === "serve") {
  await new McpServer("parcels", { tools: [track] }).serveStdio();
  process.exit();
}

// A script in place of a model: a small one does not always call the tool.
const script = [{ toolCalls: [{ name: "track", arguments: { number: 4711 } }] }, { text: "It is in Lyon." }];

const server = { command: process.execPath, args: [fileURLToPath(import.meta.url), "serve"] };
const tools = await McpTools.connect(server);
console.log("tools:", ...tools.names);
const assistant = new Assistant(new ScriptedLlm(script), { tools: [tools] });

for await (const event of assistant.stream("Where is parcel 4711?")) {
  if (event.type === "tool_call") console.log("->", event.name, JSON.stringify(event.arguments));
  if (event.type === "tool_output") console.log("<-", event.content);
  if (event.type === "done") console.log(event.text);
}
await tools.close();
