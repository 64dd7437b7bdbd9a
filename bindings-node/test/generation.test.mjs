// Models of one's own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Assistant, MemoryCache, RushlightError } from "rushlight";
import { all, object, plain, sleep, until } from "./support/index.mjs";

const texts = (events) => events.filter(({ type }) => type === "text").map(({ text }) => text);

const shapes = {
  "a generator": function* () {
    yield "Hello, ";
    yield { type: "text", text: "Ann." };
  },
  "an async generator": async function* () {
    yield "Hello, ";
    await sleep(1);
    yield "Ann.";
  },
  "a promise of an array": async () => ["Hello, ", Promise.resolve("Ann.")],
  "one text": () => "Hello, Ann.",
  "one object": () => ({ type: "text", text: "Hello, Ann." }),
};
for (const [what, generate] of Object.entries(shapes)) {
  test(`a model may answer with ${what}`, async () => {
    const assistant = new Assistant({ generate });

    assert.equal((await assistant.run("I am Ann")).text, "Hello, Ann.");
    assert.equal(texts(await all(assistant.stream("I am Ann"))).join(""), "Hello, Ann.");
  });
}

test("a model sees the prompt and calls tools", async () => {
  class Model {
    prompts = [];

    async *generate(prompt) {
      this.prompts.push(prompt);
      if (this.prompts.length === 1) {
        yield { type: "tool_call", name: "echo", arguments: { snake_case: 1, camelCase: 2 } };
        yield { type: "tool_call", name: "echo", arguments: "{}", id: "mine" };
      } else {
        yield "It is 42.";
        yield { type: "done", finishReason: "length", usage: { inputTokens: 9, outputTokens: 3 } };
        yield "never heard";
      }
    }
  }
  const llm = new Model();
  const echo = plain("echo", (args) => args);

  const events = await all(new Assistant(llm, { tools: [echo], sampling: { seed: 7 } }).stream("2 + 40?"));

  const outputs = events.filter(({ type }) => type === "tool_output").map(({ callId, status }) => [callId, status]);
  assert.deepEqual(outputs, [["call_1", "success"], ["mine", "success"]]);
  assert.deepEqual(events[0].arguments, { snake_case: 1, camelCase: 2 });
  const { text, finishReason, usage } = events.at(-1);
  assert.deepEqual([text, finishReason], ["It is 42.", "length"]);
  assert.deepEqual(usage, { inputTokens: 9, outputTokens: 3, cachedTokens: 0 });
  assert.deepEqual(llm.prompts[0].messages.at(-1), { role: "user", content: "2 + 40?" });
  assert.deepEqual(llm.prompts[0].tools[0].parameters, object({}));
  assert.equal(llm.prompts[0].sampling.seed, 7);
  assert.deepEqual(llm.prompts[1].messages.at(-1), { role: "tool", content: "{}", toolCallId: "mine" });
});

test("what a model throws ends the run and is the cause", async () => {
  const failure = new Error("the server is gone");
  const models = [
    () => { throw failure; },
    async () => { throw failure; },
    function* () { yield "Half an ans"; throw failure; },
    async function* () { yield "Half an ans"; throw failure; },
  ];

  for (const generate of models) {
    await assert.rejects(new Assistant({ generate }).run("?"), (error) => {
      assert.ok(error instanceof RushlightError);
      assert.deepEqual([error.code, error.message], ["foreign", "the model failed: the server is gone"]);
      assert.equal(error.cause, failure);
      return true;
    });
  }
});

const wrong = {
  "a number": [7, /expected `generate` to give an iterable or async iterable of pieces, got a number/],
  "nothing": [undefined, /pieces, got undefined/],
  "numbers": [[7], /expected text or a delta, got `7`/],
  "null": [[null], /expected text or a delta, got null/],
  "a function": [[() => 1], /expected plain data, got a function/],
  "an unknown type": [[{ type: "txt" }], /unknown variant `txt`, expected one of `text`, `tool_call`, `done`/],
  "a call without a name": [[{ type: "tool_call" }], /missing field `name`/],
};
for (const [what, [said, message]] of Object.entries(wrong)) {
  test(`a model that says ${what} ends the run`, async () => {
    await assert.rejects(new Assistant({ generate: () => said }).run("?"), { code: "foreign", message });
  });
}

