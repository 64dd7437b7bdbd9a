// Assistants that a file describes.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Assistant, HashedEmbedder, KnowledgeBase, ScriptedLlm, models, tool } from "rushlight";
import { all, call, object } from "./support/index.mjs";

const TOML = `
instructions = "You help."
sampling.temperature = 0.2
limits = { max_output_tokens = 160, deadline = "30s" }
tools.addUp = { rate = "1/day", rate_excess = "refuse" }

[profiles.technical]
sampling.temperature = 0.5
`;
const spec = {
  instructions: "You help.",
  sampling: { temperature: 0.2 },
  limits: { max_output_tokens: 160, deadline: 30 },
  tools: { addUp: { rate: "1/day", rate_excess: "refuse" } },
  profiles: { technical: { sampling: { temperature: 0.5 } } },
};

const integer = { type: "integer" };
const adding = (execute) => {
  return tool({ name: "addUp", description: "Add two numbers", input: object({ a: integer, b: integer }), execute });
};
const tools = [adding(({ a, b }) => a + b)];
const scripted = (...texts) => new ScriptedLlm(texts.map((text) => ({ text })));

/** Writes files into a folder that is removed with the test. */
function folderOf(context) {
  const folder = mkdtempSync(join(tmpdir(), "rushlight-"));
  context.after(() => rmSync(folder, { recursive: true }));
  return (name, text) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
}

test("both formats and an object give the assistant of the constructor", async (context) => {
  const written = folderOf(context);
  const asked = [];
  for (const given of [written("agent.toml", TOML), written("agent.json", JSON.stringify(spec)), spec]) {
    const llm = scripted("Hello.");
    const assistant = await Assistant.fromSpec(given, { llm, tools });
    assert.equal((await assistant.run("Hi")).text, "Hello.");
    asked.push(llm.prompts());
  }

  const llm = scripted("Hello.");
  const limits = { maxOutputTokens: 160, deadlineMs: 30_000 };
  await new Assistant(llm, { instructions: "You help.", tools, sampling: { temperature: 0.2 }, limits }).run("Hi");

  for (const prompts of asked) assert.deepEqual(prompts, llm.prompts());
});

test("profiles share a model and differ in their parameters", async () => {
  const llm = scripted("Hello.", "Well.");

  await (await Assistant.fromSpec(spec, { llm, tools })).run("Hi");
  await (await Assistant.fromSpec(spec, { profile: "technical", llm, tools })).run("Hi");

  const temperatures = llm.prompts().map((prompt) => prompt.sampling.temperature.toFixed(2));
  assert.deepEqual(temperatures, ["0.20", "0.50"]);
  const message = "unknown profile `sales`, expected one of: technical";
  await assert.rejects(Assistant.fromSpec(spec, { profile: "sales", llm, tools }), { code: "unknown", message });
});

test("a policy of the spec holds, and results are forgotten by name", async () => {
  const adds = call("addUp", { a: 1, b: 2 });
  const llm = new ScriptedLlm([adds, call("addUp", { a: 2, b: 2 }), { text: "3" }]);
  const limited = await Assistant.fromSpec(spec, { llm, tools });
  let ran = 0;
  const kept = await Assistant.fromSpec(
    { tools: { addUp: { cache: "1h" } } },
    { llm: new ScriptedLlm([1, 2, 3].flatMap(() => [adds, { text: "3" }])), tools: [adding(() => ++ran)] },
  );

  const events = await all(limited.stream("Go"));
  await kept.run("Go");
  await kept.run("Go");
  kept.forgetResults("addUp");
  await kept.run("Go");

  const statuses = events.filter((event) => event.type === "tool_output").map((event) => event.status);
  assert.deepEqual(statuses, ["success", "rate_limited"]);
  assert.equal(ran, 2);
});

