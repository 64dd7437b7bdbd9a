// What keeps the calls of a tool in check.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Assistant, ScriptedLlm, tool } from "rushlight";
import { object } from "./support/index.mjs";

const text = { type: "string" };

/** An assistant whose model makes these calls in each run. */
function assistantOf(tools, calls, { runs = 1, ...options } = {}) {
  const turn = { toolCalls: calls.map(([name, args]) => ({ name, arguments: args })) };
  const script = Array.from({ length: runs }, () => [turn, { text: ["done"] }]).flat();
  return new Assistant(new ScriptedLlm(script), { tools, ...options });
}

async function outputs(assistant, options) {
  const found = [];
  for await (const event of assistant.stream("go", options)) if (event.type === "tool_output") found.push(event);
  return found;
}

const statuses = async (assistant, options) => (await outputs(assistant, options)).map(({ status }) => status);

const make = (name, execute, policy = {}, fields = {}) =>
  tool({ name, description: "", input: object(fields), execute, ...policy });

test("a rate and scopes are kept", async () => {
  const rare = make("rare", ({ text }) => text, { rate: "1/day", rateExcess: "refuse" }, { text });
  const secret = make("secret", () => "42", { scopes: ["read:code"], hidden: false });
  const calls = [["rare", { text: "a" }], ["rare", { text: "b" }], ["secret", {}]];
  const assistant = assistantOf([rare, secret], calls, { runs: 2 });

  assert.deepEqual(await statuses(assistant), ["success", "rate_limited", "denied"]);
  assert.deepEqual(await statuses(assistant, { scopes: ["read:*"] }), ["rate_limited", "rate_limited", "success"]);
});

test("only so many calls run at once", async () => {
  let running = 0;
  let most = 0;
  let release;
  // Two must be there for either to go on.
  const work = async () => {
    most = Math.max(most, ++running);
    if (release) release = release();
    else await new Promise((resolve) => (release = resolve));
    running--;
  };
  const calls = Array.from({ length: 6 }, (_, number) => ["work", { number }]);

  const found = await statuses(assistantOf([make("work", work, { concurrency: 2 }, { number: { type: "integer" } })], calls));

  assert.deepEqual(found, Array(6).fill("success"));
  assert.equal(most, 2);
});

test("a failure is retried when its error says", async () => {
  let runs = 0;
  const fetch = () => {
    runs += 1;
    if (runs < 3) throw Object.assign(new Error("busy"), { retryAfterMs: 1 });
    return runs;
  };
  const broken = () => {
    throw Object.assign(new Error("busy"), { retryAfterMs: 60_000 });
  };
  const policy = { retries: 2, idempotent: true };
  const tools = [make("fetch", fetch, policy), make("broken", broken, policy)];

  const found = await outputs(assistantOf(tools, [["fetch", {}], ["broken", {}]]));

  assert.deepEqual(found.map(({ content }) => content), ["3", "`broken` failed: busy"]);
});

test("a value is kept until it is forgotten", async () => {
  let runs = 0;
  const policies = [{ cache: "10m" }, { cache: { ttlMs: 600_000, entries: 2 } }];
  for (const policy of policies) {
    runs = 0;
    const assistant = assistantOf([make("look", () => ++runs, policy)], [["look", {}]], { runs: 3 });
    const value = async () => (await outputs(assistant))[0].content;

    assert.deepEqual([await value(), await value()], ["1", "1"]);
    assistant.forgetResults("look");
    assert.equal(await value(), "2");
    assert.throws(() => assistant.forgetResults("lok"), { code: "unknown", message: /expected one of: look/ });
  }
});

test("a kept value holds as long as its version", async () => {
  const shelf = { tea: 1 };
  let runs = 0;
  const version = async ({ what }) => shelf[what].toString();
  const look = make("look", () => ++runs, { cache: "10m", version }, { what: text });
  const assistant = assistantOf([look], [["look", { what: "tea" }]], { runs: 6 });

  const seen = [];
  for (const found of [1, 1, 2, 2]) {
    shelf.tea = found;
    const [{ content, cached = false }] = await outputs(assistant);
    seen.push([content, cached]);
  }
  assert.deepEqual(seen, [["1", false], ["1", true], ["2", false], ["2", true]]);

  // Where it throws, the tool runs, and nothing is kept.
  delete shelf.tea;
  assert.deepEqual([(await outputs(assistant))[0].content, (await outputs(assistant))[0].content], ["3", "4"]);
  assert.throws(() => make("look", () => 1, { version: "1" }), { code: "invalid", message: /expected a function, got/ });
});

