// Removes what the TypeScript build writes, so that no file of an earlier build stays behind.
import { rmSync } from "node:fs";

for (const folder of ["dist", "types"]) rmSync(new URL(`../${folder}`, import.meta.url), { recursive: true, force: true });
