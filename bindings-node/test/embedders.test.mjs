import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AbortError, CachedEmbedder, HashedEmbedder, KnowledgeBase, LocalEmbedder, MemoryCache, RemoteEmbedder } from "rushlight";

const fixtures =
  process.env.RUSHLIGHT_MODEL_FIXTURES ?? fileURLToPath(new URL("../../core/models/tests/fixtures", import.meta.url));
const encoder = join(fixtures, "encoders", "bert");
const hashed = new HashedEmbedder(8);

/** An embedder that remembers what it was asked. */
class Recorder {
  name = "recorder";
  dimensions = 8;
  passages = [];
  questions = [];

  async embed(texts) {
    this.passages.push(...texts);
    return hashed.embed(texts);
  }

  async embedQueries(texts) {
    this.questions.push(...texts);
    return hashed.embed(texts);
  }
}

test("prompts stand before questions and passages", async () => {
  const plain = await LocalEmbedder.open(encoder, { queryPrompt: "", passagePrompt: "" });
  const embedder = await LocalEmbedder.open(encoder);

  assert.deepEqual(await embedder.embed(["the cat"]), await plain.embed(["passage: the cat"]));
  assert.deepEqual(await embedder.embedQueries(["the cat"]), await plain.embed(["query: the cat"]));
  assert.deepEqual([embedder.name, plain.name], ["bert", 'bert ""']);
  await assert.rejects(LocalEmbedder.open(encoder, { prompt: "" }), { code: "invalid", message: /unknown field `prompt`/ });
});

test("what is asked is a question and what is stored a passage", async () => {
  const embedder = new Recorder();
  const base = await KnowledgeBase.inMemory(embedder, { mode: "dense" });

  await base.ingest([{ source: "moon.md", text: "The moon is rock." }]);
  await base.retrieve("Is it cheese?");

  assert.deepEqual([embedder.passages, embedder.questions], [["The moon is rock."], ["Is it cheese?"]]);
});

/** A cache that keeps everything. */
class Drawer {
  values = new Map();

  get(key) {
    return this.values.get(key.toString());
  }

  async put(key, value) {
    this.values.set(key.toString(), value);
  }

  remove(key) {
    this.values.delete(key.toString());
  }
}

for (const [what, cache] of Object.entries({ "of this package": new MemoryCache(), "of one's own": new Drawer() })) {
  test(`with a cache ${what}, a passage is computed once and a question each time`, async () => {
    const recorder = new Recorder();
    const embedder = new CachedEmbedder(recorder, cache);

    const first = await embedder.embed(["a", "b", "a"]);
    const second = await embedder.embed(["c", "a"]);
    await embedder.embedQueries(["a"]);
    await embedder.embedQueries(["a"]);

    assert.deepEqual([recorder.passages, recorder.questions], [["a", "b", "c"], ["a", "a"]]);
    assert.deepEqual(first[0], first[2]);
    assert.deepEqual(first[0], second[1]);
    assert.deepEqual([embedder.name, embedder.dimensions], ["recorder", 8]);
    assert.equal((await KnowledgeBase.inMemory(embedder)).info.embedder, "recorder");
  });
}

const asked = [];
const server = createServer(async (request, response) => {
  let text = "";
  for await (const piece of request) text += piece;
  const body = JSON.parse(text);
  asked.push({ path: request.url, key: request.headers.authorization, input: body.input });
  if (body.model === "silent") return;
  const vectors = await hashed.embed(body.input);
  const data = vectors.map((vector, index) => ({ index, embedding: Array.from(vector) }));
  const isKnown = body.model === "hashed";
  response.writeHead(isKnown ? 200 : 404).end(JSON.stringify(isKnown ? { data } : { error: { message: "no such model" } }));
});
let url;

before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}/v1`;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

test("a server embeds", async () => {
  asked.length = 0;
  const embedder = await RemoteEmbedder.open(url, "hashed", { apiKey: "secret", queryPrompt: "query: ", batch: 2, timeoutMs: 20_000 });

  const vectors = await embedder.embed(["a", "b", "c"]);
  await embedder.embedQueries(["a"]);

  assert.deepEqual([embedder.name, embedder.dimensions, embedder.maxTokens], ["hashed", 8, 512]);
  assert.deepEqual(vectors.map((vector) => vector.length), [8, 8, 8]);
  assert.deepEqual(asked.slice(1).map(({ input }) => input), [["a", "b"], ["c"], ["query: a"]]);
  assert.ok(asked.every(({ path, key }) => path === "/v1/embeddings" && key === "Bearer secret"));
});

test("what a server refuses reaches the caller, and a silent one is given up", async () => {
  const message = "embedder `unknown` failed: status 404: no such model";
  await assert.rejects(RemoteEmbedder.open(url, "unknown"), { code: "foreign", message });
  await assert.rejects(RemoteEmbedder.open(url, "hashed", { batch: 0 }), { code: "invalid", message: /batch.*at least 1, got 0/ });
  await assert.rejects(RemoteEmbedder.open("example.org", "hashed"), { code: "invalid", message: /got `example.org`/ });
  await assert.rejects(RemoteEmbedder.open(url, "silent", { timeoutMs: 50 }), { code: "timeout", retryable: true });
  await assert.rejects(RemoteEmbedder.open(url, "silent", { timeoutMs: 200, signal: AbortSignal.timeout(20) }), AbortError);
});