/** A model that speaks until it is closed. */
class Endless {
  said = 0;
  closed = false;

  async *async(_, { signal }) {
    this.signal = signal;
    try {
      for (;;) {
        this.said++;
        yield "word ";
        await sleep(1);
      }
    } finally {
      this.closed = true;
    }
  }

  *sync(_, { signal }) {
    this.signal = signal;
    try {
      for (;;) {
        this.said++;
        yield "word ";
      }
    } finally {
      this.closed = true;
    }
  }
}

for (const way of ["async", "sync"]) {
  test(`leaving the loop closes the ${way} iterator of a model`, async () => {
    const model = new Endless();
    let seen = 0;

    for await (const _ of new Assistant({ generate: model[way].bind(model) }).stream("Go")) if (++seen === 3) break;

    await until(() => model.closed);
    assert.equal(model.said, 3);
    assert.ok(model.signal.aborted);
  });
}

test("a model that waits is told by its signal", async () => {
  let signal;
  const generate = async function* (_, context) {
    signal = context.signal;
    yield "one ";
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };

  await assert.rejects(new Assistant({ generate }, { limits: { deadlineMs: 50 } }).run("?"), { code: "timeout" });

  await until(() => signal.aborted);
  assert.equal(signal.reason.name, "AbortError");
});

test("a run that is stopped before its model answers closes the iterator", async () => {
  let closed = false;
  let signal;
  const generate = async (_, context) => {
    signal = context.signal;
    await sleep(50);
    return { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: "word" }), return: () => (closed = true) }) };
  };
  const controller = new AbortController();
  const run = new Assistant({ generate }).run("?", { signal: controller.signal });
  await until(() => signal !== undefined);

  controller.abort();

  await assert.rejects(run, { name: "AbortError" });
  await until(() => closed && signal.aborted);
});

test("the last piece closes the iterator", async () => {
  let closed = false;
  const generate = function* () {
    try {
      yield "Done.";
      yield { type: "done" };
      throw new Error("nobody asks for more");
    } finally {
      closed = true;
    }
  };

  assert.equal((await new Assistant({ generate }).run("?")).text, "Done.");
  await until(() => closed);
});

test("a cache tells models apart by name", async () => {
  const cache = new MemoryCache();
  const ask = async (text, fields) => (await new Assistant({ generate: () => text, ...fields }, { cache }).run("?")).text;

  assert.deepEqual([await ask("one"), await ask("two")], ["one", "two"]);
  assert.deepEqual([await ask("one", { name: "same" }), await ask("two", { name: "same" })], ["one", "one"]);
});

test("a model may count its tokens", async () => {
  const retriever = { retrieve: () => ["a", "b", "c"].map((source) => ({ source, text: "word ".repeat(20) })) };
  const found = async (fields) => {
    const assistant = new Assistant({ generate: () => "ok", ...fields }, { retriever, limits: { maxContextTokens: 60 } });
    return (await all(assistant.stream("?")))[0].passages.length;
  };

  assert.equal(await found({ countTokens: (text) => text.trim().split(/\s+/).length }), 2);
  assert.equal(await found({}), 1);
  await assert.rejects(found({ countTokens: () => "many" }), { code: "foreign", message: /the model failed: .*got a string/ });
});

test("an object that is no model is refused at once", () => {
  const refused = (llm, message) => assert.throws(() => new Assistant(llm), { code: "invalid", message });
  const generate = () => "ok";

  refused({}, "invalid model: expected a model with a method `generate`, got an object");
  refused("qwen", /got a string/);
  refused({ generate, name: 5 }, /invalid name: expected a string, got a number/);
  refused({ generate, contextWindow: 0 }, /invalid context window: expected a whole number from 1 on, got 0/);
});
