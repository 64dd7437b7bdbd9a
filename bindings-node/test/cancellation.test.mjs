import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { AbortError, HashedEmbedder, KnowledgeBase, RushlightError } from "rushlight";
import { all, call, plain, scripted, sleep, until } from "./support/index.mjs";

/** A script that would take a minute. */
const endless = () => [{ text: Array.from({ length: 3000 }, (_, index) => `${index} `), delayMs: 20 }];

/** The model is read no more: its count stands still. */
async function assertStopped(llm) {
  await sleep(60);
  const deltas = llm.deltas();
  await sleep(150);
  assert.equal(llm.deltas(), deltas, "somebody still reads the model");
}

test("leaving the loop stops the model", async () => {
  const { llm, assistant } = scripted(endless());

  for await (const event of assistant.stream("Go")) if (event.type === "text") break;

  await assertStopped(llm);
});

test("a throw in the loop stops the model", async () => {
  const { llm, assistant } = scripted(endless());

  await assert.rejects(async () => {
    for await (const _ of assistant.stream("Go")) throw new TypeError("mine");
  }, TypeError);

  await assertStopped(llm);
});

test("aborting a run rejects it and stops the model", async () => {
  const { llm, assistant } = scripted(endless());
  const controller = new AbortController();
  const run = assistant.run("Go", { signal: controller.signal });
  await until(() => llm.deltas() > 0);

  const reason = new Error("enough");
  controller.abort(reason);

  await assert.rejects(run, (error) => {
    assert.ok(error instanceof AbortError && error instanceof RushlightError);
    assert.equal(error.name, "AbortError");
    assert.equal(error.code, "cancelled");
    assert.equal(error.cause, reason);
    return true;
  });
  await assertStopped(llm);
});

test("aborting a stream rejects the next event and stops the model", async () => {
  const { llm, assistant } = scripted(endless());
  const controller = new AbortController();
  let seen = 0;

  await assert.rejects(async () => {
    for await (const _ of assistant.stream("Go", { signal: controller.signal })) {
      if (++seen === 3) controller.abort();
    }
  }, AbortError);

  assert.equal(seen, 3);
  await assertStopped(llm);
});

test("a signal that was aborted before is noticed, and nothing starts", async () => {
  const { llm, assistant } = scripted(endless());
  const signal = AbortSignal.abort();

  await assert.rejects(assistant.run("Go", { signal }), AbortError);
  assert.throws(() => assistant.stream("Go", { signal }), AbortError);
  await assert.rejects(KnowledgeBase.inMemory(new HashedEmbedder(8), { signal }), AbortError);

  assert.equal(llm.prompts().length, 0);
});

test("a timeout signal works, and its reason is the cause", async () => {
  const { assistant } = scripted(endless());

  await assert.rejects(assistant.run("Go", { signal: AbortSignal.timeout(30) }), (error) => {
    return error instanceof AbortError && error.cause.name === "TimeoutError";
  });
});

test("one signal stops several runs, and the user's own handlers stay", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let own = 0;
  signal.onabort = () => (own += 1);
  signal.addEventListener("abort", () => (own += 10));
  const first = scripted(endless()).assistant.run("Go", { signal });
  const second = scripted(endless()).assistant.run("Go", { signal });
  setTimeout(() => controller.abort(), 20);

  const outcomes = await Promise.allSettled([first, second]);

  assert.deepEqual(outcomes.map(({ reason }) => reason.name), ["AbortError", "AbortError"]);
  assert.equal(own, 11);
});

test("a long-lived signal keeps no listener of a run that is over", async () => {
  const { signal } = new AbortController();
  const turns = Array.from({ length: 20 }, () => ({ text: "hi" }));
  const { assistant } = scripted(turns);

  for (let index = 0; index < 5; index++) {
    await assistant.run("Go", { signal });
    await all(assistant.stream("Go", { signal }));
    await assistant.stream("Go", { signal }).result;
    for await (const _ of assistant.stream("Go", { signal })) break;
  }

  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("a tool is told when its run is stopped", async () => {
  let signal;
  const wait = plain("wait", (_, context) => {
    signal = context.signal;
    return new Promise(() => {});
  });
  const { assistant } = scripted([call("wait"), { text: "done" }], { tools: [wait] });
  const controller = new AbortController();
  const run = assistant.run("Go", { signal: controller.signal });
  await until(() => signal !== undefined);

  controller.abort();

  await assert.rejects(run, AbortError);
  await until(() => signal.aborted);
});

test("leaving a stream stops what runs for it", async () => {
  let signal;
  const wait = plain("wait", (_, context) => {
    signal = context.signal;
    return new Promise(() => {});
  });
  const { assistant } = scripted([call("wait"), { text: "done" }], { tools: [wait] });
  const events = assistant.stream("Go");
  assert.equal((await events.next()).value.type, "tool_call");
  const pending = events.next();
  await until(() => signal !== undefined);

  await events.return();

  await until(() => signal.aborted);
  assert.deepEqual(await pending, { done: true, value: undefined });
});

test("closing the assistant during a run stops it, and later runs are refused", async () => {
  const { llm, assistant } = scripted(endless());
  const run = assistant.run("Go");
  const events = assistant.stream("Go");
  const rejected = assert.rejects(run, AbortError);
  await until(() => llm.deltas() > 0);

  await assistant[Symbol.asyncDispose]();

  await rejected;
  await assert.rejects(all(events), AbortError);
  await assert.rejects(assistant.run("Go"), { code: "stopped" });
  assert.throws(() => assistant.stream("Go"), { code: "stopped" });
  await assertStopped(llm);
});

test("a stream that is disposed of stops the model", async () => {
  const { llm, assistant } = scripted(endless());
  const events = assistant.stream("Go");
  await events.next();

  await events[Symbol.asyncDispose]();

  assert.deepEqual(await events.next(), { done: true, value: undefined });
  await assert.rejects(events.result, AbortError);
  await assertStopped(llm);
});

test("a stream that is stopped before its first event never asks the model", async () => {
  const { llm, assistant } = scripted(endless());

  await assistant.stream("Go").return();

  await sleep(30);
  assert.equal(llm.prompts().length, 0);
});

test("a stream that nobody holds any more stops the model", async () => {
  const { llm, assistant } = scripted(endless());
  await (async () => {
    await assistant.stream("Go").next();
  })();

  await until(async () => {
    globalThis.gc();
    const before = llm.deltas();
    await sleep(100);
    return llm.deltas() === before;
  }, "the collected stream to stop");
});
