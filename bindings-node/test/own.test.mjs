// Objects of one's own as parts of an assistant.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KnowledgeBase, MemoryCache, RushlightError, tool } from "rushlight";
import { all, object, scripted, sleep, until } from "./support/index.mjs";

/** A retriever of one's own. */
class Shelf {
  version = 1;
  asked = [];

  async retrieve(question, k) {
    this.asked.push([question, k]);
    return [{ source: "shelf", text: "The answer is 42.", title: "Shelf", score: 1.5, metadata: { snake_case: "kept" } }];
  }
}

/** A cache of one's own. */
class Drawer {
  entries = new Map();

  async get(key) {
    assert.equal(key.length, 32);
    return this.entries.get(key.join());
  }

  put(key, value) {
    assert.ok(value instanceof Uint8Array);
    this.entries.set(key.join(), value);
  }

  remove(key) {
    this.entries.delete(key.join());
  }
}

const answering = (turns, options) => scripted(turns.map((text) => ({ text })), options).assistant;

test("a filter reaches a retriever of one's own, which must take one", async () => {
  const filter = { not: { field: "shelf", anyOf: ["sky"] } };
  const told = [];
  const retrieve = async (question, k, { filter }) => {
    told.push(filter);
    return [];
  };

  await answering(["ok"], { retriever: { retrieve } }).run("?", { filter });

  assert.deepEqual(told, [filter]);
  const rejected = answering(["ok"], { retriever: new Shelf() }).run("?", { filter });
  await assert.rejects(rejected, /third parameter, which holds the filter/);
});

test("an object of one's own may retrieve", async () => {
  const retriever = new Shelf();

  const [retrieved, ...rest] = await all(answering(["It is 42 [1]."], { retriever }).stream("What is the answer?"));

  assert.deepEqual(retriever.asked, [["What is the answer?", 4]]);
  assert.deepEqual(retrieved.passages, [
    {
      id: "shelf",
      source: "shelf",
      title: "Shelf",
      headings: [],
      text: "The answer is 42.",
      start: 0,
      metadata: { snake_case: "kept" },
      score: 1.5,
      scores: { dense: null, lexical: null, fused: null },
    },
  ]);
  assert.deepEqual(rest.at(-1).citations.map(({ number, source, origin }) => [number, source, origin]), [[1, "shelf", "written"]]);
});

test("a retriever that throws ends the run with what it threw as the cause", async () => {
  const failure = new TypeError("the shelf is gone");
  const fail = () => {
    throw failure;
  };

  for (const retrieve of [fail, async () => fail()]) {
    await assert.rejects(answering(["x"], { retriever: { retrieve } }).run("?"), (error) => {
      assert.ok(error instanceof RushlightError);
      assert.deepEqual([error.code, error.message], ["foreign", "the retriever failed: the shelf is gone"]);
      assert.equal(error.cause, failure);
      return true;
    });
  }
});

const wrongPassages = {
  "no array": ["text", /^the retriever failed: expected an array of passages, got a string$/],
  "an array of texts": [["text"], /passage 0: expected an object with the texts `source` and `text`, got a string/],
  "an array of nothing": [[undefined], /passage 0: .*got undefined/],
  "a passage without text": [[{ source: "a", text: "b" }, { source: "a" }], /passage 1: .*got an object/],
  "a score that is none": [[{ source: "a", text: "b", score: "high" }], /the retriever failed: invalid type: string "high"/],
};
for (const [what, [passages, message]] of Object.entries(wrongPassages)) {
  test(`a retriever that gives ${what} ends the run`, async () => {
    const retriever = { retrieve: () => passages };

    await assert.rejects(answering(["x"], { retriever }).run("?"), { code: "foreign", message });
  });
}

test("the second time the answer comes from a cache of one's own", async () => {
  const cache = new Drawer();
  const assistant = answering(["once, with ünïcode"], { cache });

  const [first, second] = [await assistant.run("?"), await assistant.run("?")];

  assert.deepEqual([first.cached, second.cached], [false, true]);
  assert.equal(second.text, "once, with ünïcode");
  assert.equal(cache.entries.size, 1);
});

test("a cache that fails is passed over", async () => {
  const fail = () => {
    throw new Error("the drawer is stuck");
  };
  const caches = [
    { get: fail, put: fail, remove: fail },
    { get: () => 5, put: async () => fail(), remove: () => {} },
    { get: () => Uint8Array.of(1, 2, 3), put: () => {}, remove: () => {} },
  ];

  for (const cache of caches) {
    const assistant = answering(["one", "two"], { cache });
    assert.deepEqual([(await assistant.run("?")).text, (await assistant.run("?")).text], ["one", "two"]);
  }
});

test("a retriever without a version is never answered from the cache", async () => {
  const texts = async (retriever) => {
    const assistant = answering(["one", "two", "three"], { retriever, cache: new MemoryCache() });
    return [(await assistant.run("?")).text, (await assistant.run("?")).text];
  };
  const retrieve = () => [];

  assert.deepEqual(await texts({ retrieve }), ["one", "two"]);
  assert.deepEqual(await texts({ retrieve, version: "new" }), ["one", "two"]);
  assert.deepEqual(await texts({ retrieve, get version() { throw new Error("no"); } }), ["one", "two"]);
  assert.deepEqual(await texts({ retrieve, version: 7 }), ["one", "one"]);
  let version = 0;
  assert.deepEqual(await texts({ retrieve, get version() { return version++; } }), ["one", "two"]);
});

