// Retrievers of several stages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { HashedEmbedder, KnowledgeBase, LocalReranker, MemoryCache, RushlightError } from "rushlight";
import { all, scripted } from "./support/index.mjs";

const fixtures =
  process.env.RUSHLIGHT_MODEL_FIXTURES ?? fileURLToPath(new URL("../../core/models/tests/fixtures", import.meta.url));
const encoders = join(fixtures, "encoders");
const base = await KnowledgeBase.inMemory(new HashedEmbedder(64));
after(() => base.close());
await base.ingest([
  { source: "tide", text: "The tide comes at four.", metadata: { lang: "en" } },
  { source: "again", text: "The tide: comes at four!", metadata: { lang: "en" } },
  { source: "harbour", text: "Ships leave the harbour with the tide, when the pilot says so.", metadata: { lang: "en" } },
  { source: "flut", text: "Tide means Flut.", metadata: { lang: "de" } },
]);

const question = "When does the tide come?";
const sources = (passages) => passages.map(({ source }) => source);

/** The longest passages first. */
class Longest {
  asked = [];

  async score(question, passages) {
    this.asked.push([question, passages.length, Object.keys(passages[0]).includes("scores")]);
    return passages.map(({ text }) => text.length);
  }
}

test("each stage leaves its score", async () => {
  const [plain] = await base.retrieve(question);
  const [reranked] = await base.retriever({ rerank: true }).retrieve(question);
  const diverse = await base.retriever({ rerank: true, mmr: 0.5, k: 4 }).retrieve(question);

  assert.deepEqual(Object.keys(plain.scores), ["dense", "lexical", "fused"]);
  assert.equal(reranked.scores.reranked, reranked.score);
  assert.equal(reranked.scores.mmr, undefined);
  for (const { score, scores } of diverse) assert.equal(scores.mmr, score);
  assert.equal(diverse.length, 3, "near-duplicates are left out");
});

test("options and calls both say which passages and how many", async () => {
  const retriever = base.retriever({ k: 2, filter: { field: "lang", equals: "en" }, mode: "lexical" });

  assert.equal((await retriever.retrieve("tide")).length, 2);
  assert.equal((await retriever.retrieve("tide", { k: 1 })).length, 1);
  assert.equal((await retriever.retrieve("tide", { k: 4 })).length, 2);
  assert.deepEqual(sources(await retriever.retrieve("tide", { filter: { field: "source", startsWith: "har" } })), ["harbour"]);
  assert.deepEqual(await retriever.retrieve("tide", { filter: { field: "lang", equals: "de" } }), []);
});

test("an object of one's own may rerank, asynchronous or not", async () => {
  const longest = new Longest();
  const shortest = { score: (_question, passages) => Float32Array.from(passages, ({ text }) => -text.length) };

  const found = await base.retriever({ reranker: longest, k: 1 }).retrieve(question);
  const other = await base.retriever({ reranker: shortest, k: 1 }).retrieve(question);

  assert.deepEqual([sources(found), sources(other)], [["harbour"], ["flut"]]);
  assert.deepEqual(longest.asked, [[question, 4, true]]);
});

test("an assistant answers from a retriever with an object of one's own", async () => {
  const longest = new Longest();
  const { assistant } = scripted([{ text: ["Ask the pilot [1]."] }], {
    retriever: base.retriever({ reranker: longest, candidates: 2, k: 1 }),
  });

  const [{ passages }, ...rest] = await all(assistant.stream(question));

  assert.equal(passages.length, 1);
  assert.deepEqual(longest.asked, [[question, 2, true]]);
  assert.equal(rest.at(-1).citations[0].source, passages[0].source);
});

test("what a reranker throws is the cause of the error", async () => {
  const failure = new TypeError("the judge is asleep");
  const fail = () => {
    throw failure;
  };

  for (const score of [fail, async () => fail()]) {
    await assert.rejects(base.retriever({ reranker: { score } }).retrieve(question), (error) => {
      assert.ok(error instanceof RushlightError);
      assert.deepEqual([error.code, error.message], ["foreign", "the reranker failed: the judge is asleep"]);
      assert.equal(error.cause, failure);
      return true;
    });
  }
});

