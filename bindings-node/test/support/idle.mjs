// Holds everything that could keep a process alive, with nothing running, and expects to end by itself.
import { Assistant, HashedEmbedder, KnowledgeBase, MemoryCache, MemorySessions, ScriptedLlm, tool } from "rushlight";

const clock = tool({ name: "clock", description: "The time", input: { type: "object" }, execute: async () => "12:00" });
globalThis.documents = await KnowledgeBase.inMemory(new HashedEmbedder(8));
await documents.ingest([{ source: "a", text: "a" }], { onProgress: () => {} });
const turns = [{ toolCalls: [{ name: "clock" }] }, { text: "idle" }, { text: ["one", "two"] }];
globalThis.assistant = new Assistant(new ScriptedLlm(turns), {
  tools: [clock],
  retriever: documents,
  cache: new MemoryCache(),
  sessions: new MemorySessions(),
});
const generate = async function* () {
  yield "own ";
  yield "words";
};
const own = new Assistant({ generate, countTokens: ({ length }) => length }, {
  retriever: { retrieve: async () => [], version: 1 },
  cache: { get: async () => null, put: async () => {}, remove: async () => {} },
});
await own.run("Go");
globalThis.own = own;
globalThis.spoken = own.stream("More");
await spoken.next();
console.log((await assistant.run("Go")).text);
globalThis.events = assistant.stream("More", { signal: new AbortController().signal });
await events.next();
