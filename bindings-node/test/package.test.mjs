import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import * as imported from "rushlight";

test("import and require give the same things", () => {
  const required = createRequire(import.meta.url)("rushlight");

  const names = Object.keys(required).filter((name) => name !== "__esModule");
  assert.deepEqual(names.sort(), Object.keys(imported).filter((name) => !["__esModule", "default", "module.exports"].includes(name)).sort());
  for (const name of names) assert.equal(imported[name], required[name]);
});

test("every error kind of the core is a code that the types know", async () => {
  const require = createRequire(import.meta.url);
  const { readFileSync } = await import("node:fs");
  const { dirname, join } = await import("node:path");
  const root = dirname(require.resolve("rushlight/package.json"));
  const [, union] = /type ErrorCode = ([^;]+);/.exec(readFileSync(join(root, "types/error.d.ts"), "utf8"));

  const codes = union.split("|").map((part) => part.trim().replaceAll('"', ""));
  assert.deepEqual(codes.sort(), require(join(root, "native.js")).errorCodes().sort());
});
