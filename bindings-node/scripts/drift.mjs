// Builds, and fails if the committed types are not what the build wrote.
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

function types() {
  const files = readdirSync(join(root, "types")).filter((name) => name.endsWith(".d.ts"));
  const paths = ["native.d.ts", ...files.map((name) => `types/${name}`)].sort();
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

const before = types();
const build = spawnSync("npm", ["run", "build"], { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
if (build.status !== 0) process.exit(build.status ?? 1);
const after = types();

const names = new Set([...before.keys(), ...after.keys()]);
const stale = [...names].filter((name) => before.get(name) !== after.get(name));
if (stale.length > 0) {
  console.error(`these types were stale and are now written anew, commit them: ${stale.join(", ")}`);
  process.exit(1);
}
