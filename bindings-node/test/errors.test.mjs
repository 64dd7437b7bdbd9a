import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AbortError,
  Assistant,
  HashedEmbedder,
  KnowledgeBase,
  LocalEmbedder,
  LocalLlm,
  MemoryCache,
  MemorySessions,
  RushlightError,
  ScriptedLlm,
  fetchModel,
} from "rushlight";
import { scripted } from "./support/index.mjs";

const model = () => new ScriptedLlm([{ text: "hi" }]);

test("errors have a class, a code and a message that names the thing", async () => {
  const { assistant } = scripted([{ error: "the model broke" }]);

  await assert.rejects(assistant.run("Go"), (error) => {
    assert.ok(error instanceof RushlightError && error instanceof Error);
    assert.equal(error.name, "RushlightError");
    assert.equal(error.code, "foreign");
    assert.equal(error.retryable, false);
    assert.equal(error.message, "the scripted model failed: the model broke");
    assert.match(error.stack, /errors\.test\.mjs/);
    return true;
  });
});

test("a priority reaches the model and others are refused", async () => {
  const llm = new ScriptedLlm([{ text: "first" }, { text: "second" }]);

  assert.equal((await new Assistant(llm).run("Go", { priority: "high" })).text, "first");
  assert.deepEqual(llm.prompts().map(({ priority }) => priority), ["high"]);
  await assert.rejects(new Assistant(llm).run("Go", { priority: "urgent" }), { code: "invalid", message: /urgent.*low/ });
});

test("an abort error is a rushlight error", () => {
  const error = new AbortError();

  assert.ok(error instanceof RushlightError);
  assert.equal(error.name, "AbortError");
  assert.equal(error.code, "cancelled");
});

test("a deadline gives a timeout that may be tried again", async () => {
  const { assistant } = scripted([{ text: ["a", "b"], delayMs: 10_000 }], { limits: { deadlineMs: 30 } });

  await assert.rejects(assistant.run("Go"), { code: "timeout", retryable: true });
});

test("an unknown model lists the known ones", async () => {
  const message = /unknown model `no-such-model`.*SmolLM2-135M-Instruct/s;

  await assert.rejects(LocalLlm.open("no-such-model"), { code: "unknown", message });
  await assert.rejects(LocalEmbedder.open("no-such-model"), { code: "unknown", message });
  await assert.rejects(fetchModel("no-such-model"), { code: "unknown", message });
});

test("a path that is no model is refused", async () => {
  await assert.rejects(LocalLlm.open(import.meta.filename), RushlightError);
  await assert.rejects(LocalLlm.open("/no/such/file.gguf"), RushlightError);
});

test("a blank question and a session without a store are refused", async () => {
  const { assistant } = scripted([{ text: "hi" }]);

  await assert.rejects(assistant.run("  "), { code: "invalid" });
  await assert.rejects(assistant.run("Hi", { session: "s" }), { code: "invalid" });
});

const wrong = {
  "a model that is none": () => new Assistant({}),
  "an unknown option": () => new Assistant(model(), { instruction: "typo" }),
  "an unknown limit": () => new Assistant(model(), { limits: { maxTurn: 1 } }),
  "an unknown sampling value": () => new Assistant(model(), { sampling: { heat: 1 } }),
  "a temperature out of range": () => new Assistant(model(), { sampling: { temperature: 3 } }),
  "a limit that is no number": () => new Assistant(model(), { limits: { maxTurns: Number.NaN } }),
  "a negative limit": () => new Assistant(model(), { limits: { maxTurns: -1 } }),
  "a negative deadline": () => new Assistant(model(), { limits: { deadlineMs: -1 } }),
  "a limit of money without prices": () => new Assistant(model(), { limits: { maxCost: 1 } }),
  "a deadline of infinity": () => new Assistant(model(), { limits: { deadlineMs: Infinity } }),
  "a timeout that is no number": () => new Assistant(model(), { toolTimeoutMs: Number.NaN }),
  "a retriever that is none": () => new Assistant(model(), { retriever: {} }),
  "limits that are an array": () => new Assistant(model(), { limits: [] }),
  "a circle": () => {
    const limits = {};
    limits.limits = limits;
    return new Assistant(model(), { limits });
  },
  "a big integer": () => new Assistant(model(), { limits: { maxTurns: 1n } }),
  "a script that is no array": () => new ScriptedLlm("hi"),
  "a script of numbers": () => new ScriptedLlm([1]),
  "an unknown field of a turn": () => new ScriptedLlm([{ texts: ["a"] }]),
  "a cache option that is unknown": () => new MemoryCache({ entries: 1 }),
  "a session option that is unknown": () => new MemorySessions({ sessions: 1 }),
  "no dimensions": () => new HashedEmbedder(0),
  "dimensions that are no number": () => new HashedEmbedder("many"),
};
for (const [what, build] of Object.entries(wrong)) {
  test(`${what} is refused at once`, () => {
    assert.throws(build, { name: "RushlightError", code: "invalid" });
  });
}

test("wrong arguments of promises are rejections, never throws", async () => {
  const documents = await KnowledgeBase.inMemory(new HashedEmbedder(8));
  const { assistant } = scripted([{ text: "hi" }]);
  const calls = [
    () => assistant.run(5),
    () => assistant.run("Hi", { session: 5 }),
    () => assistant.run("Hi", { signal: {} }),
    () => assistant.run("Hi", { callThreshold: 2 }),
    () => assistant.run("Hi", { citing: "always" }),
    () => assistant.run("Hi", { citing: "required", schema: {} }),
    () => LocalLlm.open(undefined),
    () => LocalLlm.open("x", { contextt: 1 }),
    () => KnowledgeBase.open("x", {}),
    () => KnowledgeBase.inMemory(new HashedEmbedder(8), { mode: "psychic" }),
    () => documents.ingest("text"),
    () => documents.ingest([{ text: "no source" }]),
    () => documents.ingest([], { onProgress: "no" }),
    () => documents.ingestFiles("file"),
    () => documents.retrieve({}),
    () => documents.retrieve("x", { k: -1 }),
    () => documents.retrieve("x", { mode: "psychic" }),
    () => documents.delete("source"),
    () => fetchModel(5),
  ];

  for (const call of calls) {
    const promise = call();
    await assert.rejects(promise, { name: "RushlightError", code: "invalid" }, call.toString());
  }
});