test("a breaker leaves a failing tool alone", async () => {
  const broken = make("broken", () => Promise.reject(new Error("down")), { breaker: { failures: 1, openForMs: 60_000 } });
  const assistant = assistantOf([broken], [["broken", {}]], { runs: 2 });

  assert.deepEqual([...(await statuses(assistant)), ...(await statuses(assistant))], ["error", "unavailable"]);
});

test("an approver decides, and the model reads why not", async () => {
  const removed = [];
  const remove = make("remove", ({ path }) => void removed.push(path), { approve: true }, { path: text });
  const approver = async ({ name, arguments: { path } }) => path.startsWith("/tmp/") || `${name} is for /tmp`;
  const calls = [["remove", { path: "/tmp/a" }], ["remove", { path: "/etc" }]];

  const [allowed, refused] = await outputs(assistantOf([remove], calls, { approver }));

  assert.deepEqual([allowed.status, refused.status], ["success", "denied"]);
  assert.equal(refused.content, "`remove` was not run: it was not approved: remove is for /tmp");
  assert.deepEqual(removed, ["/tmp/a"]);
});

test("where nobody approves, nothing runs", async () => {
  const remove = make("remove", () => assert.fail("it ran"), { approve: true });
  const throws = () => {
    throw new Error("no luck");
  };
  for (const approver of [undefined, () => undefined, () => 1, () => false, throws]) {
    assert.deepEqual(await statuses(assistantOf([remove], [["remove", {}]], { approver })), ["denied"]);
  }
  assert.throws(() => assistantOf([remove], [], { approver: 3 }), { code: "invalid", message: /approver/ });
});

test("a run that waits for an approval goes on elsewhere", async () => {
  const removed = [];
  const remove = make("remove", ({ path }) => void removed.push(path), { approve: true }, { path: text });
  const waiting = assistantOf([remove], [["remove", { path: "/tmp/A_b" }]], { approver: () => null });
  const later = () => new Assistant(new ScriptedLlm([{ text: ["done"] }]), { tools: [remove] });

  const { pending, text: said, finishReason } = await waiting.run("go", { scopes: ["a"] });
  const kept = JSON.parse(JSON.stringify(pending));

  assert.deepEqual([said, finishReason, removed], ["", "tool_calls", []]);
  assert.deepEqual(kept.calls, [{ id: "call_1", name: "remove", arguments: { path: "/tmp/A_b" } }]);
  const { text: answer, pending: none } = await later().run(kept, { decisions: { call_1: true } });
  assert.deepEqual([answer, none, removed], ["done", undefined, ["/tmp/A_b"]]);
  const refused = later().stream(kept, { decisions: { call_1: "not today" } });
  for await (const { type, content } of refused) if (type === "tool_output") assert.match(content, /not today$/);
  const wrong = (decisions) => later().run(kept, { decisions });
  await assert.rejects(wrong({ call_2: true }), { code: "unknown", message: /waiting call `call_2`, expected one of: call_1/ });
  await assert.rejects(wrong({ call_1: 3 }), { code: "invalid", message: /decision about `call_1`/ });
  await assert.rejects(later().run(kept, { session: "ann" }), { code: "invalid", message: /`session`/ });
  await assert.rejects(later().run({}, { decisions: {} }), { code: "invalid", message: /pending run/ });
});

test("a dry run runs nothing", async () => {
  const removed = [];
  const remove = make("remove", ({ path }) => void removed.push(path), {}, { path: text });
  const write = make("write", () => assert.fail("it ran"), { dryRun: true });
  const assistant = assistantOf([remove, write], [["remove", { path: "a" }], ["write", {}]], { runs: 2 });

  const [first] = await outputs(assistant, { dryRun: true });
  assert.equal(first.content, 'dry run: `remove` was not run; it would have run with {"path":"a"}');
  assert.deepEqual(await statuses(assistant), ["success", "dry_run"]);
  assert.deepEqual(removed, ["a"]);
});

test("what cannot be kept is refused by name", () => {
  const refused = (policy, message) =>
    assert.throws(() => assistantOf([make("t", () => 1, policy)], []), { code: "invalid", message });

  refused({ rate: "often" }, /policy of tool `t`: invalid rate: expected a number of calls and a time as in `100\/min`, got `often`/);
  refused({ retries: 2 }, /expected `idempotent` with 2 `retries`/);
  refused({ rateKey: "user" }, /unknown variant `user`/);
  refused({ concurrency: 0 }, /expected a `concurrency` of at least 1/);
  refused({ rates: "1/s" }, /unknown field `rates`/);
  assert.throws(() => make("t", () => 1, { timeoutMs: -1 }), { code: "invalid", message: /milliseconds from 0 on/ });
});
