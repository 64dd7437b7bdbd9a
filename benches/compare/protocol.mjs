// What every engine speaks: a JSON request a line on the standard input, a JSON reply a line on the standard output.
// `xtask/src/engine/agent/request.rs` describes both.
import { createInterface } from "node:readline";

/** Answers requests with the engine's methods of the same names until the input ends. */
export async function serve(engine) {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await perform(engine, JSON.parse(line))));
  }
}

async function perform(engine, { operation, ...request }) {
  if (!(operation in engine)) return { refused: `\`${operation}\` has no counterpart in this engine` };
  try {
    return await engine[operation](request);
  } catch (error) {
    // The other side decides what a failure means.
    return { failed: String(error).replaceAll("\n", " ") };
  }
}