const wrongScores = {
  "no array": [5, { code: "foreign", message: "the reranker failed: expected an array of scores, got a number" }],
  "too few": [[1], { code: "invalid", message: "invalid scores of `judge`: expected 4, got 1" }],
  "texts": [["high"], { code: "foreign", message: /^the reranker failed: invalid type: string "high"/ }],
  "what is no number": [Float32Array.of(Number.NaN), { code: "foreign", message: /^the reranker failed: invalid type: null/ }],
};
for (const [what, [scores, error]] of Object.entries(wrongScores)) {
  test(`a reranker that gives ${what} fails the retrieval`, async () => {
    const reranker = { name: "judge", score: () => scores };

    await assert.rejects(base.retriever({ reranker }).retrieve(question), error);
  });
}

test("answers of other options, or of another reranker, are not taken from a cache", async () => {
  const cache = new MemoryCache();
  const judge = (name) => ({ name, score: (_question, passages) => passages.map(() => 0) });
  const cached = async (options) => {
    const { assistant } = scripted([{ text: ["ok"] }], { retriever: base.retriever(options), cache });
    return (await assistant.run(question)).cached;
  };

  assert.equal(await cached({}), false);
  assert.equal(await cached({ mmr: 0.5 }), false);
  assert.equal(await cached({ reranker: judge("one") }), false);
  assert.equal(await cached({ reranker: judge("other") }), false);
  assert.equal(await cached({ reranker: judge("one") }), true);
  assert.equal(await cached({}), true);
});

test("wrong options are refused at once", async () => {
  assert.throws(() => base.retriever({ mmr: 1.5 }), { code: "invalid", message: /`mmr`: expected a number from 0 to 1, got 1.5/ });
  assert.throws(() => base.retriever({ rerankers: true }), { code: "invalid", message: /unknown field `rerankers`/ });
  assert.throws(() => base.retriever({ reranker: {} }), { code: "invalid", message: /a reranker with a method `score`/ });
});

test("a closed knowledge base is not searched", async () => {
  const closed = await KnowledgeBase.inMemory(new HashedEmbedder(64));
  const retriever = closed.retriever({ mmr: 0.5 });

  await closed.close();

  await assert.rejects(retriever.retrieve("?"), { code: "stopped" });
  assert.throws(() => closed.retriever(), { code: "stopped" });
});

test("a cross-encoder gives the scores that sentence-transformers gives", async () => {
  const recorded = JSON.parse(readFileSync(join(encoders, "scores.json"), "utf8"));
  const passages = recorded.passages.map((text) => ({ source: "a", text }));
  const reranker = await LocalReranker.open(join(encoders, "cross"));

  for (const [index, asked] of recorded.questions.entries()) {
    const scores = await reranker.score(asked, passages);

    assert.equal(scores.length, passages.length);
    for (const [place, score] of scores.entries()) {
      const expected = recorded.default[index][place];
      assert.ok(Math.abs(score - expected) < 1e-3, `${score}, not ${expected}`);
    }
  }
  assert.equal(reranker.name, "cross");
  assert.deepEqual(await reranker.score("the cat", []), []);
});

test("a cross-encoder reranks, and stops when its signal says so", async () => {
  const reranker = await LocalReranker.open(join(encoders, "cross"));

  const found = await base.retriever({ reranker }).retrieve(question);

  const scores = found.map(({ scores }) => scores.reranked);
  assert.deepEqual(scores, [...scores].sort((a, b) => b - a));
  for (const [place, score] of (await reranker.score(question, found)).entries()) {
    assert.ok(Math.abs(score - scores[place]) < 1e-6);
  }
  const aborted = reranker.score(question, found, { signal: AbortSignal.abort() });
  await assert.rejects(aborted, { name: "AbortError" });
});

test("what is no cross-encoder is refused", async () => {
  await assert.rejects(LocalReranker.open(join(encoders, "bert")), { code: "model", message: /`classifier.weight`: is missing/ });
  await assert.rejects(LocalReranker.open("cross-encoder/no-such-model"), { code: "unknown" });
  const reranker = await LocalReranker.open(join(encoders, "cross"));
  await assert.rejects(reranker.score(question, [{ source: "a" }]), /passage 0/);
});
