// Models in fewer bits.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { AbortError, LocalLlm, quantize } from "rushlight";
import { until } from "./support/index.mjs";

const fixtures =
  process.env.RUSHLIGHT_MODEL_FIXTURES ?? fileURLToPath(new URL("../../core/models/tests/fixtures", import.meta.url));

/** A model with random weights as the Hugging Face Hub has it. */
function tinyFolder(into) {
  const folder = join(into, "qwen2");
  for (const part of ["qwen2", "tokenizer"]) cpSync(join(fixtures, "tiny", part), folder, { recursive: true });
  return folder;
}

test("a quantised model opens and the report says what changed", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "rushlight-"));
  context.after(() => rmSync(directory, { recursive: true }));
  const [source, target] = [tinyFolder(directory), join(directory, "qwen2.gguf")];
  const steps = [];

  const report = await quantize(source, target, { type: "q4_1", onProgress: (step) => steps.push(step) });

  assert.equal(report.targetBytes, statSync(target).size);
  const { worst, tensors } = report;
  assert.ok(worst.toType === "Q4_1" && worst.relativeError > 0.01 && worst.relativeError < 0.2);
  assert.ok(tensors.every(({ relativeError }) => relativeError <= worst.relativeError));
  assert.deepEqual(tensors.find(({ name }) => name === worst.name), worst);
  assert.equal(steps.at(-1).done, steps.at(-1).total);
  const [before, after] = [await LocalLlm.open(source), await LocalLlm.open(target)];
  assert.equal(after.info.quantisation, "Q4_1");
  assert.equal(await after.countTokens(" the end"), await before.countTokens(" the end"));
});

test("quantising refuses what is there and what it cannot round", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "rushlight-"));
  context.after(() => rmSync(directory, { recursive: true }));
  const [source, target, other] = [tinyFolder(directory), join(directory, "qwen2.gguf"), join(directory, "other.gguf")];
  await quantize(source, target);

  await assert.rejects(quantize(source, target, { type: "q4_0" }), { code: "invalid", message: /target.*`overwrite`/ });
  await assert.rejects(quantize(source, other, { type: "q5_0" }), { code: "invalid", message: /`q5_0`.*`q4_1`/ });
  await assert.rejects(quantize(source, other, { kind: "q4_0" }), { code: "invalid", message: /`kind`/ });
  await assert.rejects(quantize(target, other), { code: "model", message: /`Q8_0 of tensor/ });
  await assert.rejects(quantize(source, other, { signal: AbortSignal.abort() }), AbortError);
  const stopped = quantize(source, other, { onProgress: () => { throw new Error("enough"); } });
  await assert.rejects(stopped, /enough/);
  const report = await quantize(source, target, { type: "q4_0", overwrite: true });
  assert.equal(report.targetBytes, statSync(target).size);
  await until(() => !readdirSync(directory).some((name) => name.endsWith(".part")));
});
