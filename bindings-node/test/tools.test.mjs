import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySessions, RushlightError, tool } from "rushlight";
import { z } from "zod";
import { all, call, object, plain, scripted, sleep, until } from "./support/index.mjs";

const outputs = (events) => events.filter(({ type }) => type === "tool_output");

async function outputOf(tool, args = {}, options = {}) {
  const { assistant } = scripted([call(tool.name, args), { text: "done" }], { tools: [tool], ...options });
  const [output] = outputs(await all(assistant.stream("Go")));
  return output;
}

test("a synchronous function is a tool", async () => {
  const add = tool({
    name: "add",
    description: "Add two numbers",
    input: object({ a: { type: "integer" }, b: { type: "integer" } }),
    execute: ({ a, b }) => a + b,
  });

  const output = await outputOf(add, { a: 2, b: 40 });

  assert.equal(output.content, "42");
  assert.equal(output.status, "success");
  assert.equal(output.callId, "call_1");
  assert.ok(output.elapsedMs >= 0);
});

test("an asynchronous function is a tool", async () => {
  const output = await outputOf(
    plain("wait", async () => {
      await sleep(5);
      return { waited: true };
    }),
  );

  assert.equal(output.content, '{"waited":true}');
});

test("the model reads what the tool returned", async () => {
  const { llm, assistant } = scripted([call("now"), { text: "It is noon." }], { tools: [plain("now", () => "noon")] });

  const answer = await assistant.run("What time is it?");

  const [, second] = llm.prompts();
  assert.equal(second.messages.at(-1).role, "tool");
  assert.equal(second.messages.at(-1).content, "noon");
  assert.equal(second.messages.at(-1).toolCallId, "call_1");
  assert.deepEqual(llm.prompts()[0].tools[0].parameters, object({}));
  assert.equal(answer.report.toolCalls, 1);
});

test("a zod schema gives defaults and transforms to the function", async () => {
  let seen;
  const search = tool({
    name: "search",
    description: "Search",
    input: z.object({ query: z.string().transform((query) => query.trim()), limit: z.number().default(10) }),
    execute: (args) => {
      seen = args;
      return "ok";
    },
  });

  const output = await outputOf(search, { query: " moon " });

  assert.deepEqual(seen, { query: "moon", limit: 10 });
  assert.equal(output.status, "success");
  assert.deepEqual(search.parameters.required, ["query"]);
});

test("what only zod can check is an output that the model reads", async () => {
  const even = tool({
    name: "even",
    description: "Takes even numbers",
    input: z.object({ number: z.number().refine((number) => number % 2 === 0, "must be even") }),
    execute: () => "never",
  });

  const output = await outputOf(even, { number: 3 });

  assert.equal(output.status, "error");
  assert.match(output.content, /number: must be even/);
});

test("arguments that do not fit the schema never reach the function", async () => {
  let ran = false;
  const add = tool({
    name: "add",
    description: "Add",
    input: object({ a: { type: "integer" } }),
    execute: () => {
      ran = true;
    },
  });

  const output = await outputOf(add, { a: "one" });

  assert.equal(output.status, "invalid_arguments");
  assert.match(output.content, /\/a/);
  assert.equal(ran, false);
});

const failures = {
  "throws an error": [() => { throw new Error("no luck"); }, /no luck/],
  "throws an error with a cause": [() => { throw new Error("outer", { cause: new Error("inner") }); }, /outer: inner/],
  "throws a string": [() => { throw "plain words"; }, /plain words/],
  "throws nothing": [() => { throw undefined; }, /undefined/],
  "throws an object that hides its text": [() => { throw { toJSON() { throw new Error("no"); } }; }, /an object/],
  "throws an error with a hostile message": [() => {
    throw Object.defineProperty(new Error("x"), "message", { get() { throw new Error("no"); } });
  }, /an object/],
  "rejects": [async () => { throw new Error("later"); }, /later/],
  "rejects with null": [() => Promise.reject(null), /null/],
  "returns a function": [() => () => 1, /a function/],
  "returns a symbol": [() => Symbol("s"), /a symbol/],
  "returns a big integer": [() => 1n, /BigInt/],
  "returns a circle": [() => { const circle = {}; circle.circle = circle; return circle; }, /circular/i],
  "returns a thenable that throws": [() => ({ then() { throw new Error("thrown by then"); } }), /thrown by then/],
};
for (const [what, [execute, expected]] of Object.entries(failures)) {
  test(`a tool that ${what} gives an output that the model reads`, async () => {
    const output = await outputOf(plain("odd", execute));

    assert.equal(output.status, "error");
    assert.match(output.content, expected);
  });
}

test("a tool that returns nothing gives null", async () => {
  assert.equal((await outputOf(plain("quiet", () => {}))).content, "null");
});

test("a text keeps every character on its way", async () => {
  const echo = tool({ name: "echo", description: "Echo", input: object({ text: { type: "string" } }), execute: ({ text }) => text });
  const text = 'naïve 🌙 "quotes" \\ \u0000 \u2028 日本';

  assert.equal((await outputOf(echo, { text })).content, text);
});

test("big numbers and nested arguments arrive as JSON says", async () => {
  let seen;
  const take = tool({ name: "take", description: "Take", input: { type: "object" }, execute: (args) => { seen = args; } });
  const args = { snake_case: { camelCase: [1, 2.5, -3e10, 9007199254740991, null, true] }, __proto__: null };

  await outputOf(take, args);

  assert.deepEqual(seen, { ...args });
});

