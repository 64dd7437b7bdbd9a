// NeuroNetes: a code assistant that searches and reads a repository in sight, and names its sources.
//
// `code_assistant.json` holds the limits of its tools. A large model needs no more: one assistant with both tools and the
// documents. One of half a billion parameters calls a tool well where there is one, with a name of the question or a path from
// a list; it neither chooses among tools nor goes from a hit to the file. So a router gives each question to the agent of one
// step.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Assistant, KnowledgeBase, LocalEmbedder, LocalLlm, Router, tools } from "rushlight";

const samples = [
  "Where is the class SecureCookieSessionInterface defined?",
  "Which hash function signs the session cookie?",
  "Read lines 44 to 54 of src/flask/logging.py: what is the format of a message?",
];
const spec = JSON.parse(readFileSync(new URL("code_assistant.json", import.meta.url), "utf8"));

const [model = "Qwen2.5-Coder-0.5B-Instruct", asked, ...further] = process.argv.slice(2);
const folder = asked ?? fileURLToPath(new URL("repository", import.meta.url));
const questions = further.length > 0 ? further : samples;

const documents = await KnowledgeBase.inMemory(await LocalEmbedder.open("all-MiniLM-L6-v2"));
const { added } = await documents.ingestDir(folder);
console.log(`${added} files, ${documents.chunks} passages`);
const llm = await LocalLlm.open(model);

function agent(profile, { tool, retriever } = {}) {
  const used = tool ? [tool] : [];
  const policies = Object.fromEntries(used.map(({ name }) => [name, spec.tools[name]]));
  return Assistant.fromSpec({ ...spec, tools: policies }, { profile, llm, tools: used, retriever });
}

const assistant = new Router({
  routes: [
    {
      name: "read",
      description: "What a file says",
      agent: await agent("read", { tool: tools.readFile(folder, { listFiles: 200 }) }),
      patterns: [String.raw`\w/\w+\.\w+`],
    },
    {
      name: "find",
      description: "Places in the code",
      agent: await agent("find", { tool: tools.searchCode(folder, { contextLines: 0 }) }),
      words: ["where", "which file", "who calls", "uses"],
    },
  ],
  fallback: { name: "explain", description: "Everything else", agent: await agent("explain", { retriever: documents }) },
});

for (const question of questions) {
  console.log(`\n> ${question}`);
  // An agent that has a tool calls it, however unlikely the model finds that.
  const options = { session: "developer", scopes: ["read:code", "read:files"], callThreshold: 0, parallelCalls: false };
  for await (const event of assistant.stream(question, options)) {
    if (event.type === "routed") console.log(`${event.to}:`);
    if (event.type === "retrieved") {
      for (const { title, headings } of event.passages) console.log(`  ${[title, ...headings].join(" › ")}`);
    }
    if (event.type === "tool_call") console.log(`  ${event.name} ${JSON.stringify(event.arguments)}`);
    if (event.type === "tool_output") {
      for (const line of event.content.trimEnd().split("\n").slice(0, 5)) console.log(`    ${line}`);
    }
    if (event.type === "text") process.stdout.write(event.text);
    if (event.type === "done") {
      console.log();
      for (const { number, source } of event.citations) console.log(`[${number}] ${source}`);
    }
  }
}
