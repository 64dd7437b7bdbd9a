// Agents that work together.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent, Assistant, HashedEmbedder, MemorySessions, Router, RushlightError, ScriptedLlm, eventToJson } from "rushlight";
import { all, call, scripted, sleep } from "./support/index.mjs";

const asks = (name, question) => call(name, { question });
const answering = (...texts) => new Assistant(new ScriptedLlm(texts.map((text) => ({ text: [text] }))));

async function outputOf(tool, question = "Why?") {
  const { assistant } = scripted([asks(tool.name, question), { text: "done" }], { tools: [tool] });
  return (await all(assistant.stream("Go"))).find(({ type }) => type === "tool_output");
}

test("an assistant is a tool of another one", async () => {
  const reviewer = answering("It divides by zero.").asTool({
    name: "reviewer",
    description: "Finds mistakes",
    timeoutMs: 20_000,
  });

  const output = await outputOf(reviewer);

  assert.deepEqual([reviewer.name, reviewer.description, reviewer.timeoutMs], ["reviewer", "Finds mistakes", 20_000]);
  assert.deepEqual(reviewer.parameters.required, ["question"]);
  assert.deepEqual([output.status, output.content], ["success", "It divides by zero."]);
  assert.equal(output.usage.outputTokens, 4);
});

test("an assistant that may not be asked is refused", async () => {
  const output = await outputOf(answering().asTool({ name: "inner", description: "", maxDepth: 0 }));

  assert.equal(output.status, "refused");
  assert.equal(output.content, "`inner` was not asked: 0 agents already ask each other; answer with what is known");
});

test("a run has the time that its caller says", async () => {
  const slow = new Assistant(new ScriptedLlm([{ text: ["late"], delayMs: 60_000 }]));

  await assert.rejects(slow.run("Why?", { deadlineMs: 50 }), { code: "timeout", message: /within 50ms/ });
});

test("what cannot be a tool is refused", async () => {
  const inner = answering();

  assert.throws(() => scripted([], { tools: [inner.asTool({ name: "no name", description: "" })] }), {
    code: "invalid",
    message: /expected 1 to 64/,
  });
  assert.throws(() => inner.asTool({ name: "inner", description: "", speed: 1 }), {
    code: "invalid",
    message: /unknown field `speed`/,
  });
  assert.throws(() => inner.asTool({ name: 1, description: "" }), { code: "invalid" });
});

/** A model that repeats the question, as slowly as it says, and cannot repeat what is no number. */
class Echo {
  async *generate({ messages }) {
    const question = messages.at(-1).content;
    if (Number.isNaN(Number(question))) throw new Error("no number");
    await sleep(Number(question));
    yield question;
  }
}

test("a batch keeps its order and a failure stops no other", async () => {
  const assistant = new Assistant(new Echo(), { sessions: new MemorySessions() });

  const ended = await assistant.runBatch(["50", { question: "0", session: "ann" }, "never", " "], { concurrency: 2 });

  assert.deepEqual(ended.map(({ value, reason }) => value?.text ?? reason.code), ["50", "0", "foreign", "invalid"]);
  assert.ok(ended[2].reason instanceof RushlightError);
  assert.match(ended[2].reason.message, /no number/);
  assert.equal(typeof ended[0].value.report.totalMs, "number");
  assert.deepEqual(await assistant.runBatch([]), []);
});

test("a batch that is none is refused, and one that is aborted stops", async () => {
  const assistant = new Assistant(new Echo());

  await assert.rejects(assistant.runBatch(["0"], { concurrency: 0 }), { code: "invalid", message: /at least 1, got 0/ });
  await assert.rejects(assistant.runBatch("0"), { code: "invalid", message: /expected an array, got a string/ });
  await assert.rejects(assistant.runBatch([{}]), { code: "invalid", message: /question: expected a string/ });
  const signal = AbortSignal.timeout(20);
  await assert.rejects(assistant.runBatch(["60000"], { signal }), { name: "AbortError" });
});

test("an option that a run does not have is refused before it begins", async () => {
  const { llm, assistant } = scripted([{ text: "hi" }]);
  const unknown = (name) => ({ code: "invalid", message: new RegExp(`unknown option \`${name}\`, expected one of`) });

  await assert.rejects(assistant.run("Hi", { dryrun: true }), unknown("dryrun"));
  assert.throws(() => assistant.stream("Hi", { timeoutMs: 1 }), unknown("timeoutMs"));
  await assert.rejects(assistant.extract("Hi", { type: "object" }, { scope: ["a"] }), unknown("scope"));
  await assert.rejects(assistant.extract("Hi", { type: "object" }, { schema: {} }), unknown("schema"));
  await assert.rejects(assistant.runBatch([{ question: "Hi", dryrun: true }]), unknown("dryrun"));
  await assert.rejects(assistant.runBatch([{ question: "Hi", signal: AbortSignal.timeout(1) }]), unknown("signal"));
  await assert.rejects(assistant.runBatch(["Hi"], { concurency: 2 }), unknown("concurency"));
  assert.deepEqual(llm.prompts(), []);
});

test("a conversation is handed over", async () => {
  const handOffs = [{ name: "billing", description: "Invoices and refunds", assistant: answering("You owe 3.") }];
  const { assistant } = scripted([call("transfer_to_billing")], { handOffs });

  const events = await all(assistant.stream("What do I owe?"));

  assert.deepEqual(events.map(({ type, to }) => to ?? type), ["tool_call", "tool_output", "billing", "text", "done"]);
  assert.equal(events.at(-1).text, "You owe 3.");
  assert.equal(events.at(-1).answeredBy, "billing");
  assert.equal((await answering("Hello.").run("Hi")).answeredBy, undefined);
});

