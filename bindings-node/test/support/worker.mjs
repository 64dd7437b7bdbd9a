import { parentPort, workerData } from "node:worker_threads";
import { Assistant, ScriptedLlm, tool } from "rushlight";

const clock = tool({
  name: "clock",
  description: "The time",
  input: { type: "object" },
  execute: () => {
    if (workerData === "answer") return "12:00";
    parentPort.postMessage("started");
    return new Promise(() => {});
  },
});
const llm = new ScriptedLlm([{ toolCalls: [{ name: "clock" }] }, { text: "12:00" }]);
const assistant = new Assistant(llm, { tools: [clock], toolTimeoutMs: 60_000 });
parentPort.postMessage((await assistant.run("Time?")).text);
