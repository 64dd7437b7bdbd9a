// Tool calls, counted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Assistant, ScriptedLlm, ToolMetrics, tool } from "rushlight";
import { object } from "./support/index.mjs";

const double = tool({
  name: "double_it",
  description: "Twice a number",
  input: object({ number: { type: "integer" } }),
  cache: "10m",
  execute: ({ number }) => {
    if (number < 0) throw new Error("negative");
    return 2 * number;
  },
});

/** A run that makes these calls. */
const turns = (...calls) => [
  { toolCalls: calls.map(([name, number]) => ({ name, arguments: { number } })) },
  { text: ["So."] },
];

test("the calls of each tool are counted", async () => {
  const toolMetrics = new ToolMetrics();
  const script = [...turns(["double_it", 1], ["double_it", -1]), ...turns(["double_it", 1], ["treble", 1]), { text: ["Hello."] }];
  const assistant = new Assistant(new ScriptedLlm(script), { tools: [double], toolMetrics });

  for (let run = 0; run < 3; run += 1) await assistant.run("Well?");

  const { tools, total, callsPerRun } = toolMetrics.report();
  const { latency, ...counts } = tools.double_it;
  assert.deepEqual(counts, {
    calls: 3,
    successes: 2,
    errors: 1,
    timeouts: 0,
    refusals: 0,
    cacheHits: 1,
    successRate: 2 / 3,
    errorRate: 1 / 3,
    timeoutRate: 0,
    refusalRate: 0,
    cacheHitRate: 1 / 3,
  });
  assert.equal(latency.samples, 2);
  assert.ok(latency.p50 <= latency.p99 && latency.p99 < 60);
  assert.deepEqual([tools["*"].refusals, total.calls, total.successRate], [1, 4, 0.5]);
  assert.deepEqual(callsPerRun, { samples: 3, mean: 4 / 3, p50: 2, p95: 2, p99: 2 });

  toolMetrics.reset();
  const after = toolMetrics.report();
  assert.deepEqual([after.tools, after.total.successRate, after.callsPerRun.mean], [{}, null, null]);
});

test("an output says whether it comes from a cache", async () => {
  const assistant = new Assistant(new ScriptedLlm([...turns(["double_it", 3]), ...turns(["double_it", 3])]), { tools: [double] });

  const cached = [];
  for (let run = 0; run < 2; run += 1) {
    for await (const event of assistant.stream("Well?")) if (event.type === "tool_output") cached.push(event.cached);
  }

  assert.deepEqual(cached, [undefined, true]);
});

test("an assistant of a spec is counted too", async () => {
  const toolMetrics = new ToolMetrics();
  const llm = new ScriptedLlm(turns(["double_it", 5]));

  const assistant = await Assistant.fromSpec({ tools: { double_it: {} } }, { llm, tools: [double], toolMetrics });
  await assistant.run("Well?");

  assert.equal(toolMetrics.report().total.calls, 1);
});

test("nothing else counts", () => {
  const refused = { code: "invalid", message: /tool metrics/ };
  assert.throws(() => new Assistant(new ScriptedLlm([]), { toolMetrics: {} }), refused);
});