test("documents are searched as the spec says", async () => {
  const base = await KnowledgeBase.inMemory(new HashedEmbedder(64));
  await base.ingest([1, 2, 3].map((number) => ({ source: `${number}.md`, text: `Card ${number}` })));
  const searching = { retriever: { k: 2 } };

  const assistant = await Assistant.fromSpec(searching, { llm: scripted("Both."), retriever: base });
  const [found] = await all(assistant.stream("Which card?"));

  assert.equal(found.passages.length, 2);
  const refused = { code: "invalid", message: "invalid retriever: expected a knowledge base to search, got none" };
  await assert.rejects(Assistant.fromSpec(searching, { llm: scripted() }), refused);
  await assert.rejects(Assistant.fromSpec(searching, { llm: scripted(), retriever: base.retriever({ k: 1 }) }), refused);
});

test("a part comes in the place of what the spec says", async () => {
  const kept = [];
  const cache = { get: () => null, put: (key) => void kept.push(key), remove: () => {} };

  const assistant = await Assistant.fromSpec({ cache: { max_entries: 1 } }, { llm: scripted("Hello."), cache });
  await assistant.run("Hi");

  assert.equal(kept.length, 1);
});

test("what is wrong is named with file and path", async (context) => {
  const written = folderOf(context);
  const llm = scripted();
  const cases = [
    ["limits.max_turn = 1", "`limits.max_turn`: unknown field `max_turn`, expected one of `max_turns`"],
    ["sampling.temperature = 'hot'", '`sampling.temperature`: invalid type: string "hot", expected f32'],
    ["sampling.temperature = 3", "`sampling.temperature`: expected 0 to 2, got 3"],
    ["model = 'a'\nmodel = ", "at line 2"],
  ];
  for (const [text, message] of cases) {
    const path = written("agent.toml", text);
    await assert.rejects(Assistant.fromSpec(path, { llm }), (error) => {
      assert.ok(error.message.startsWith(`invalid \`${path}\`: `) && error.message.includes(message), error.message);
      return error.code === "invalid";
    });
  }
});

test("what is no spec is refused", async (context) => {
  const written = folderOf(context);
  const llm = scripted();
  const refused = (given, code, message, options = {}) => {
    return assert.rejects(Assistant.fromSpec(given, { llm, ...options }), { code, message });
  };

  await refused("/no/such/agent.toml", "io", /agent\.toml/);
  await refused(written("agent.yaml", ""), "invalid", /expected a name that ends in `.toml` or `.json`/);
  await refused({ instruction: "typo" }, "invalid", /invalid agent spec: `instruction`: unknown field/);
  await refused(3, "invalid", /invalid agent spec: invalid type: integer `3`/);
  await refused(undefined, "invalid", /invalid agent spec: expected plain data, got undefined/);
  await refused({}, "invalid", /unknown option `limits`, expected one of `tools`/, { limits: { maxTurns: 1 } });
});

test("the tools are those that the spec names", async () => {
  const llm = scripted();
  const missing = "invalid tools: expected those that the spec names (addUp, search), got addUp";
  const extra = "invalid tools: expected those that the spec names (none), got addUp";

  const asked = Assistant.fromSpec({ tools: { addUp: {}, search: {} } }, { llm, tools });
  await assert.rejects(asked, { code: "invalid", message: missing });
  await assert.rejects(Assistant.fromSpec({}, { llm, tools }), { code: "invalid", message: extra });
});

test("the spec names its model", async (context) => {
  const written = folderOf(context);
  const { path } = (await models()).find(({ name }) => name === "SmolLM2-135M-Instruct");
  const beside = written("agent.toml", "model = 'model.gguf'\nlimits.max_output_tokens = 2\nmodel_options.context = 128");
  symlinkSync(path, join(beside, "..", "model.gguf"));

  const assistant = await Assistant.fromSpec(beside);

  assert.ok((await assistant.run("Hi")).text);
  const message = "invalid model: expected a name or a path, or a model of the caller's, got none";
  await assert.rejects(Assistant.fromSpec({}), { code: "invalid", message });
  await assert.rejects(Assistant.fromSpec({ model: "no-such-model" }), { code: "unknown", message: /no-such-model/ });
});
