// Objectives over the reports of runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Assistant, ScriptedLlm, Slos, tool } from "rushlight";
import { object } from "./support/index.mjs";

const add = tool({
  name: "add",
  description: "Add two numbers",
  input: object({ a: { type: "integer" }, b: { type: "integer" } }),
  execute: ({ a, b }) => a + b,
});

/** One that calls a tool, and one that does not. */
async function twoRuns() {
  const script = [
    { toolCalls: [{ name: "add", arguments: { a: 1, b: 2 } }] },
    { text: ["It is 3."] },
    { text: ["Hello."] },
  ];
  const assistant = new Assistant(new ScriptedLlm(script), { tools: [add] });
  return [(await assistant.run("1 + 2?")).report, (await assistant.run("Who is there?")).report];
}

test("objectives tell how the runs kept them", async () => {
  const slos = new Slos([
    { name: "patient", metric: "first_token", percentile: 95, bound: 3600 },
    { name: "hasty", metric: "total_with_tools", percentile: 50, bound: 1e-12 },
  ]);
  const reports = await twoRuns();

  for (const report of reports) slos.record(report);

  const [patient, hasty] = slos.reports();
  assert.deepEqual([patient.samples, patient.violations, patient.attained, patient.burnRate], [2, 0, true, 0]);
  assert.deepEqual([hasty.samples, hasty.violations, hasty.attained, hasty.burnRate], [1, 1, false, 2]);
  assert.ok(Math.abs(hasty.observed * 1000 - reports[0].totalMs) < 1e-6);
  assert.deepEqual([hasty.p50, hasty.p95, hasty.p99], [hasty.observed, hasty.observed, hasty.observed]);
  assert.deepEqual(hasty.slo, { name: "hasty", metric: "total_with_tools", percentile: 50, bound: 1e-12 });
});

test("what was recorded can be forgotten", async () => {
  const slos = new Slos([{ name: "quick", metric: "total_without_tools", percentile: 95, bound: 0.5 }]);
  slos.record((await twoRuns())[1]);
  assert.equal(slos.reports()[0].samples, 1);

  slos.reset();

  const [report] = slos.reports();
  assert.deepEqual([report.samples, report.attained, report.observed], [0, true, null]);
});

test("objectives and reports that make no sense are refused", () => {
  const slo = { name: "quick", metric: "first_token", percentile: 95, bound: 0.5 };
  const refused = (change, message) =>
    assert.throws(() => new Slos([{ ...slo, ...change }]), { code: "invalid", message });

  refused({ percentile: 0.95 }, /less than 100, for example 95, got 0.95/);
  refused({ metric: "first" }, /expected one of `first_token`/);
  refused({ limit: 1 }, /unknown field `limit`/);
  assert.throws(() => new Slos([slo]).record({ totalMs: -1 }), { code: "invalid" });
});

test("the parts of a run add up to its total", async () => {
  for (const report of await twoRuns()) {
    const parts = [report.retrievalMs, report.generationMs, report.toolsMs, report.readingMs, report.overheadMs];
    assert.ok(Math.abs(parts.reduce((sum, part) => sum + part) - report.totalMs) < 1e-6);
  }
});
