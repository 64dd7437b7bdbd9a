// Real small models, which `cargo xtask models` fetches.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { before, test } from "node:test";
import { AbortError, Assistant, KnowledgeBase, LocalEmbedder, LocalLlm, ModelRegistry, devices, fetchModel, models, tool } from "rushlight";
import { busyShare, object, sleep, until } from "./support/index.mjs";

const chat = "SmolLM2-135M-Instruct";
const encoder = "all-MiniLM-L6-v2";
let llm;
let embedder;

before(async () => {
  const here = (await models()).filter(({ path }) => path !== null).map(({ name }) => name);
  const missing = [chat, encoder].filter((name) => !here.includes(name));
  assert.deepEqual(missing, [], "these models are missing, run `cargo xtask models`");
  [llm, embedder] = await Promise.all([LocalLlm.open(chat), LocalEmbedder.open(encoder)]);
});

const greedy = (options) => ({ sampling: { temperature: 0 }, limits: { maxOutputTokens: 24 }, ...options });

test("options reach the model", async () => {
  const model = await LocalLlm.open(chat, { batch: 2, kvType: "q8", kvBudget: 64 << 20, speculation: false });

  const answer = await new Assistant(model, { limits: { maxOutputTokens: 8 } }).run("Say hello.");

  assert.ok(answer.usage.outputTokens <= 8);
  assert.equal(model.stats().draftedTokens, 0);
  await assert.rejects(LocalLlm.open(chat, { kvType: "f8" }), /f8.*f16/);
  await assert.rejects(LocalLlm.open(chat, { batch: 0 }), /batch.*at least 1, got 0/);
});

test("a draft model guesses for the model", async () => {
  const alone = await LocalLlm.estimateMemory(chat);

  const model = await LocalLlm.open(chat, { draftModel: chat });
  const answer = await new Assistant(model, { limits: { maxOutputTokens: 8 } }).run("Say hello.");

  assert.ok(answer.usage.outputTokens <= 8);
  assert.equal(model.status().draftModel, model.info.name);
  assert.ok(model.stats().draftPasses > 0);
  assert.equal((await LocalLlm.estimateMemory(chat, { draftModel: chat })).weights, 2 * alone.weights);
  await assert.rejects(LocalLlm.open(chat, { draftModel: "no-such-model" }), { code: "unknown", message: /no-such-model/ });
  const off = LocalLlm.open(chat, { draftModel: chat, speculation: false });
  await assert.rejects(off, { code: "invalid", message: /draft_model.*`speculation` is false/ });
});

test("devices are listed and what is not there is refused", async () => {
  const found = await devices();
  const model = await LocalLlm.open(chat, { device: found.at(-1).device });

  assert.equal(model.device, "cpu");
  assert.equal(found.at(-1).device, "cpu");
  assert.ok(found.at(-1).name && found.at(-1).freeBytes <= found.at(-1).memoryBytes);
  await assert.rejects(LocalLlm.open(chat, { device: "cuda:99" }), { code: "invalid", message: /`cuda:99`/ });
  const both = LocalLlm.open(chat, { device: ["cuda:0", "cuda:1"] });
  await assert.rejects(both, { code: "invalid", message: /one device, got `cuda:0,cuda:1`/ });
});

test("a file says what it is and takes before it is loaded", async () => {
  const info = await LocalLlm.inspect(chat);
  const estimate = await LocalLlm.estimateMemory(chat, { context: 1024, kvBudget: 1 << 20 });

  assert.deepEqual([info.architecture, info.quantisation, info.layers], ["llama", "Q4_1", 30]);
  assert.equal(info.heads % info.kvHeads, 0);
  const { weights, tokenizer, keysAndValues, buffers, total } = estimate;
  assert.equal(weights + tokenizer + keysAndValues + buffers, total);
  assert.ok(keysAndValues <= 1 << 20);
  await assert.rejects(LocalLlm.open(chat, { memoryBudget: 1 << 20 }), { code: "invalid", message: /memory_budget.*at least/ });
  await assert.rejects(LocalLlm.open(chat, { tensorParallel: 3 }), { code: "invalid", message: /tensor_parallel.*at most 1/ });
});

test("loading tells how far it is", async () => {
  const steps = [];

  const model = await LocalLlm.open(chat, { threads: 1, onProgress: (step) => steps.push(step) });

  const last = steps.at(-1);
  assert.equal(last.stage, "reading");
  assert.ok(last.done > 0 && last.done === last.total);
  const { isLoaded, loads, threads, kernels } = model.status();
  assert.deepEqual([isLoaded, loads, threads], [true, 1, 1]);
  assert.ok(["scalar", "avx2", "avx512", "amx"].includes(kernels.instructions));
  await assert.rejects(LocalLlm.open(chat, { onProgress: () => { throw new Error("enough"); } }), /enough/);
});

