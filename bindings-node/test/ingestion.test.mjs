// The scenarios of ingestion that all languages share: the same steps give the same reports and passages.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { HashedEmbedder, KnowledgeBase } from "rushlight";
import { camelKeys } from "./support/index.mjs";

const scenarios =
  process.env.RUSHLIGHT_SCENARIOS ?? fileURLToPath(new URL("../../tests/scenarios", import.meta.url));
const files = readdirSync(join(scenarios, "ingestion"));
assert.ok(files.length > 0, `there are no scenarios of ingestion in ${scenarios}`);

const temporary = mkdtempSync(join(tmpdir(), "rushlight-ingestion-"));
after(() => rmSync(temporary, { recursive: true, force: true }));

/** Where a scenario plays. Sources of files are their paths below the folder. */
class Stage {
  constructor(base) {
    this.base = base;
    this.folder = mkdtempSync(join(temporary, "folder-"));
  }

  below(source) {
    return source.replace(`${this.folder}/`, "");
  }

  async ingest(work) {
    const told = [];
    const report = await work(({ source }) => told.push(this.below(source)));
    const failed = report.failed.map(({ source, reason }) => ({ source: this.below(source), reason }));
    return { report: { ...report, failed }, told };
  }

  /** What a step gives. */
  async play({ step, files, glob, documents, sources, query, mode }) {
    switch (step) {
      case "write":
        for (const [name, text] of Object.entries(files)) {
          const path = join(this.folder, name);
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(path, text);
        }
        return {};
      case "remove":
        for (const name of files) rmSync(join(this.folder, name));
        return {};
      case "ingest_dir":
        return this.ingest((onProgress) => this.base.ingestDir(this.folder, { glob, onProgress }));
      case "ingest":
        return this.ingest((onProgress) => this.base.ingest(documents, { onProgress }));
      case "delete":
        return { deleted: await this.base.delete(sources) };
      case "search": {
        const filter = query.filter && camelKeys(query.filter);
        const passages = await this.base.retrieve(query.text, { k: query.k, mode, filter });
        return { found: passages.map(({ id }) => this.below(id)) };
      }
      default:
        throw new Error(`unknown step \`${step}\``);
    }
  }
}

for (const file of files) {
  const scenario = JSON.parse(readFileSync(join(scenarios, "ingestion", file), "utf8"));
  test(`scenario ingestion/${file}: ${scenario.name}`, async () => {
    const stage = new Stage(await KnowledgeBase.inMemory(new HashedEmbedder(64)));
    for (const [index, step] of scenario.steps.entries()) {
      const happened = await stage.play(step);

      assert.deepEqual({ ...step, ...happened }, step, `step ${index + 1}`);
    }
  });
}
