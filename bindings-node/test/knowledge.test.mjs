import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { AbortError, HashedEmbedder, KnowledgeBase, MemoryCache, MemorySessions } from "rushlight";
import { all, scripted } from "./support/index.mjs";

const folder = mkdtempSync(join(tmpdir(), "rushlight-knowledge-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const embedder = new HashedEmbedder(64);
const documents = [
  { source: "moon.md", title: "Moon", text: "The moon is made of rock.", metadata: { shelf: "sky" } },
  { source: "sea.md", title: "Sea", text: "The sea is made of water." },
];

test("a folder is ingested, found again after opening anew, and only changes are read", async () => {
  const [docs, store] = [join(folder, "docs-missing"), join(folder, "store")];
  const sources = mkdtempSync(join(folder, "docs-"));
  writeFileSync(join(sources, "moon.md"), "# Moon\n\nThe moon is made of rock.\n");
  writeFileSync(join(sources, "sea.txt"), "The sea is made of water.");
  const steps = [];
  const base = await KnowledgeBase.open(store, embedder);

  const first = await base.ingestDir(sources, { onProgress: (step) => steps.push(step) });

  assert.equal(first.added, 2);
  assert.equal(base.documents, 2);
  assert.ok(base.chunks >= 2);
  assert.deepEqual(steps.map(({ done, total }) => [done, total]), [[1, 2], [2, 2]]);
  assert.ok(steps.every(({ source }) => typeof source === "string"));
  await assert.rejects(base.ingestDir(docs), { code: "io" });

  writeFileSync(join(sources, "sea.txt"), "The sea is full of fish.");
  const second = await base.ingestFiles([join(sources, "moon.md"), join(sources, "sea.txt")]);
  assert.deepEqual([second.added, second.updated, second.unchanged], [0, 1, 1]);

  await assert.rejects(KnowledgeBase.open(store, embedder), { code: "busy", retryable: true });
  await base.close();
  await base.close();
  await assert.rejects(base.retrieve("moon"), { code: "stopped" });
  const again = await KnowledgeBase.open(store, embedder);
  const [passage] = await again.retrieve("What is the moon made of?", { k: 1 });
  assert.match(passage.text, /rock/);
  assert.deepEqual(passage.headings, ["Moon"]);
});

test("a glob chooses files", async () => {
  const sources = mkdtempSync(join(folder, "glob-"));
  writeFileSync(join(sources, "moon.md"), "The moon.");
  writeFileSync(join(sources, "sea.txt"), "The sea.");
  const base = await KnowledgeBase.inMemory(embedder);

  const report = await base.ingestDir(sources, { glob: "*.{md,rst}" });

  assert.deepEqual([report.added, base.documents], [1, 1]);
  await assert.rejects(base.ingestDir(sources, { glob: "[" }), { code: "invalid" });
  await assert.rejects(base.ingestDir(sources, { globs: "*" }), { code: "invalid" });
});

test("a site is ingested unless its address is private", async (context) => {
  const pages = { "/": "<title>Sea</title><p>The sea is deep. <a href=/moon>x</a>", "/moon": "The moon pulls." };
  const server = createServer((request, response) => {
    response.writeHead(pages[request.url] === undefined ? 404 : 200, { "content-type": "text/html" });
    response.end(pages[request.url]);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${server.address().port}/`;
  const base = await KnowledgeBase.inMemory(embedder);
  const seen = [];

  const refused = await base.ingestUrl(url);
  const read = await base.ingestUrl(url, {
    depth: 1,
    timeoutMs: 10_000,
    allowedHosts: ["127.0.0.1"],
    onProgress: ({ source }) => seen.push(source),
  });

  assert.match(refused.failed[0].reason, /an allowed host/);
  assert.deepEqual([read.added, seen], [2, [url, `${url}moon`]]);
  assert.equal((await base.retrieve("How deep is the sea?", { k: 1 }))[0].title, "Sea");
  await assert.rejects(base.ingestUrl("ftp://example.org/"), { code: "invalid", message: /`url`/ });
  await assert.rejects(base.ingestUrl(url, { timeoutMs: -1 }), { code: "invalid", message: /`timeoutMs`/ });
});

test("a store can be read while another handle writes", async () => {
  const store = join(folder, "shared");
  const writer = await KnowledgeBase.open(store, embedder, { durability: "full" });
  const reader = await KnowledgeBase.openReadOnly(store, embedder, { mode: "lexical" });
  await writer.ingest(documents);

  const [moon] = await reader.retrieve("moon rock");

  assert.equal(moon.source, "moon.md");
  assert.equal(reader.info.path, writer.info.path);
  await assert.rejects(reader.ingest([{ source: "new.md", text: "No." }]));
});

test("above the threshold vectors are searched in a graph", async () => {
  const base = await KnowledgeBase.inMemory(embedder, { annThreshold: 10, hnsw: { m: 8, rebuildAfter: 5 } });
  assert.deepEqual(base.info.vectors, { kind: "exact" });

  await base.ingest(Array.from({ length: 40 }, (_, number) => ({ source: `${number}`, text: `Note ${number}.` })));
  await base.rebuild();

  assert.deepEqual(base.info, {
    path: ":memory:",
    documents: 40,
    chunks: 40,
    embedder: "hashed-64",
    dimensions: 64,
    vectors: { kind: "hnsw", covered: 40 },
    bytes: 0,
  });
});

test("options that do not exist are refused, with those that do", async () => {
  const refused = (options) => assert.rejects(KnowledgeBase.inMemory(embedder, options), (error) => {
    assert.equal(error.code, "invalid");
    assert.match(error.message, /`(chunkToken|M)`, expected one of `(chunkTokens`, `chunkOverlap|m`, `efConstruction)`/);
    return true;
  });
  await refused({ chunkToken: 5 });
  await refused({ hnsw: { M: 5 } });
  assert.throws(() => scripted([], { limits: { maxTurn: 1 } }), /`maxTurn`.*`maxTurns`.*`deadlineMs`/);
  assert.throws(() => scripted([], { instruction: "typo" }), /`instruction`, expected one of `instructions`/);
});

test("documents are stored, found with their fields, and deleted", async () => {
  const base = await KnowledgeBase.inMemory(embedder);
  await base.ingest(documents);

  const [moon] = await base.retrieve("moon rock", { k: 1, mode: "lexical" });
  assert.equal(moon.source, "moon.md");
  assert.equal(moon.title, "Moon");
  assert.deepEqual(moon.metadata, { shelf: "sky" });
  assert.equal(moon.scores.dense, null);
  assert.ok(moon.scores.lexical > 0);
  assert.deepEqual(await base.retrieve(""), []);
  const [filtered] = await base.retrieve("moon", { k: 1, filter: { not: { field: "shelf", anyOf: ["sky"] } } });
  assert.notEqual(filtered.source, "moon.md");
  await assert.rejects(base.retrieve("moon", { filter: { field: "shelf" } }), /expected `field` with one of/);

  assert.equal(await base.delete(["moon.md", "unknown.md"]), 1);
  assert.equal(base.documents, 1);
  assert.deepEqual((await base.retrieve("moon rock")).filter(({ source }) => source === "moon.md"), []);
});

test("what onProgress throws ends the ingest and reaches the caller", async () => {
  const base = await KnowledgeBase.inMemory(embedder);
  const failure = new Error("I have seen enough");
  const throwing = () => {
    throw failure;
  };

  await assert.rejects(base.ingest(documents, { onProgress: throwing }), (error) => error === failure);
  await assert.rejects(base.ingest(documents, { onProgress: async () => throwing() }), (error) => error === failure);

  assert.equal((await base.ingest([{ source: "new.md", text: "Still alive." }])).added, 1);
});

test("an ingest can be aborted, and the store stays usable", async () => {
  const base = await KnowledgeBase.inMemory(embedder);
  const controller = new AbortController();
  const many = Array.from({ length: 2000 }, (_, index) => ({ source: `${index}`, text: `Document ${index}.` }));
  const onProgress = ({ done }) => done === 3 && controller.abort();

  await assert.rejects(base.ingest(many, { signal: controller.signal, onProgress }), AbortError);

  assert.ok(base.documents < 2000);
  assert.equal((await base.ingest(documents)).added, 2);
});

test("vectors have length one and the asked dimensions", async () => {
  const [vector, ...more] = await embedder.embed(["moon"]);

  assert.ok(vector instanceof Float32Array);
  assert.equal(vector.length, embedder.dimensions);
  assert.ok(Math.abs(vector.reduce((sum, value) => sum + value * value, 0) - 1) < 1e-5);
  assert.deepEqual(more, []);
});

test("an answer from documents has citations, the same again comes from the cache, and sessions remember", async () => {
  const retriever = await KnowledgeBase.inMemory(embedder);
  await retriever.ingest(documents);
  const sessions = new MemorySessions();
  const { llm, assistant } = scripted([{ text: "Rock. [1]" }, { text: "You asked about the moon." }], {
    retriever,
    cache: new MemoryCache({ maxEntries: 10 }),
    sessions,
  });

  const [retrieved, ...rest] = await all(assistant.stream("What is the moon made of?"));
  assert.equal(retrieved.passages[0].source, "moon.md");
  assert.deepEqual(rest.at(-1).citations.map(({ number, source, origin }) => [number, source, origin]), [[1, "moon.md", "written"]]);

  const again = await assistant.run("What is the moon made of?");
  assert.equal(again.cached, true);
  assert.equal(again.text, "Rock. [1]");
  assert.equal(llm.prompts().length, 1);

  await assistant.run("What did I ask?", { session: "s1" });
  assert.deepEqual((await sessions.load("s1")).map(({ role }) => role), ["user", "assistant"]);
  await sessions.forget("s1");
  assert.deepEqual(await sessions.load("s1"), []);
});