test("an unloaded model is loaded again by the next question", async () => {
  const model = await LocalLlm.open(chat, { unloadAfterMs: 3_600_000 });
  const assistant = new Assistant(model, { limits: { maxOutputTokens: 4 } });

  await model.unload();
  assert.equal(model.status().isLoaded, false);
  await assistant.run("Say hello.");

  assert.equal(model.status().loads, 2);
  await assert.rejects(LocalLlm.open(chat, { unloadAfterMs: -1 }), { code: "invalid", message: /unloadAfterMs/ });
});

test("models share a budget of memory", async () => {
  const options = { context: 256, kvBudget: 8 << 20 };
  const { total } = await LocalLlm.estimateMemory(chat, options);
  const registry = new ModelRegistry({ memoryBudget: 2 * total });
  const low = await registry.add("low", chat, { ...options, priority: "low" });
  const normal = await registry.add("normal", chat, options);
  const high = await registry.add("high", chat, { ...options, priority: "high" });
  const loaded = () => registry.models().filter(({ isLoaded }) => isLoaded).map(({ name }) => name);

  for (const name of ["high", "low", "normal"]) await registry.get(name).load();
  assert.deepEqual(loaded(), ["normal", "high"]);

  for (const model of [normal, high]) model.pinFor(3_600_000);
  await assert.rejects(low.load(), { code: "overloaded" });
  high.pinFor(0);
  await low.load();
  assert.deepEqual(loaded(), ["low", "normal"]);
  assert.equal(registry.memoryBudget, 2 * total);
  assert.throws(() => registry.get("medium"), { code: "unknown", message: /`medium`.*low, normal, high/ });
  await assert.rejects(registry.add("other", chat, { priority: "urgent" }), { code: "invalid", message: /urgent/ });
});

