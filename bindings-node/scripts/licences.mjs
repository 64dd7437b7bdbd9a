// Puts the licences of the repository beside each package.json, where npm packs them from.
import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const platforms = readdirSync(join(root, "npm")).map((name) => join(root, "npm", name));
for (const folder of [root, ...platforms]) {
  for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) copyFileSync(join(root, "..", name), join(folder, name));
}