test("a tool that takes too long is told to stop, and the run goes on", async () => {
  let reason;
  const slow = plain("slow", (_, { signal }) => new Promise(() => {
    signal.addEventListener("abort", () => { reason = signal.reason; });
  }));

  const output = await outputOf(slow, {}, { toolTimeoutMs: 50 });

  assert.equal(output.status, "timeout");
  await until(() => reason !== undefined);
  assert.equal(reason.name, "AbortError");
});

test("a tool's own timeout goes before the assistant's", async () => {
  const own = (timeoutMs, milliseconds) => {
    const execute = () => sleep(milliseconds);
    return tool({ name: "own", description: "A tool", input: object({}), execute, timeoutMs });
  };

  assert.equal((await outputOf(own(30, 60_000), {}, { toolTimeoutMs: 60_000 })).status, "timeout");
  assert.equal((await outputOf(own(60_000, 60), {}, { toolTimeoutMs: 10 })).status, "success");
  assert.equal(own(30, 0).timeoutMs, 30);
});

test("calls of one turn run at the same time", async () => {
  let running = 0;
  let most = 0;
  const busy = plain("busy", async () => {
    most = Math.max(most, ++running);
    await sleep(20);
    running--;
  });
  const { assistant } = scripted([{ toolCalls: [{ name: "busy", arguments: { n: 1 } }, { name: "busy", arguments: { n: 2 } }] }, { text: "done" }], { tools: [busy] });

  await assistant.run("Go");

  assert.equal(most, 2);
});

test("a tool may use the assistant again", async () => {
  const inner = scripted([{ text: "forty-two" }]).assistant;
  const ask = plain("ask", async () => (await inner.run("What?")).text);

  assert.equal((await outputOf(ask)).content, "forty-two");
});

test("a parameter has the values of now", async () => {
  let files = new Set();
  const read = tool({
    name: "read",
    description: "Read a file",
    input: object({ path: { type: "string" } }),
    execute: ({ path }) => path,
    choices: { path: async () => files },
  });
  const offered = async () => {
    const { assistant, llm } = scripted([{ text: "done" }], { tools: [read] });
    await assistant.run("Go");
    return llm.prompts()[0].tools.map(({ parameters }) => parameters.properties.path.enum);
  };

  assert.deepEqual(await offered(), []);
  files.add("one.txt");
  assert.deepEqual(await offered(), [["one.txt"]]);
  const refused = await outputOf(read, { path: "two.txt" });
  assert.equal(refused.status, "invalid_arguments");
  assert.match(refused.content, /"two.txt" is not one of/);
  files.add("two.txt");
  assert.deepEqual(await offered(), [["one.txt", "two.txt"]]);
  assert.equal((await outputOf(read, { path: "two.txt" })).content, "two.txt");
  files = null;
  assert.deepEqual(await offered(), [undefined]);
});

test("choices that cannot be told are named", async () => {
  const reading = (path, name = "path") =>
    tool({ name: "read", description: "", input: object({ path: {} }), execute: () => 1, choices: { [name]: path } });
  const run = (path) => scripted([{ text: "done" }], { tools: [reading(path)] }).assistant.run("Go");
  const gone = () => {
    throw new Error("the disk is gone");
  };

  await assert.rejects(run(gone), { message: "tool `read` failed: choices of `path` failed: the disk is gone" });
  await assert.rejects(run(() => "a.txt"), /expected a list of values or null, got a string/);
  await assert.rejects(run(() => ({ a: 1 })), /expected a list of values or null, got an object/);
  assert.throws(() => reading(["a.txt"]), { code: "invalid", message: /tool `read`, `path`: expected a function, got/ });
  assert.throws(() => scripted([], { tools: [reading(() => null, "file")] }), /expected names of its parameters \(path\), got `file`/);
});

test("a tool and an approver know their run", async () => {
  const contexts = [];
  const look = tool({
    name: "look",
    description: "Look",
    input: object({}),
    approve: true,
    execute: (_, context) => contexts.push(context) && `for ${context.session}`,
  });
  const approver = (_, context) => contexts.push(context) && context.scopes.includes("look");
  const turns = [call("look"), { text: "done" }];
  const sessions = new MemorySessions();
  const { assistant } = scripted([...turns, ...turns], { tools: [look], approver, sessions });

  const [output] = outputs(await all(assistant.stream("Go", { session: "ann", scopes: ["look"] })));
  assert.equal(output.content, "for ann");
  for (const { session, scopes, signal, timeLeftMs } of contexts) {
    assert.deepEqual([session, scopes, signal.aborted], ["ann", ["look"], false]);
    assert.ok(timeLeftMs > 0 && timeLeftMs < 600_000);
  }
  const [refused] = outputs(await all(assistant.stream("Go")));
  assert.equal(refused.status, "denied");
  assert.deepEqual([contexts.length, contexts[2].session, contexts[2].scopes], [3, undefined, []]);
});

test("a wrong definition is refused when it is made", () => {
  const good = { name: "t", description: "d", input: { type: "object" }, execute: () => 1 };
  for (const change of [{ name: 5 }, { description: undefined }, { input: null }, { execute: "no" }, { timeoutMs: -1 }, { timeoutMs: "5" }]) {
    assert.throws(() => tool({ ...good, ...change }), { name: "RushlightError", code: "invalid" });
  }
  const silent = { "~standard": { version: 1, vendor: "silent", validate: (value) => ({ value }) } };
  assert.throws(() => tool({ ...good, input: silent }), /silent cannot tell its JSON Schema/);
  assert.throws(() => scripted([], { tools: [tool({ ...good, input: { type: "string" } })] }), RushlightError);
  assert.throws(() => scripted([], { tools: [tool(good), tool(good)] }), RushlightError);
  assert.throws(() => scripted([], { tools: [good] }), /expected a Tool/);
});
