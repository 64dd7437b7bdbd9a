// Compiled, never run: what users write must have the types that they expect.
import {
  AbortError,
  Assistant,
  CachedEmbedder,
  HashedEmbedder,
  KnowledgeBase,
  LocalEmbedder,
  LocalLlm,
  LocalReranker,
  McpServer,
  McpTools,
  MemoryCache,
  MemorySessions,
  ModelRegistry,
  RemoteEmbedder,
  Router,
  RushlightError,
  ScriptedLlm,
  Slos,
  ToolMetrics,
  eventToJson,
  fetchModel,
  models,
  quantize,
  tool,
  tools,
  type Answer,
  type Cache,
  type Embedder,
  type ErrorCode,
  type Event,
  type Llm,
  type Piece,
  type Prompt,
  type QuantizedTensor,
  type Reranker,
  type Retriever,
  type Route,
  type ToolMetricsReport,
} from "rushlight";
import { z } from "zod";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

const search = tool({
  name: "search",
  description: "Search the code base",
  input: z.object({ query: z.string(), limit: z.number().default(10) }),
  choices: { query: ({ session }) => (session === undefined ? null : [session]) },
  execute: async (args, { signal, session }) => {
    same<typeof args, { query: string; limit: number }>(true);
    same<typeof signal, AbortSignal>(true);
    same<typeof session, string | undefined>(true);
    return [args.query];
  },
});

const plain = tool({
  name: "plain",
  description: "Takes a plain JSON Schema",
  input: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  execute: ({ city }) => `sunny in ${city}`,
  cache: "10m",
  version: async ({ city }) => city.toUpperCase(),
  timeoutMs: 500,
});

const shipped = tools.runCommand("/", [{ program: "ls", more: "[a-z]+" }], { dryRun: true });
same<typeof shipped, tools.BuiltinTool>(true);
new Assistant(new ScriptedLlm([]), { tools: [shipped, plain, tools.readFile("/", { maxFileBytes: 1 })] });
// @ts-expect-error a command has a program
tools.runCommand("/", [{ more: "a" }]);

// @ts-expect-error a tool needs a description
tool({ name: "bad", input: { type: "object" }, execute: () => 1 });
// @ts-expect-error the schema has no such field
tool({ name: "bad", description: "", input: z.object({ a: z.string() }), execute: ({ b }) => b });
// @ts-expect-error tools are made by `tool`
new Assistant(new ScriptedLlm([]), { tools: [{ name: "bad", description: "", parameters: {} }] });
// @ts-expect-error there is no such limit
new Assistant(new ScriptedLlm([]), { limits: { maxTurn: 1 } });

class Shelf implements Retriever {
  readonly version = 1;

  retrieve(question: string, k: number) {
    return [{ source: question, text: String(k) }];
  }
}

class Speaker implements Llm {
  readonly contextWindow = 4096;

  async *generate(prompt: Prompt): AsyncGenerator<Piece> {
    yield prompt.messages.map(({ content }) => content).join();
    yield { type: "tool_call", name: "search", arguments: { query: "moon" } };
    yield { type: "done", usage: { outputTokens: 2 } };
  }
}

const lengths: Embedder = {
  name: "lengths",
  dimensions: 1,
  embed: (texts) => texts.map(({ length }) => [length]),
};
void KnowledgeBase.inMemory(lengths);

const longest: Reranker = {
  score: async (_question, passages) => passages.map(({ text }) => text.length),
};

const drawer: Cache = {
  get: async (key, { signal }) => (signal.aborted ? null : key),
  put: (_key, value) => value.length,
  remove: () => {},
};
new Assistant(new Speaker(), { retriever: new Shelf(), cache: drawer });
new Assistant({ generate: async (_prompt, { signal }) => String(signal.aborted) });
// @ts-expect-error a model says text or deltas
new Assistant({ generate: () => [5] });
// @ts-expect-error a passage has a text
new Assistant(new ScriptedLlm([]), { retriever: { retrieve: () => [{ source: "a" }] } });

const route = {
  name: "quick",
  description: "Short answers",
  agent: new Assistant(new ScriptedLlm([])),
  when: ({ deadlineMs }) => (deadlineMs ?? Infinity) < 1000,
} satisfies Route;
new Router({ fallback: { ...route, agent: new Router({ fallback: route }) }, routes: [route], threshold: 0.5 });
// @ts-expect-error a router has a fallback
new Router({ routes: [route] });

function show(event: Event): string {
  switch (event.type) {
    case "retrieved":
      return event.passages.map((passage) => passage.source).join();
    case "text":
      return event.text;
    case "tool_call":
      same<typeof event.arguments, unknown>(true);
      return event.name;
    case "tool_output":
      return event.status === "success" ? event.content : event.callId;
    case "handed_off":
      return event.to;
    case "routed":
      return `${event.to} ${event.by} ${event.score?.toFixed(2)}`;
    case "done":
      return `${event.text} ${event.usage.outputTokens} ${event.report.totalMs}`;
    default:
      same<typeof event, never>(true);
      return event;
  }
}

