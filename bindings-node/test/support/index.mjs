import { Assistant, ScriptedLlm, tool } from "rushlight";

/** An object schema of these fields, all required. */
export const object = (properties) => ({ type: "object", properties, required: Object.keys(properties) });

const camel = (key) => key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** The same fields with the names that they have in JavaScript. */
export const camelKeys = (fields) =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [camel(key), value]));

/** An assistant that follows a script, and the model, which can tell what it was asked. */
export function scripted(turns, options = {}) {
  const llm = new ScriptedLlm(turns);
  return { llm, assistant: new Assistant(llm, options) };
}

/** A turn that asks for one tool. */
export const call = (name, args = {}) => ({ toolCalls: [{ name, arguments: args }] });

/** A tool without arguments. */
export const plain = (name, execute) => tool({ name, description: "A tool", input: object({}), execute });

/** All events of a stream. */
export async function all(events) {
  const found = [];
  for await (const event of events) found.push(event);
  return found;
}

/** Ends when `condition` holds; fails after five seconds. */
export async function until(condition, what = String(condition)) {
  for (const end = Date.now() + 5000; !(await condition()); ) {
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await sleep(5);
  }
}

/** The share of the time of `work` in which the event loop was not free, from 0 to 1. */
export async function busyShare(work) {
  const before = performance.eventLoopUtilization();
  await work();
  return performance.eventLoopUtilization(before).utilization;
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
