// What the addon does to the process around it: the event loop, its end, workers, the heap.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { tool } from "rushlight";
import { all, busyShare, object, scripted } from "./support/index.mjs";

const program = (name) => fileURLToPath(new URL(`./support/${name}.mjs`, import.meta.url));

/** Runs a program to its natural end; its text and how long it took. */
function ended(name, milliseconds) {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    const child = spawn(process.execPath, [program(name)], { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
    const killer = setTimeout(() => child.kill("SIGKILL"), milliseconds);
    child.on("close", (code, signal) => {
      clearTimeout(killer);
      if (code === 0) resolve({ text, took: Date.now() - started });
      else reject(new Error(`${name} ended with ${code ?? signal}: ${text}`));
    });
  });
}

test("a process with live agents, tools and streams ends by itself", async () => {
  const { text } = await ended("idle", 20_000);

  assert.match(text, /idle/);
});

test("a process does not end while a run is active", async () => {
  const { text } = await ended("active", 20_000);

  assert.match(text, /answer: late/);
});

test("the event loop turns while the library works", async () => {
  const text = Array.from({ length: 40 }, () => "word ");
  const { assistant } = scripted([{ text, delayMs: 5 }]);

  const share = await busyShare(() => assistant.run("Go"));

  assert.ok(share < 0.5, `the event loop was busy for ${(100 * share).toFixed(0)} % of the run`);
});

test("runs go on when the assistant and everything around them is collected", async () => {
  const text = ["a", "b", "c", "d", "e"];
  const run = scripted([{ text, delayMs: 20 }]).assistant.run("Go");
  const events = scripted([{ text, delayMs: 20 }]).assistant.stream("Go");
  const collector = setInterval(globalThis.gc, 1);

  assert.equal((await run).text, "abcde");
  assert.equal((await all(events)).at(-1).text, "abcde");

  clearInterval(collector);
});

test("workers use the library at the same time, and may be ended during a run", async () => {
  const worker = (mode) => new Worker(program("worker"), { workerData: mode });
  const message = (from) => new Promise((resolve, reject) => from.once("message", resolve).once("error", reject));
  const [first, second, endless] = [worker("answer"), worker("answer"), worker("endless")];

  assert.deepEqual(await Promise.all([message(first), message(second), message(endless)]), ["12:00", "12:00", "started"]);
  await endless.terminate();

  assert.equal((await scripted([{ text: "alive" }]).assistant.run("Go")).text, "alive");
});

test("ten thousand callbacks leave nothing behind", async () => {
  const [warm, measured, calls, times] = [20, 100, 100, 3];
  let ran = 0;
  const input = object({ number: { type: "integer" } });
  const tick = tool({ name: "tick", description: "Counts", input, execute: (_, { signal }) => `${++ran} ${signal.aborted}` });
  const toolCalls = Array.from({ length: calls }, (_, number) => ({ name: "tick", arguments: { number } }));
  const round = [{ toolCalls }, { text: "done" }];
  const { assistant } = scripted(Array.from({ length: warm + times * measured }, () => round).flat(), {
    tools: [tick],
    limits: { maxToolCalls: calls },
  });
  const run = async (rounds) => {
    for (let index = 0; index < rounds; index++) {
      assert.equal((await assistant.run("Go")).report.toolCalls, calls);
    }
    for (let index = 0; index < 5; index++) {
      globalThis.gc();
      await new Promise(setImmediate);
    }
    return process.memoryUsage().heapUsed;
  };

  const sizes = [await run(warm)];
  for (let index = 0; index < times; index++) sizes.push(await run(measured));

  assert.equal(ran, (warm + times * measured) * calls);
  // A leak grows each time; what the collector and the compiler do, does not.
  const grown = sizes.slice(1).map((size, index) => size - sizes[index]);
  assert.ok(Math.min(...grown) < 128 << 10, `the heap grew by ${grown} bytes, each in ${measured * calls} callbacks`);
});
