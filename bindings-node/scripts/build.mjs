// Builds the addon for this machine and writes its loader and its types.
//
// `napi build` always compiles for an explicit target, in a folder of its own, and so compiles everything a
// second time. Here cargo builds as for the rest of the workspace. Arguments are passed on to cargo:
// `node scripts/build.mjs --release`.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateTypeDef, parseTriple, readNapiConfig, writeJsBinding } from "@napi-rs/cli";

const root = fileURLToPath(new URL("..", import.meta.url));
const { binaryName, packageName, packageJson } = await readNapiConfig(join(root, "package.json"));

function output(command, args, env = process.env) {
  const run = spawnSync(command, args, {
    cwd: root,
    env,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (run.error) throw run.error;
  if (run.status !== 0) process.exit(run.status ?? 1);
  return run.stdout;
}

const { target_directory: target } = JSON.parse(output("cargo", ["metadata", "--no-deps", "--format-version", "1"]));
const typeFolder = join(target, "napi-types");
mkdirSync(typeFolder, { recursive: true });

// napi-derive writes what it saw into this folder while it compiles; a crate that is fresh writes nothing.
const env = { ...process.env, NAPI_TYPE_DEF_TMP_FOLDER: typeFolder };
if (!existsSync(join(typeFolder, "rushlight-node"))) env.NAPI_FORCE_BUILD_RUSHLIGHT_NODE = String(Date.now());
const cargo = ["build", "--package", "rushlight-node", "--message-format", "json-render-diagnostics"];
const library = output("cargo", [...cargo, ...process.argv.slice(2)], env)
  .split("\n")
  .filter((line) => line.startsWith("{"))
  .map((line) => JSON.parse(line))
  .findLast(({ reason, target }) => reason === "compiler-artifact" && target.name === "rushlight_node")
  .filenames.find((file) => /\.(so|dylib|dll)$/.test(file));

const host = /^host: (.+)$/m.exec(output("rustc", ["--version", "--verbose"]))[1];
const addon = join(root, `${binaryName}.${parseTriple(host).platformArchABI}.node`);
// A copy under another name first: a process that has the old addon loaded keeps it.
copyFileSync(library, `${addon}.new`);
rmSync(addon, { force: true });
renameSync(`${addon}.new`, addon);

const { exports, dts } = await generateTypeDef({ typeDefDir: typeFolder, cwd: root });
writeFileSync(join(root, "native.d.ts"), dts);
await writeJsBinding({
  platform: true,
  idents: exports,
  jsBinding: "native.js",
  binaryName,
  packageName,
  version: packageJson.version,
  outputDir: root,
});
