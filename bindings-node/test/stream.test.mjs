import assert from "node:assert/strict";
import { test } from "node:test";
import { HashedEmbedder, KnowledgeBase, eventToJson } from "rushlight";
import { all, call, plain, scripted, sleep } from "./support/index.mjs";

test("text arrives in pieces, then the answer", async () => {
  const { assistant } = scripted([{ text: ["Hel", "lo"] }]);

  const events = await all(assistant.stream("Hi"));

  assert.deepEqual(events.map(({ type }) => type), ["text", "text", "done"]);
  assert.equal(events.at(-1).text, "Hello");
  assert.equal(events.at(-1).finishReason, "stop");
  assert.equal(events.at(-1).cached, false);
  assert.ok(events.at(-1).usage.outputTokens > 0);
  assert.ok(events.at(-1).report.totalMs >= events.at(-1).report.firstTokenMs);
});

test("run gives what the stream ends with", async () => {
  const script = [call("clock"), { text: ["It is ", "noon."] }];
  const tools = [plain("clock", () => "12:00")];
  const { report: _, ...answer } = await scripted(script, { tools }).assistant.run("Time?");
  const { type: __, report: ___, ...last } = (await all(scripted(script, { tools }).assistant.stream("Time?"))).at(-1);

  assert.deepEqual(answer, last);
});

test("the result is there without reading the events, and the events without the result", async () => {
  const { assistant } = scripted([{ text: ["a", "b"] }, { text: "c" }]);

  assert.equal((await assistant.stream("One").result).text, "ab");
  assert.equal((await all(assistant.stream("Two"))).at(-1).text, "c");
});

test("asking for the result first takes no event away", async () => {
  const { assistant } = scripted([{ text: ["a", "b", "c"], delayMs: 2 }]);
  const events = assistant.stream("Go");
  const result = events.result;

  const types = (await all(events)).map(({ type }) => type);

  assert.deepEqual(types, ["text", "text", "text", "done"]);
  assert.equal((await result).text, "abc");
});

test("events that are asked for all at once come in order", async () => {
  const { assistant } = scripted([{ text: ["a", "b", "c"] }]);
  const events = assistant.stream("Go");

  const steps = await Promise.all([events.next(), events.next(), events.next(), events.next(), events.next()]);

  assert.deepEqual(steps.map(({ value }) => value?.type), ["text", "text", "text", "done", undefined]);
  assert.deepEqual(steps.slice(0, 3).map(({ value }) => value.text), ["a", "b", "c"]);
});

test("the text stream has only text", async () => {
  const { assistant } = scripted([{ text: ["Hel", "lo"] }]);
  const pieces = [];

  for await (const piece of assistant.stream("Hi").textStream) pieces.push(piece);

  assert.deepEqual(pieces, ["Hel", "lo"]);
});

test("the text stream has a blank line between turns", async () => {
  const script = [{ text: "Let me see.", ...call("clock") }, { text: ["It is ", "noon."] }];
  const { assistant } = scripted(script, { tools: [plain("clock", () => "12:00")] });
  const pieces = [];

  for await (const piece of assistant.stream("Time?").textStream) pieces.push(piece);

  assert.deepEqual(pieces, ["Let me see.", "\n\nIt is ", "noon."]);
});

test("a failure is told once, after the events before it", async () => {
  const { assistant } = scripted([{ text: "so far", error: "the model broke" }]);
  const events = assistant.stream("Go");

  assert.equal((await events.next()).value.text, "so far");
  await assert.rejects(events.next(), { name: "RushlightError", code: "foreign", message: /the model broke/ });
  assert.deepEqual(await events.next(), { done: true, value: undefined });
  await assert.rejects(events.result, { code: "foreign" });
});

test("a result that nobody waits for does not end the process when it fails", async () => {
  const { assistant } = scripted([{ error: "broke" }]);
  const events = assistant.stream("Go");
  void events.result;

  await assert.rejects(all(events), { code: "foreign" });
  await sleep(10);
});

test("the JSON form has the keys of all languages", async () => {
  const documents = await KnowledgeBase.inMemory(new HashedEmbedder(64));
  await documents.ingest([{ source: "moon.md", title: "Moon", text: "The moon is far.", metadata: { camelCase: "a_b" } }]);
  const { assistant } = scripted([call("clock", { camelCase: 1, snake_case: 2 }), { text: "Far. [1]" }], {
    retriever: documents,
    tools: [plain("clock", () => "12:00")],
  });

  const [retrieved, toolCall, output, text, done] = (await all(assistant.stream("How far is the moon?"))).map(eventToJson);

  assert.deepEqual(Object.keys(retrieved.passages[0]), [
    "id", "source", "title", "headings", "text", "start", "metadata", "score", "scores",
  ]);
  assert.deepEqual(retrieved.passages[0].metadata, { camelCase: "a_b" });
  assert.deepEqual(toolCall, { type: "tool_call", id: "call_1", name: "clock", arguments: { camelCase: 1, snake_case: 2 } });
  assert.deepEqual(output, { type: "tool_output", call_id: "call_1", name: "clock", status: "success", content: "12:00" });
  assert.deepEqual(text, { type: "text", text: "Far. [1]" });
  assert.deepEqual(Object.keys(done), ["type", "text", "citations", "finish_reason", "cached", "usage"]);
  assert.deepEqual(Object.keys(done.usage), ["input_tokens", "output_tokens", "cached_tokens"]);
});
