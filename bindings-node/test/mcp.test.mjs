// Tools of a server that the official library runs. `cargo xtask test --only mcp` installs it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Assistant, McpServer, McpTools, ScriptedLlm, tool } from "rushlight";
import { all, call, scripted } from "./support/index.mjs";

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const python = process.env.RUSHLIGHT_MCP_PYTHON ?? path("target/mcp/bin/python");
const script = process.env.RUSHLIGHT_MCP_SERVER ?? path("tests/tests/mcp/server.py");
const server = { command: python, args: [script] };
assert.ok(existsSync(python), `\`${python}\` is missing: run \`cargo xtask test --only mcp\``);

const double = tool({
  name: "double",
  description: "Doubles",
  input: { type: "object", properties: { number: { type: "integer" } }, required: ["number"] },
  execute: ({ number }) => 2 * number,
});

async function outputOf(tools, name, args) {
  const { assistant } = scripted([call(name, args), { text: "done" }], { tools });
  return (await all(assistant.stream("Go"))).find(({ type }) => type === "tool_output");
}

test("a program and functions are tools of one assistant", async () => {
  const tools = await McpTools.connect(server);

  assert.deepEqual(tools.names, ["add", "greet", "fail"]);
  assert.deepEqual(tools.refused, []);
  assert.equal(tools.protocolVersion, "2026-07-28");
  assert.equal((await outputOf([double, tools], "add", { a: 1, b: 2 })).content, "3");
  assert.equal((await outputOf([double, tools], "double", { number: 4 })).content, "8");
  assert.equal((await outputOf([tools], "add", { a: "one" })).status, "invalid_arguments");
  assert.equal((await outputOf([tools], "fail", {})).status, "error");

  await tools.close();

  assert.equal((await outputOf([tools], "add", { a: 1, b: 2 })).status, "error");
});

test("a server is spoken to over HTTP", async (context) => {
  const running = spawn(python, [script, "http"], { stdio: ["ignore", "pipe", "ignore"] });
  context.after(() => running.kill());
  const [url] = await once(createInterface({ input: running.stdout }), "line");

  const tools = await connected({ url, headers: { "X-Who": "test" } });

  assert.equal((await outputOf([tools], "add", { a: 1, b: 2 })).content, "3");
  await tools.close();
});

/** The server says where it is before it listens there. */
async function connected(endpoint) {
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      return await McpTools.connect(endpoint);
    } catch (error) {
      if (error.code !== "foreign") throw error;
      await sleep(100);
    }
  }
  return McpTools.connect(endpoint);
}

test("options choose and name tools", async () => {
  const tools = await McpTools.connect(server, { prefix: "sums_", allow: ["add"], policy: { dryRun: true } });

  assert.deepEqual(tools.names, ["sums_add"]);
  assert.equal((await outputOf([tools], "sums_add", { a: 1, b: 2 })).status, "dry_run");
  await tools.close();
  await assert.rejects(McpTools.connect(server, { allow: ["subtract"] }), { code: "unknown", message: /subtract/ });
});

test("two servers need different names", async () => {
  const [one, other] = await Promise.all([McpTools.connect(server), McpTools.connect(server)]);

  assert.throws(() => new Assistant(new ScriptedLlm([]), { tools: [one, other] }), /got `add` twice/);
  await Promise.all([one.close(), other.close()]);
});

test("connecting can be stopped", async () => {
  const signal = AbortSignal.timeout(100);

  await assert.rejects(McpTools.connect({ command: "sleep", args: ["60"] }, { signal }), { name: "AbortError" });
});

test("mistakes are named", async () => {
  const silent = { command: "sleep", args: ["60"] };
  await assert.rejects(McpTools.connect({ command: "no-such-program" }), { code: "io", message: /no-such-program/ });
  await assert.rejects(McpTools.connect(silent, { connectTimeoutMs: 200 }), { code: "timeout" });
  await assert.rejects(McpTools.connect({ command: "true" }), { code: "foreign" });
  await assert.rejects(McpTools.connect({ program: "python3" }), { code: "invalid", message: /`command`.*`url`/ });
  await assert.rejects(McpTools.connect("python3"), { code: "invalid", message: /`command` or `url`/ });
  await assert.rejects(McpTools.connect(server, { retry: 1 }), { code: "invalid", message: /unknown field `retry`/ });
});

test("our server offers functions and an assistant", async () => {
  const script = [{ toolCalls: [{ name: "double", arguments: { number: 4 } }] }, { text: "Eight." }];
  const agent = new Assistant(new ScriptedLlm(script), { tools: [double] });
  const server = await new McpServer("numbers", { tools: [double], agent }).serveHttp({ token: "secret" });
  const endpoint = { url: server.url, headers: { Authorization: "Bearer secret" } };

  const tools = await McpTools.connect(endpoint);
  assert.deepEqual(tools.names, ["double", "ask"]);
  assert.equal((await outputOf([tools], "double", { number: 4 })).content, "8");
  assert.equal((await outputOf([tools], "ask", { question: "What is 4 doubled?" })).content, "Eight.");
  await tools.close();
  await assert.rejects(McpTools.connect({ url: server.url }), { code: "foreign" });

  await server.close();
  await assert.rejects(McpTools.connect(endpoint), { code: "foreign" });
});

test("a server listens also when nobody holds it", async (context) => {
  const program = `
    import { McpServer } from "rushlight";
    const { url } = await new McpServer("alone").serveHttp();
    setTimeout(() => (gc(), setTimeout(() => console.log(url))));
  `;
  const args = ["--expose-gc", "--input-type=module", "--eval", program];
  const running = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  context.after(() => running.kill());
  const [url] = await once(createInterface({ input: running.stdout }), "line");

  const tools = await McpTools.connect({ url });

  assert.deepEqual(tools.names, []);
  await tools.close();
});

test("a call that nobody waits for is stopped", async () => {
  let stopped;
  const over = new Promise((resolve) => (stopped = resolve));
  const execute = (_, { signal }) => {
    signal.addEventListener("abort", stopped);
    return over;
  };
  const wait = tool({ name: "wait", description: "Waits", input: { type: "object" }, execute });
  const server = await new McpServer("waiting", { tools: [wait], toolTimeoutMs: 60_000 }).serveHttp();
  const tools = await McpTools.connect({ url: server.url }, { policy: { timeoutMs: 200 } });

  assert.equal((await outputOf([tools], "wait", {})).status, "timeout");
  await over;

  await tools.close();
  await server.close();
});

test("a program is served over its streams", async () => {
  const program = `
    import { McpServer, tool } from "rushlight";
    const input = { type: "object", properties: { number: { type: "integer" } } };
    const triple = tool({ name: "triple", description: "Triples", input, execute: ({ number }) => 3 * number });
    await new McpServer("numbers", { tools: [triple] }).serveStdio();
  `;
  const args = ["--input-type=module", "--eval", program];
  const tools = await McpTools.connect({ command: process.execPath, args });

  assert.equal((await outputOf([tools], "triple", { number: 4 })).content, "12");
  await tools.close();
});

test("what cannot be served is refused", async () => {
  const empty = new McpServer("numbers");

  await assert.rejects(empty.serveHttp({ address: "localhost" }), { code: "invalid", message: /an address and a port/ });
  await assert.rejects(empty.serveHttp({ address: "0.0.0.0:0" }), { code: "invalid", message: /expected a token/ });
  assert.throws(() => new McpServer("numbers", { agent: {} }), { code: "invalid", message: /expected an assistant or a router/ });
  assert.throws(() => new McpServer("numbers", { port: 1 }), { code: "invalid", message: /unknown field `port`/ });
});
