import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { HashedEmbedder, KnowledgeBase } from "rushlight";

const folder = mkdtempSync(join(tmpdir(), "rushlight-store-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const embedder = new HashedEmbedder(16);

async function filled(name) {
  const base = await KnowledgeBase.open(join(folder, name), embedder);
  const note = (number) => ({ source: `note ${number}`, text: `Note ${number}. `.repeat(50) });
  await base.ingest(Array.from({ length: 20 }, (_, number) => note(number)));
  return base;
}

test("a store says what it holds without being opened", async () => {
  const base = await filled("inspected");

  const { path, bytes, ...info } = await KnowledgeBase.inspect(join(folder, "inspected"));

  assert.deepEqual(info, { format: 1, embedder: "hashed-16", dimensions: 16, documents: 20, chunks: base.chunks });
  assert.deepEqual([path, bytes], [base.info.path, base.info.bytes]);
  await assert.rejects(KnowledgeBase.inspect(join(folder, "nothing")), { code: "io" });
});

test("a check names what is damaged", async () => {
  const base = await filled("checked");
  const sound = await KnowledgeBase.check(join(folder, "checked"));
  assert.deepEqual(sound, { documents: 20, chunks: base.chunks, problems: [] });
  await base.close();

  writeFileSync(join(folder, "checked", "store.sqlite"), "no database at all");

  const { problems } = await KnowledgeBase.check(join(folder, "checked"));
  assert.deepEqual(problems, ["file is not a database"]);
});

test("compacting makes a store smaller", async () => {
  const base = await filled("compacted");
  await base.delete(Array.from({ length: 15 }, (_, number) => `note ${number}`));

  const report = await base.compact();

  assert.ok(report.bytesAfter < report.bytesBefore);
  assert.equal(report.bytesAfter, base.info.bytes);
  assert.equal((await base.retrieve("Note 17.")).length, 5);
});

test("a store comes back from its export without embedding", async () => {
  const [base, file] = [await filled("exported"), join(folder, "exported.jsonl")];
  const [written, stored] = [[], []];
  await base.exportTo(file, { onProgress: (step) => written.push(step) });
  const embed = () => assert.fail("nothing is embedded");
  const copy = await KnowledgeBase.inMemory({ name: "hashed-16", dimensions: 16, embed }, { mode: "lexical" });

  const report = await copy.importFrom(file, { onProgress: (step) => stored.push(step) });

  assert.equal(report.added, 20);
  assert.deepEqual(written.map(({ done, total }) => [done, total]), written.map((_, index) => [index + 1, 20]));
  assert.equal(written.at(-1).chunks, base.chunks);
  assert.deepEqual(stored, written);
  assert.equal((await copy.importFrom(file)).unchanged, 20);
  assert.deepEqual(await copy.retrieve("Note 17."), await base.retrieve("Note 17.", { mode: "lexical" }));
  const other = await KnowledgeBase.inMemory(new HashedEmbedder(8));
  await assert.rejects(other.importFrom(file), { code: "invalid", message: /expected vectors of `hashed-8`/ });
});