export async function main(): Promise<void> {
  const llm = await LocalLlm.open("model", { context: 1024, device: "cuda:0", signal: AbortSignal.timeout(1000) });
  await LocalLlm.open("model", { onProgress: ({ stage, done }) => console.log(stage, done), memoryBudget: 1e9 });
  const registry = new ModelRegistry({ memoryBudget: 4e9 });
  const small = await registry.add("small", "model", { priority: "high", unloadAfterMs: 60_000 });
  small.pinFor(1000);
  same<typeof small, LocalLlm>(true);
  // @ts-expect-error there are three priorities
  await registry.add("large", "model", { priority: "urgent" });
  const local = await LocalEmbedder.open("model", { queryPrompt: "query: ", signal: AbortSignal.timeout(1000) });
  const remote = await RemoteEmbedder.open("http://localhost", "model", { apiKey: "secret", timeoutMs: 1000 });
  // @ts-expect-error there is no such option
  await LocalEmbedder.open("model", { prompt: "query: " });
  const vectors = [new CachedEmbedder(local, new MemoryCache()), new CachedEmbedder(remote, new MemoryCache())];
  same<Awaited<ReturnType<(typeof vectors)[0]["embedQueries"]>>, Float32Array[]>(true);
  const documents = await KnowledgeBase.open("store", new HashedEmbedder(64), { mode: "hybrid" });
  const retriever = documents.retriever({ k: 5, rerank: true, reranker: longest, mmr: 0.7 });
  const [passage] = await retriever.retrieve("Why?", { filter: { field: "lang", equals: "en" } });
  same<typeof passage.scores.reranked, number | undefined>(true);
  new Assistant(llm, { retriever });
  const reranker = await LocalReranker.open("folder", { signal: AbortSignal.timeout(1000) });
  same<Awaited<ReturnType<typeof reranker.score>>, number[]>(true);
  documents.retriever({ reranker });
  // @ts-expect-error there is no such option
  documents.retriever({ reranked: true });
  await documents.ingestDir("docs", { onProgress: ({ done, total }) => void (done / total) });
  await using assistant = new Assistant(llm, {
    instructions: "Be brief.",
    tools: [search, plain],
    retriever: documents,
    cache: new MemoryCache({ maxEntries: 10, ttlMs: 1000 }),
    sessions: new MemorySessions(),
    sampling: { temperature: 0 },
    limits: { maxTurns: 2, deadlineMs: 1000 },
  });

  const answer = await assistant.run("Why?", { session: "s", signal: new AbortController().signal });
  same<typeof answer, Answer>(true);
  await using sums = await McpTools.connect({ command: "python3", args: ["server.py"] }, { policy: { timeoutMs: 1000 } });
  await using listening = await new McpServer("all", { tools: [search, sums], agent: assistant }).serveHttp({ token: "a" });
  same<typeof listening.url, string>(true);
  // @ts-expect-error a server is a program or has a URL
  await McpTools.connect({ path: "server.py" });

  const slos = new Slos([{ name: "quick", metric: "first_token", percentile: 95, bound: 0.5 }]);
  slos.record(answer.report);
  for (const { slo, burnRate, p95 } of slos.reports()) console.log(slo.name, burnRate > 1, (p95 ?? 0) * 1000);
  // @ts-expect-error there is no such metric
  new Slos([{ name: "quick", metric: "first", percentile: 95, bound: 0.5 }]);

  const toolMetrics = new ToolMetrics();
  new Assistant(new ScriptedLlm([]), { toolMetrics });
  same<ReturnType<typeof toolMetrics.report>, ToolMetricsReport>(true);
  console.log((toolMetrics.report().tools["search"]?.successRate ?? 0) * 100);
  // @ts-expect-error metrics are made by their class
  new Assistant(new ScriptedLlm([]), { toolMetrics: {} });

  const run = assistant.stream("Why?");
  for await (const event of run) console.log(show(event), eventToJson(event));
  same<Awaited<typeof run.result>, Answer>(true);
  for await (const text of assistant.stream("Again?").textStream) text.toUpperCase();

  await fetchModel("name", { onProgress: ({ file, done }) => console.log(file, done) });
  const { worst } = await quantize("folder", "file.gguf", { type: "q4_0", onProgress: ({ tensor }) => console.log(tensor) });
  same<typeof worst, QuantizedTensor | null>(true);
  same<(Awaited<ReturnType<typeof models>>)[number]["kind"], "language_model" | "embedder">(true);

  try {
    await assistant.run("Why?");
  } catch (error) {
    if (error instanceof AbortError) return;
    if (error instanceof RushlightError) same<typeof error.code, ErrorCode>(true);
  }
}
