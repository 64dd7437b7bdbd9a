// Assistants that ask each other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Assistant, MemorySessions, RushlightError, ScriptedLlm } from "rushlight";
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
  assert.throws(() => scripted([], to("billing", {})), { code: "invalid", message: /expected a Assistant, got an object/ });
});