test("a retriever without a version is never answered from a cache that outlives it", async () => {
  const cache = new MemoryCache();
  const texts = [];
  for (const text of ["one", "two", "three"]) {
    const assistant = answering([text], { retriever: { retrieve: () => [] }, cache });
    texts.push((await assistant.run("?")).text);
  }

  assert.deepEqual(texts, ["one", "two", "three"]);
});

test("a call that is late while the thread is busy gets a signal that is aborted", async () => {
  const signals = [];
  const wait = tool({
    name: "wait",
    description: "Waits",
    input: object({ number: { type: "integer" } }),
    timeoutMs: 20,
    execute: (_, { signal }) => {
      signals.push(signal);
      // Nothing else is delivered meanwhile: the next call is late before it begins.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      return new Promise(() => {});
    },
  });
  const toolCalls = [1, 2, 3].map((number) => ({ name: "wait", arguments: { number } }));

  await scripted([{ toolCalls }, { text: "late" }], { tools: [wait] }).assistant.run("?");

  await until(() => signals.length === 3 && signals.every((signal) => signal.aborted));
});

test("a method is told when its run is stopped", async () => {
  let signal;
  const retrieve = (question, k, context) => {
    signal = context.signal;
    return new Promise(() => {});
  };
  const controller = new AbortController();
  const run = answering(["x"], { retriever: { retrieve } }).run("?", { signal: controller.signal });
  await until(() => signal !== undefined);
  assert.equal(signal.aborted, false);

  controller.abort();

  await assert.rejects(run, { name: "AbortError" });
  await until(() => signal.aborted);
});

test("many runs at once ask one object, and may ask the assistant again", async () => {
  const inner = answering(Array.from({ length: 50 }, () => "inner"), { retriever: new Shelf(), cache: new Drawer() });
  const retriever = {
    version: 1,
    retrieve: async (question) => {
      await sleep(1);
      return [{ source: question, text: (await inner.run(question)).text }];
    },
  };
  const assistant = answering(Array.from({ length: 50 }, () => "outer"), { retriever, cache: new Drawer() });

  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => assistant.run(`Question ${index}`)));

  assert.ok(answers.every(({ text }) => text === "outer"));
});

test("an object without the methods is refused at once", () => {
  const refused = (options, message) => assert.throws(() => answering([], options), { code: "invalid", message });

  refused({ retriever: {} }, "invalid retriever: expected a retriever with a method `retrieve`, got an object");
  refused({ retriever: null }, /`retrieve`, got null/);
  refused({ cache: { get() {}, put() {} } }, "invalid cache: expected a cache with a method `remove`, got an object");
  refused({ cache: "redis" }, /a method `get`, got a string/);
});

/** An embedder that counts letters. */
class Letters {
  name = "letters";
  dimensions = 26;
  texts = [];

  async embed(texts) {
    this.texts.push(...texts);
    return texts.map((text) => Float32Array.from({ length: 26 }, (_, index) => text.toLowerCase().split(String.fromCharCode(97 + index)).length - 1));
  }
}

const notes = [{ source: "tea", text: "Tea is at four." }, { source: "zoo", text: "Zebras zigzag." }];

test("an object of one's own may embed", async () => {
  const embedder = new Letters();
  const base = await KnowledgeBase.inMemory(embedder);
  await base.ingest(notes);

  const [best] = await base.retrieve("zzz", { k: 1, mode: "dense" });

  assert.equal(best.source, "zoo");
  assert.deepEqual([base.info.embedder, base.info.dimensions], ["letters", 26]);
  assert.equal((await answering(["ok"], { retriever: base }).run("eat")).text, "ok");
  assert.deepEqual(embedder.texts.slice(-2), ["zzz", "eat"]);
});

const wrongVectors = {
  "throws": [() => { throw new Error("the server is gone"); }, "embedder `letters` failed: the server is gone"],
  "gives too few": [() => [Array(26).fill(1)], "embedder `letters` failed: expected 2 vectors, got 1"],
  "gives short ones": [() => [[1], [1]], "embedder `letters` failed: expected 26 dimensions, got 1"],
  "gives no array": [() => "vectors", "embedder `letters` failed: expected an array of vectors, got a string"],
  "gives no numbers": [() => [["a"], ["b"]], /^embedder `letters` failed: invalid type: string "a", expected f32/],
  "gives what is not a number": [() => notes.map(() => Array(26).fill(Number.NaN)), /^embedder `letters` failed: invalid type: null, expected f32/],
};
for (const [what, [embed, message]] of Object.entries(wrongVectors)) {
  test(`an embedder that ${what} ends the ingest`, async () => {
    const base = await KnowledgeBase.inMemory(Object.assign(new Letters(), { embed }));

    await assert.rejects(base.ingest(notes), { code: "foreign", message });
  });
}

test("passages are cut by the tokens that an embedder counts", async () => {
  const words = (text) => text.split(/\s+/).filter((word) => word !== "").length;
  const embedder = Object.assign(new Letters(), { maxTokens: 8, countTokens: words });

  await (await KnowledgeBase.inMemory(embedder)).ingest([{ source: "words.txt", text: "one two three. ".repeat(10) }]);

  assert.ok(embedder.texts.length > 3);
  assert.ok(embedder.texts.every((text) => words(text) <= 8));
});

test("an object that is no embedder is refused", async () => {
  const refused = (embedder, message) => assert.rejects(KnowledgeBase.inMemory(embedder), { code: "invalid", message });

  await refused({}, "invalid embedder: expected an embedder with a method `embed`, got an object");
  await refused(Object.assign(new Letters(), { name: undefined }), /invalid embedder name: expected a string, got undefined/);
  await refused(Object.assign(new Letters(), { dimensions: 0 }), /invalid dimensions: expected a whole number from 1 on, got 0/);
});
