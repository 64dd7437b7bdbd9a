// Tools that ship, beside functions of one's own.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HashedEmbedder, KnowledgeBase, tools } from "rushlight";
import { all, call, plain, scripted } from "./support/index.mjs";

async function outputOf(tool, args = {}) {
  const { assistant } = scripted([call(tool.name, args), { text: "done" }], { tools: [tool] });
  const events = await all(assistant.stream("Go"));
  return events.find(({ type }) => type === "tool_output");
}

/** A folder that is removed at the end of the test. */
function folder(context) {
  const dir = mkdtempSync(join(tmpdir(), "rushlight-builtin-"));
  context.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

test("a tool tells what the model is told", () => {
  const calculate = tools.calculate();

  assert.ok(calculate instanceof tools.BuiltinTool);
  assert.equal(calculate.name, "calculate");
  assert.match(calculate.description, /arithmetic expression/);
  assert.deepEqual(calculate.parameters.required, ["expression"]);
  assert.equal(calculate.timeoutMs, undefined);
});

test("arithmetic is exact and mistakes are outputs", async () => {
  assert.equal((await outputOf(tools.calculate(), { expression: "2 ^ 100" })).content, "1267650600228229401496703205376");

  const output = await outputOf(tools.calculate(), { expression: "1 / 0" });

  assert.equal(output.status, "error");
  assert.equal(output.content, "`calculate` failed: division by zero: `1 / 0`");
});

test("a tool may be shared and stands beside functions", async () => {
  const calculate = tools.calculate();
  const own = plain("own", () => "mine");
  for (let round = 0; round < 2; round++) {
    const script = [{ toolCalls: [{ name: "calculate", arguments: { expression: "3 * 7" } }, { name: "own", arguments: {} }] }, { text: "done" }];
    const { assistant } = scripted(script, { tools: [calculate, own] });
    const outputs = (await all(assistant.stream("Go"))).filter(({ type }) => type === "tool_output");
    assert.deepEqual(outputs.map(({ content }) => content), ["21", "mine"]);
  }
});

test("the time is that of a zone", async () => {
  const said = JSON.parse((await outputOf(tools.currentTime({ zone: "Asia/Tokyo" }))).content);

  assert.equal(said.zone, "Asia/Tokyo");
  assert.match(said.time, /\+09:00$/);
  assert.throws(() => tools.currentTime({ zone: "Mars" }), { code: "invalid" });
});

test("files are read and searched below their root alone", async (context) => {
  const dir = folder(context);
  const root = join(dir, "root");
  mkdirSync(root);
  writeFileSync(join(root, "a.js"), "one\ntwo\n");
  writeFileSync(join(dir, "secret"), "hidden text");
  symlinkSync("../secret", join(root, "link"));

  assert.equal((await outputOf(tools.readFile(root), { path: "a.js", start_line: 2 })).content, "two\n[lines 2 to 2 of 2]");
  assert.equal((await outputOf(tools.readFile(root, { maxFileBytes: 3 }), { path: "a.js" })).status, "error");
  assert.equal((await outputOf(tools.readFile(root, { listFiles: 9 }), { path: "string" })).status, "invalid_arguments");
  for (const path of ["../secret", join(dir, "secret"), "link"]) {
    const output = await outputOf(tools.readFile(root), { path });
    assert.equal(output.status, "error");
    assert.doesNotMatch(output.content, /hidden text/);
  }
  assert.equal((await outputOf(tools.searchCode(root, { contextLines: 0 }), { query: "two" })).content, "a.js:2:two\n");
  assert.throws(() => tools.readFile(join(dir, "nowhere")), { code: "io" });
  assert.throws(() => tools.searchCode(root, { maxHits: 0 }), { code: "invalid" });
  assert.throws(() => tools.readFile(root, { size: 1 }), /unknown field `size`/);
  assert.throws(() => tools.readFile(5), { code: "invalid" });
});

test("only allowed commands run", async (context) => {
  const dir = folder(context);
  const echo = tools.runCommand(dir, [{ program: "echo", arguments: ["get"], more: "[a-z]+" }], { timeoutMs: 5000 });

  assert.equal((await outputOf(echo, { program: "echo", arguments: ["get", "pods"] })).content, "exit code 0\noutput:\nget pods");
  assert.match((await outputOf(echo, { program: "echo", arguments: ["delete"] })).content, /is not allowed/);
  assert.equal((await outputOf(echo, { program: "sh" })).status, "invalid_arguments");
  assert.ok(echo.timeoutMs > 5000);

  const dry = tools.runCommand(dir, [{ program: "touch", more: "[a-z]+" }], { dryRun: true });
  assert.match((await outputOf(dry, { program: "touch", arguments: ["made"] })).content, /^dry run, not started: /);
  assert.deepEqual(readdirSync(dir), []);
  assert.throws(() => tools.runCommand(dir, [{ arguments: [] }]), { code: "invalid" });
  assert.throws(() => tools.runCommand(dir, []), { code: "invalid" });
});

test("a command that takes too long is killed", async (context) => {
  const sleep = tools.runCommand(folder(context), [{ program: "sleep", arguments: ["[0-9]+"] }], { timeoutMs: 200 });

  const output = await outputOf(sleep, { program: "sleep", arguments: ["60"] });

  assert.equal(output.status, "error");
  assert.match(output.content, /did not end within 200ms and was killed/);
});

test("any retriever is a tool", async () => {
  const base = await KnowledgeBase.inMemory(new HashedEmbedder(64));
  await base.ingest([
    { source: "bees.md", title: "Bees", text: "Bees dance." },
    { source: "moon.md", text: "The moon is far." },
  ]);
  const own = { retrieve: (question, k) => base.retrieve(question, { k }) };

  for (const retriever of [base, base.retriever(), own]) {
    const tool = tools.searchKnowledge(retriever, { name: "search_bees", k: 1 });
    const output = await outputOf(tool, { query: "bees dance" });
    assert.deepEqual(JSON.parse(output.content), { passages: [{ source: "bees.md", title: "Bees", text: "Bees dance." }] });
  }
  assert.throws(() => tools.searchKnowledge({}), { code: "invalid" });
});

test("no page of this machine is fetched", async () => {
  const output = await outputOf(tools.fetchPage({ timeoutMs: 1000 }), { url: "http://127.0.0.1:1/" });

  assert.equal(output.status, "error");
  assert.match(output.content, /expected a public address or an allowed host/);
  assert.throws(() => tools.fetchPage({ hosts: ["http://example.org"] }), { code: "invalid" });
});
