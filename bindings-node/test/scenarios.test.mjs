// The scenarios that all languages share: the same script gives the same events.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  Assistant,
  HashedEmbedder,
  KnowledgeBase,
  MemoryCache,
  MemorySessions,
  Router,
  ScriptedLlm,
  eventToJson,
  tool,
  tools as builtin,
} from "rushlight";
import { camelKeys, object, sleep, until } from "./support/index.mjs";

const folder =
  process.env.RUSHLIGHT_SCENARIOS ?? fileURLToPath(new URL("../../tests/scenarios", import.meta.url));

const integer = { type: "integer" };
const tools = {
  add: tool({
    name: "add",
    description: "Add two numbers",
    input: object({ a: integer, b: integer }),
    execute: ({ a, b }) => a + b,
  }),
  echo: tool({
    name: "echo",
    description: "Repeat a text",
    input: object({ text: { type: "string" } }),
    execute: async ({ text }) => text,
  }),
  boom: tool({
    name: "boom",
    description: "Always fails",
    input: object({}),
    execute: () => {
      throw new Error("boom");
    },
  }),
  slow: tool({
    name: "slow",
    description: "Never ends",
    input: object({}),
    execute: () => new Promise(() => {}),
  }),
  brief: tool({
    name: "brief",
    description: "Never ends, briefly",
    input: object({}),
    execute: () => new Promise(() => {}),
    timeoutMs: 50,
  }),
  rare: tool({
    name: "rare",
    description: "Repeat a text, seldom",
    input: object({ text: { type: "string" } }),
    execute: ({ text }) => text,
    rate: "1/day",
    rateExcess: "refuse",
  }),
  secret: tool({
    name: "secret",
    description: "Tell the secret",
    input: object({}),
    execute: () => "42",
    scopes: ["read:code"],
  }),
  note: tool({
    name: "note",
    description: "Open a note",
    input: object({ name: { type: "string" } }),
    execute: ({ name }, { session }) => `${name} of ${session ?? "nobody"}`,
    choices: {
      name: ({ session }) => (session === "new" ? [] : session === undefined ? ["a.md", "b.md"] : [`${session}.md`]),
    },
  }),
  deploy: tool({
    name: "deploy",
    description: "Deploy the site",
    input: object({}),
    execute: () => "deployed",
    approve: true,
  }),
  calculate: builtin.calculate(),
  read_file: builtin.readFile(join(folder, "workspace")),
  search_code: builtin.searchCode(join(folder, "workspace"), { contextLines: 0 }),
};

/** A model of one's own that plays a script as `ScriptedLlm` does. */
class Played {
  constructor(script) {
    this.turns = script.values();
  }

  countTokens(text) {
    return text.split(/\s+/).filter((word) => word !== "").length;
  }

  async *generate(prompt) {
    const { text = [], toolCalls = [], finishReason, error, delayMs = 0 } = this.turns.next().value;
    for (const piece of text) {
      await sleep(delayMs);
      yield piece;
    }
    for (const call of toolCalls) yield { type: "tool_call", ...call };
    if (error !== undefined) throw new Error(error);
    const inputTokens = prompt.messages.reduce((sum, { content }) => sum + this.countTokens(content), 0);
    const outputTokens = this.countTokens(text.join("")) + toolCalls.length;
    yield { type: "done", finishReason, usage: { inputTokens, outputTokens } };
  }
}

async function assistantOf(scenario, Model, record) {
  let retriever;
  if (scenario.documents) {
    retriever = await KnowledgeBase.inMemory(new HashedEmbedder(64));
    await retriever.ingest(scenario.documents);
    if (scenario.retriever) retriever = retriever.retriever(camelKeys(scenario.retriever));
  }
  const other = (agent) => otherOf(agent, Model);
  const agents = (scenario.agents ?? []).map((agent) => {
    return other(agent).asTool({ name: agent.name, description: agent.description });
  });
  const llm = new Model(scenario.script.map(camelKeys));
  const parts = {
    handOffs: scenario.hand_offs?.map((to) => ({ name: to.name, description: to.description, assistant: other(to) })),
    tools: [...(scenario.tools ?? []).map((name) => tools[name]), ...agents],
    toolTimeoutMs: scenario.tool_timeout_ms,
    approver: () => null,
    retriever,
    record,
  };
  if (scenario.spec) return Assistant.fromSpec(scenario.spec, { llm, ...parts });
  return new Assistant(llm, {
    ...parts,
    instructions: scenario.instructions,
    cache: scenario.cache ? new MemoryCache() : undefined,
    sessions: scenario.sessions ? new MemorySessions() : undefined,
    limits: scenario.limits && camelKeys(scenario.limits),
  });
}

