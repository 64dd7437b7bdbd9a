// Packs the package and the addon of this platform, installs both into an empty folder, and runs the tests
// and the examples there: what users get, not what lies here. Build first.
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const repository = join(root, "..");
const folder = mkdtempSync(join(tmpdir(), "rushlight-node-"));
const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;

function run(command, args, cwd, env = process.env) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    env,
    encoding: "utf8",
    shell: process.platform === "win32",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (error) throw error;
  if (status !== 0) {
    process.stdout.write(stdout.slice(Math.max(0, stdout.lastIndexOf("failing tests:"))));
    throw new Error(`\`${command} ${args.join(" ")}\` failed`);
  }
  return stdout;
}

const addon = readdirSync(root).find((name) => /^rushlight\..+\.node$/.test(name));
if (addon === undefined) throw new Error("there is no addon here: run `npm run build` first");
const platform = addon.slice("rushlight.".length, -".node".length);

try {
  run("npm", ["pack", "--silent", "--pack-destination", folder], root);
  const platformPackage = join(folder, "platform");
  cpSync(join(root, "npm", platform), platformPackage, { recursive: true });
  copyFileSync(join(root, addon), join(platformPackage, addon));
  run("npm", ["pack", "--silent", "--pack-destination", folder], platformPackage);

  const clean = join(folder, "clean");
  mkdirSync(clean);
  writeFileSync(join(clean, "package.json"), JSON.stringify({ private: true }));
  const archives = readdirSync(folder).filter((name) => name.endsWith(`-${version}.tgz`));
  run("npm", ["install", "--silent", "--offline", "--no-audit", "--no-fund", ...archives.map((name) => join(folder, name))], clean);

  // Only tools of the tests come from the development folder, never rushlight itself.
  for (const name of ["zod", "typescript", "@typescript", "@types", "undici-types"]) {
    cpSync(join(root, "node_modules", name), join(clean, "node_modules", name), { recursive: true });
  }
  cpSync(join(root, "test"), join(clean, "test"), { recursive: true });
  cpSync(join(repository, "examples"), join(clean, "examples"), {
    recursive: true,
    filter: (path) => /systems.repository/.test(path) || !/(\.(rs|py|toml)|node_modules)$/.test(path),
  });
  const env = {
    RUSHLIGHT_SCENARIOS: join(repository, "tests", "scenarios"),
    RUSHLIGHT_MCP_SERVER: join(repository, "tests", "tests", "mcp", "server.py"),
    RUSHLIGHT_MODEL_FIXTURES: join(repository, "core", "models", "tests", "fixtures"),
    ...process.env,
  };
  run(process.execPath, [join(clean, "node_modules/typescript/bin/tsc"), "--project", "test/tsconfig.json"], clean);
  const tests = readdirSync(join(clean, "test")).filter((name) => name.endsWith(".test.mjs"));
  const flags = ["--expose-gc", "--test", "--test-reporter=spec"];
  const report = run(process.execPath, [...flags, ...tests.map((name) => `test/${name}`)], clean, env);
  process.stdout.write(report.slice(report.lastIndexOf("\u2139 tests")));

  /** The lines that matter of what an example prints, in their order; a star stands for anything. */
  const lines = (path) => {
    const escaped = readFileSync(join(clean, "examples", path), "utf8").trimEnd().replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(escaped.replaceAll("\\*", ".*").replaceAll("\n", ".*\n[^]*?"));
  };
  // A small model does not call tools reliably, so this example has a script to go by.
  const examples = {
    hello: [[], /\w/],
    rag: [[], /\w/],
    stream: [[], /stopped after \d+ pieces/],
    tools: [["--scripted"], /^-> track {"number":4711}\n<- parcel 4711 is in Lyon\nIt is in Lyon\.$/m],
    mcp: [[], lines("mcp.txt")],
    "systems/jrvs": [[], lines("systems/jrvs.txt")],
    "systems/rag_k8s": [[], lines("systems/rag_k8s.txt")],
    "systems/code_assistant": [[], lines("systems/code_assistant.txt")],
  };
  for (const [name, [args, expected]] of Object.entries(examples)) {
    const text = run(process.execPath, [`examples/${name}.mjs`, ...args], clean);
    if (!expected.test(text)) throw new Error(`examples/${name}.mjs said: ${text}`);
    console.log(`example ${name}: ok`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