test("a run knows what was said before", async () => {
  const { llm, assistant } = scripted([{ text: ["You are Ann."] }]);
  const history = [{ role: "user", content: "I am Ann." }, { role: "assistant", content: "Hello." }];

  await assistant.run("Who am I?", { history });

  const [{ messages }] = llm.prompts();
  assert.deepEqual(messages.slice(1).map(({ content }) => content), ["I am Ann.", "Hello.", "Who am I?"]);
  await assert.rejects(assistant.run("Who am I?", { history: [{ role: "nobody", content: "" }] }), { code: "invalid" });
});

test("a hand-off that no tool can be is refused", () => {
  const to = (name, assistant) => ({ handOffs: [{ name, description: "", assistant }] });

  assert.throws(() => scripted([], to("two words", answering())), { code: "invalid", message: /got `two words`/ });
  assert.throws(() => scripted([], to("billing", {})), { code: "invalid", message: /expected an Agent, got an object/ });
});

const general = (...texts) => ({ name: "general", description: "Everything else", agent: answering(...texts) });

test("a router chooses who answers", async () => {
  const agent = answering("You owe 3.", "Soon.");
  const billing = { name: "billing", description: "Invoices and refunds", agent, words: ["owe"], patterns: ["INV-\\d"] };
  const router = new Router({ fallback: general("Hello."), routes: [billing] });

  const events = await all(router.stream("What do I owe?"));

  assert.ok(router instanceof Agent);
  assert.deepEqual(events.map(({ type }) => type), ["routed", "text", "done"]);
  assert.deepEqual(events[0], { type: "routed", to: "billing", by: "rule" });
  assert.deepEqual(eventToJson(events[0]), { type: "routed", to: "billing", by: "rule" });
  assert.equal((await router.run("When is INV-1 due?")).answeredBy, "billing");
  assert.equal((await router.run("Good morning")).answeredBy, "general");
});

test("a router chooses by examples and by a model", async () => {
  const billing = { name: "billing", description: "", agent: answering("a", "b"), examples: ["What do I owe?"] };
  const llm = new ScriptedLlm([{ text: ['{"agent": "billing"}'] }]);
  const embedder = new HashedEmbedder(256);
  const router = new Router({ fallback: general(), routes: [billing], embedder, threshold: 0.9, llm });

  const [near] = await all(router.stream("what do I owe"));
  const [named] = await all(router.stream("My card was charged twice"));

  assert.deepEqual([near.to, near.by, named.to, named.by, named.score], ["billing", "examples", "billing", "model", undefined]);
  assert.ok(near.score > 0.99, String(near.score));
  assert.deepEqual(llm.prompts()[0].schema.properties.agent.enum, ["billing", "general"]);
});

test("functions and deadlines choose", async () => {
  const asked = [];
  const pays = (request) => {
    asked.push(request);
    return request.scopes?.includes("pay") ?? false;
  };
  const quick = { name: "quick", description: "", agent: answering("q"), maxDeadlineMs: 1000 };
  const billing = { name: "billing", description: "", agent: answering("b"), when: pays };
  const router = new Router({ fallback: general("g"), routes: [quick, billing] });

  const requests = [{ question: "Go", deadlineMs: 1000 }, { question: "Go", scopes: ["pay"], deadlineMs: 30_000 }, "Go"];
  const ended = await router.runBatch(requests, { concurrency: 1 });

  assert.deepEqual(ended.map(({ value }) => value.answeredBy), ["quick", "billing", "general"]);
  assert.deepEqual(asked, [{ question: "Go", scopes: ["pay"], deadlineMs: 30_000 }, { question: "Go" }]);
  const broken = (when) => new Router({ fallback: general(), routes: [{ ...billing, when }] }).run("Go");
  const message = /rule `when` of a route failed: no idea/;
  await assert.rejects(broken(async () => Promise.reject(new Error("no idea"))), { code: "foreign", message });
  await assert.rejects(broken(() => "yes"), { code: "foreign", message: /expected a boolean/ });
});

test("a router is an agent like any other", async () => {
  const router = new Router({ fallback: general("Fine.", '{"stars": 4}', "Over.") });

  const output = await outputOf(router.asTool({ name: "router", description: "Answers" }));
  const value = await router.extract("How was it?", { type: "object", required: ["stars"] });
  const handOffs = [{ name: "router", description: "", assistant: router }];
  const answer = await scripted([call("transfer_to_router")], { handOffs }).assistant.run("Go");

  assert.deepEqual([output.status, output.content], ["success", "Fine."]);
  assert.deepEqual(value, { stars: 4 });
  assert.deepEqual([answer.text, answer.answeredBy], ["Over.", "general"]);
  await router.close();
  await assert.rejects(router.run("Go"), { code: "stopped", message: /the agent/ });
});

test("a router of wrong parts is refused", () => {
  const refused = (route, message, options = {}) => {
    const routes = [{ name: "a", description: "", agent: answering(), ...route }];
    assert.throws(() => new Router({ fallback: general(), routes, ...options }), { code: "invalid", message });
  };

  refused({ name: "two words" }, /got `two words`/);
  refused({ name: "general" }, /got `general` twice/);
  refused({ patterns: ["("] }, /pattern of route `a`: regex parse error/);
  refused({ examples: ["b"] }, /embedder of the router/);
  refused({ words: "refund" }, /route `a`: invalid type: string "refund", expected a sequence/);
  refused({ speed: 1 }, /unknown field `speed`/);
  refused({ when: true }, /expected a function, got a boolean/);
  refused({ agent: {} }, /expected an Agent, got an object/);
  refused({}, /threshold: expected -1 to 1, got 2/, { threshold: 2 });
  refused({}, /unknown option `speed`/, { speed: 1 });
});