function otherOf({ script, tools: names = [] }, Model) {
  return new Assistant(new Model(script.map(camelKeys)), { tools: names.map((name) => tools[name]) });
}

/** The assistant of a scenario, or a router that has it as its fallback. */
async function agentOf(scenario, Model, record) {
  const assistant = await assistantOf(scenario, Model, record);
  if (scenario.routes === undefined) return assistant;
  return new Router({
    fallback: { name: "general", description: "Everything else", agent: assistant },
    routes: scenario.routes.map(({ name, description, words, examples, ...rest }) => {
      return { name, description, words, examples, agent: otherOf(rest, Model) };
    }),
    embedder: new HashedEmbedder(64),
    llm: scenario.choices && new Model(scenario.choices.map(camelKeys)),
  });
}

/** Equal up to the rounding of 32-bit scores. */
function assertSame(found, expected, path) {
  if (typeof expected === "number" && typeof found === "number") {
    const tolerance = 1e-5 * Math.max(1, Math.abs(expected));
    assert.ok(Math.abs(found - expected) <= tolerance, `${path}: expected ${expected}, found ${found}`);
  } else if (expected !== null && typeof expected === "object" && found !== null && typeof found === "object") {
    assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort(), path);
    for (const key of Object.keys(expected)) assertSame(found[key], expected[key], `${path}/${key}`);
  } else {
    assert.equal(found, expected, path);
  }
}

/** The stream of a run; `before` is the last event of the run before. */
function streamOf(agent, { request, decisions }, before) {
  if (request === undefined) return agent.stream(before.pending, { decisions });
  const { session, filter, schema, scopes, dry_run: dryRun, tool_choice: toolChoice, citing } = request;
  const options = { session, filter: filter && camelKeys(filter), schema, scopes, dryRun, toolChoice, citing };
  return agent.stream(request.question, options);
}

async function eventsOf(agent, run, before) {
  const events = [];
  try {
    for await (const event of streamOf(agent, run, before)) {
      events.push(event);
      if (events.length === run.stop_after) break;
    }
    return { events };
  } catch (error) {
    return { events, error };
  }
}

async function play(agent, scenario) {
  let before;
  for (const [index, run] of scenario.runs.entries()) {
    const { events, error } = await eventsOf(agent, run, before);
    before = events.at(-1);

    assertSame(events.map(eventToJson), run.events, `run ${index}, events`);
    if (error && !run.error) throw error;
    assert.equal(error?.code, run.error?.kind, `run ${index}, error`);
  }
}

/** The path of a journal, which is removed with the test. */
function journalOf(context) {
  const directory = mkdtempSync(join(tmpdir(), "rushlight-"));
  context.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "run.jsonl");
}

const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
assert.ok(files.length > 0, `there are no scenarios in ${folder}`);

for (const file of files) {
  const scenario = JSON.parse(readFileSync(join(folder, file), "utf8"));
  for (const Model of [ScriptedLlm, Played]) {
    test(`scenario ${file} with ${Model.name}, and from its journal: ${scenario.name}`, async (context) => {
      const journal = journalOf(context);

      await play(await agentOf(scenario, Model, journal), scenario);
      if (scenario.routes) return; // a router has no journal
      // Leaving a stream does not wait until its run has ended, and the journal learns of it then.
      const isTold = () => readFileSync(journal, "utf8").includes("nobody waited for its end");
      if (scenario.runs.some((run) => run.stop_after !== undefined)) await until(isTold);
      await play(Assistant.replay(journal), scenario);
    });
  }
}

test("a replay names what is new, and a journal its damaged line", async (context) => {
  const record = journalOf(context);
  await new Assistant(new ScriptedLlm([{ text: ["Fine."] }]), { record }).run("How are you?");

  const replayed = Assistant.replay(record);
  const message = /line 2: `generation`: at `\/messages\/1\/content` expected/;
  await assert.rejects(replayed.run("Who are you?"), { code: "diverged", message });
  writeFileSync(record, readFileSync(record, "utf8").slice(0, -9));
  assert.throws(() => Assistant.replay(record), { code: "corrupt", message: /line 2: EOF/ });
});
