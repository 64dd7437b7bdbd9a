// rag-k8s: a request becomes one kubectl command, from cards, that can only be an allowed one.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Assistant, KnowledgeBase, LocalEmbedder, LocalLlm, ScriptedLlm, tools } from "rushlight";

const here = fileURLToPath(new URL("kubectl", import.meta.url));
const requests = [
  "Which pods run in the namespace shop?",
  "Show the logs of the pod cart-58f6d",
  "Scale the deployment web to 3 replicas",
  "Delete the deployment cart",
  "Open a shell in the pod web-7d4b9c",
  "What is the capital of France?",
];
const refused = ["delete", "apply"];
const instructions = "You turn a request into one kubectl command. Names and numbers are those of the request.";
// Cards that are less similar say nothing about a request.
const near = 0.35;

const rules = JSON.parse(readFileSync(join(here, "commands.json"), "utf8"));
const usable = rules.commands.filter(({ does, command }) => does !== "session" && !refused.includes(command));
const allowed = new Map(usable.map((rule) => [rule.command, rule]));

const written = ({ command, form = "", options }) => command + form + (options ? `( (${options})){0,4}` : "");

/** What the model may write: these commands, about these names. */
function schema(commands, names) {
  const words = { ...rules.words, name: names.join("|").replaceAll(".", "\\."), namespace: "{name}" };
  let pattern = `^kubectl (${commands.map((command) => written(allowed.get(command))).join("|")})$`;
  for (let before; before !== pattern; ) {
    before = pattern;
    pattern = before.replaceAll(/\{([a-z]+)\}/g, (_, word) => `(${words[word]})`);
  }
  return { type: "object", properties: { command: { type: "string", pattern } }, required: ["command"] };
}

/** Runs kubectl by the shipped tool, which checks every argument once more; a script stands in for a model that calls it. */
async function run(args, dryRun) {
  const more = "-{0,2}[A-Za-z0-9][A-Za-z0-9._/:=,%-]*";
  const commands = [...allowed.keys()].map((command) => ({ program: kubectl, arguments: command.split(" "), more }));
  const tool = tools.runCommand(here, commands, { environment: ["HOME", "KUBECONFIG"], dryRun });
  const call = { name: tool.name, arguments: { program: kubectl, arguments: args } };
  const script = new ScriptedLlm([{ toolCalls: [call] }, { text: ["Done."] }]);
  for await (const event of new Assistant(script, { tools: [tool] }).stream("Run")) {
    if (event.type === "tool_output") return event.content;
  }
}

/** The words of a command; those in quotes lose them. */
const split = (line) => line.match(/(?:[^\s']|'[^']*')+/g).map((word) => word.replaceAll("'", ""));

async function answer(request) {
  const start = performance.now();
  const cards = await documents.retrieve(request, { k: 4, mode: "dense" });
  const [best] = cards;
  if (best.score < near) return "refused: no card is about this";
  if (!allowed.has(best.metadata.command)) return `refused: \`kubectl ${best.metadata.command}\` is not allowed`;
  const retrieved = performance.now();
  const used = cards.filter(({ metadata }) => allowed.has(metadata.command));
  const shown = used.map(({ text }) => {
    const [asked, command] = text.split("\n");
    return `- ${asked} {"command": ${JSON.stringify(command)}}`;
  });
  const planner = new Assistant(llm, {
    instructions: `${instructions}\n\nExamples of other requests:\n${shown.join("\n")}`,
    sampling: { temperature: 0 },
    limits: { maxOutputTokens: 160 },
  });
  const commands = [...new Set(used.map(({ metadata }) => metadata.command))].sort();
  const { command: plan } = await planner.extract(request, schema(commands, names));
  const planned = performance.now();
  const args = split(plan).slice(1);
  const checked = await run(args, true);
  if (!checked.startsWith("dry run")) return `refused: ${plan}: ${checked}`;
  const times = [retrieved - start, planned - retrieved, performance.now() - planned];
  const [retrieval, planning, validation] = times.map((time) => (time / 1000).toFixed(3));
  console.error(`retrieval ${retrieval} s, planning ${planning} s, validation ${validation} s`);
  const meant = [...allowed.keys()].filter((command) => `${plan} `.startsWith(`kubectl ${command} `));
  const longest = meant.reduce((one, other) => (one.length > other.length ? one : other));
  if (allowed.get(longest).does === "change" && !approved) return `plan: ${plan}\nneeds an approval: ${checked}`;
  return `plan: ${plan}\n${await run(args, false)}`;
}

const [model = "Qwen2.5-Coder-0.5B-Instruct", kubectl = join(here, "kubectl"), ...flags] = process.argv.slice(2);
const approved = flags.includes("--approve");

const documents = await KnowledgeBase.inMemory(await LocalEmbedder.open("all-MiniLM-L6-v2"));
await documents.ingestFiles([join(here, "cards.jsonl")]);
const llm = await LocalLlm.open(model);
const listed = await run(["get", "namespaces,deployments,pods", "--all-namespaces", "--output=name"], false);
// `pod/web-0` in the output of the tool
const names = [...listed.matchAll(/^[a-z.]+\/(\S+)$/gm)].map(([, name]) => name);
for (const request of requests) console.log(`\n> ${request}\n${await answer(request)}`);