test("a file that the hub does not give comes from a mirror", async (context) => {
  const here = (await models()).find(({ name }) => name === encoder).path;
  const home = mkdtempSync(join(tmpdir(), "rushlight-mirror-"));
  const there = join(home, "models", encoder);
  mkdirSync(there, { recursive: true });
  for (const name of readdirSync(here)) {
    if (name !== "config.json" && !name.startsWith(".")) symlinkSync(join(here, name), join(there, name));
  }
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.end(readFileSync(join(here, basename(request.url))));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { RUSHLIGHT_HOME, RUSHLIGHT_OFFLINE, HF_ENDPOINT } = process.env;
  context.after(() => {
    for (const [name, value] of Object.entries({ RUSHLIGHT_HOME, RUSHLIGHT_OFFLINE, HF_ENDPOINT })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    server.close();
    rmSync(home, { recursive: true });
  });
  delete process.env.RUSHLIGHT_OFFLINE;
  // Nothing listens at this endpoint.
  Object.assign(process.env, { RUSHLIGHT_HOME: home, HF_ENDPOINT: "http://127.0.0.1:1" });

  const path = await fetchModel(encoder, { mirrors: [`http://127.0.0.1:${server.address().port}/copy/`] });

  assert.equal(path, there);
  assert.deepEqual(readFileSync(join(there, "config.json")), readFileSync(join(here, "config.json")));
  assert.deepEqual(asked, [`/copy/sentence-transformers/${encoder}/resolve/main/config.json`]);
  await assert.rejects(fetchModel(encoder, { mirrors: ["example.org"] }), { code: "invalid", message: /mirror.*`example.org`/ });
  await assert.rejects(fetchModel(encoder, { mirrors: "http://example.org" }), { code: "invalid" });
});

test("a model answers, the same way each time, while the event loop turns", async () => {
  const assistant = new Assistant(llm, greedy());
  let answers;

  const share = await busyShare(async () => {
    answers = [await assistant.run("What is the capital of France?"), await assistant.run("What is the capital of France?")];
  });

  assert.ok(answers[0].text.trim());
  assert.equal(answers[0].text, answers[1].text);
  assert.ok(answers[0].usage.outputTokens > 0 && answers[0].report.tokensPerSecond > 0);
  assert.ok(share < 0.5, `the event loop was busy for ${(100 * share).toFixed(0)} % of the time`);
});

test("no call holds the event loop for five milliseconds", async () => {
  const assistant = new Assistant(llm, greedy());
  const long = "word ".repeat(1000);
  const calls = {
    "LocalLlm.open": () => LocalLlm.open(chat),
    "LocalEmbedder.open": () => LocalEmbedder.open(encoder),
    countTokens: () => llm.countTokens(long),
    embed: () => embedder.embed(["word"]),
    run: () => assistant.run("Hi", { signal: AbortSignal.timeout(10) }),
    stream: () => assistant.stream("Hi").return(),
    models: () => models(),
  };

  for (const [name, call] of Object.entries(calls)) {
    const times = [];
    for (let index = 0; index < 3; index++) {
      const begin = performance.now();
      const promise = call();
      times.push(performance.now() - begin);
      await promise.catch(() => undefined);
    }
    assert.ok(Math.min(...times) < 5, `${name} held it for ${times} ms`);
  }
});

test("stopping a stream stops the model within one pass", async () => {
  const assistant = new Assistant(llm, greedy({ limits: { maxOutputTokens: 2000 } }));

  let pieces = 0;
  for await (const event of assistant.stream("Count from 1 to 1000.")) {
    if (event.type === "text" && ++pieces === 3) break;
  }
  const passes = llm.stats().forwardPasses;
  await sleep(500);

  assert.ok(llm.stats().forwardPasses <= passes + 1, "the model went on");
  await until(() => llm.stats().cancelled >= 1);
});

test("aborting a run while the model reads the prompt stops it", async () => {
  const assistant = new Assistant(llm, greedy());
  const before = llm.stats();
  const run = assistant.run("word ".repeat(1500), { signal: AbortSignal.timeout(100) });

  await assert.rejects(run, AbortError);

  await until(() => llm.stats().cancelled > before.cancelled);
});

test("a question is answered from documents that the embedder understands", async () => {
  const documents = await KnowledgeBase.inMemory(embedder);
  await documents.ingest([
    { source: "leave.md", title: "Leave", text: "Every employee has 28 days of leave a year." },
    { source: "travel.md", title: "Travel", text: "Trains are booked in second class." },
  ]);
  const assistant = new Assistant(llm, greedy({ retriever: documents }));

  const [best] = await documents.retrieve("How long may I go on holiday?", { k: 1, mode: "dense" });
  const answer = await assistant.run("How many days of leave do I have?");

  assert.equal(best.source, "leave.md");
  assert.ok(answer.text.length > 0);
  assert.ok(answer.citations.every(({ source }) => ["leave.md", "travel.md"].includes(source)));
});

test("a model that is offered tools gives an answer, whatever it calls", async () => {
  const add = tool({ name: "add", description: "Add", input: object({ a: { type: "number" }, b: { type: "number" } }), execute: ({ a, b }) => a + b });
  const assistant = new Assistant(llm, greedy({ tools: [add] }));

  const answer = await assistant.run("What is 2 + 40?");

  assert.equal(typeof answer.text, "string");
});

test("what one model saves another need not compute", async (context) => {
  const home = mkdtempSync(join(tmpdir(), "rushlight-prefix-"));
  context.after(() => rmSync(home, { recursive: true }));
  const path = join(home, "keeper.prefix");
  const instructions = "You keep a lighthouse. You answer in one sentence.";
  const other = await LocalLlm.open(chat);
  const assistant = new Assistant(other, { instructions, limits: { maxOutputTokens: 4 } });

  const saved = await llm.savePrefix(assistant.beginning(), path);

  assert.equal(await other.loadPrefix(path), saved);
  assert.equal((await assistant.run("Is there fog?")).usage.cachedTokens, saved);
  assert.equal(await llm.savePrefix(instructions, path), saved);
  const eighth = await LocalLlm.open(chat, { kvType: "q8" });
  await assert.rejects(eighth.loadPrefix(path), { code: "invalid", message: /kv_type q8, got f16/ });
  writeFileSync(path, readFileSync(path).subarray(0, -1));
  await assert.rejects(other.loadPrefix(path), { code: "corrupt", message: /cut short/ });
});

test("reuse is chosen when a model is opened", async () => {
  const [off, chunks] = await Promise.all([
    LocalLlm.open(chat, { kvReuse: "off" }),
    LocalLlm.open(chat, { kvReuse: { chunks: 4 } }),
  ]);

  await assert.rejects(off.warmUp("You keep a lighthouse."), { code: "invalid", message: /got `off`/ });
  assert.match(chunks.name, /chunks 4$/);
  await assert.rejects(LocalLlm.open(chat, { kvReuse: "all" }), /all.*prefix/);
});

test("an assistant warms up before its first run", async () => {
  const model = await LocalLlm.open(chat);
  const assistant = new Assistant(model, { instructions: "You keep a lighthouse.", limits: { maxOutputTokens: 4 } });

  await assistant.warmUp();
  const { promptTokens } = model.stats();
  await model.warmUp("You keep a lighthouse.");

  assert.ok(promptTokens > 0);
  assert.equal((await assistant.run("Is there fog?")).usage.cachedTokens, promptTokens);
});

test("tokens are counted, and the model says what it is", async () => {
  assert.equal(await llm.countTokens(""), 0);
  assert.ok((await llm.countTokens("The capital of France is Paris.")) > 4);
  assert.equal(llm.info.architecture, "llama");
  assert.ok(llm.contextWindow > 1000);
  assert.equal(embedder.maxTokens, 254);
});
