// JRVS: a chat that has read a folder and a web site, remembers what was said, and names its sources.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Assistant, KnowledgeBase, LocalEmbedder, LocalLlm, MemorySessions } from "rushlight";

const folder = fileURLToPath(new URL("../corpus/runbooks/node", import.meta.url));
// The last one is understood by what was said before.
const questions = [
  "A RAID array is degraded. What should I do with the node?",
  "When is the maintenance window?",
  "Who has to approve work outside of it?",
];

const pages = fileURLToPath(new URL("site", import.meta.url));
const server = createServer(async (request, response) => {
  try {
    // Parsing the address leaves no `..` in its path.
    const { pathname } = new URL(request.url, "http://localhost");
    const name = pathname === "/" ? "/index.html" : pathname;
    const page = await readFile(join(pages, name));
    response.writeHead(200, { "content-type": name.endsWith(".html") ? "text/html" : "text/plain" }).end(page);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const site = `http://127.0.0.1:${server.address().port}/`;

const model = process.argv[2] ?? "Qwen2.5-Coder-0.5B-Instruct";
const temporary = await mkdtemp(join(tmpdir(), "jrvs-"));
const documents = await KnowledgeBase.open(process.argv[3] ?? temporary, await LocalEmbedder.open("all-MiniLM-L6-v2"));
const onProgress = ({ done, total }) => process.stderr.write(`\r${done}/${total} `);
const say = (what, { added, unchanged, failed }) =>
  console.log(`${what}: ${added} added, ${unchanged} unchanged, ${failed.length} failed`);
// The second time nothing has changed, and nothing is embedded again.
for (let round = 0; round < 2; round += 1) {
  say("folder", await documents.ingestDir(folder, { onProgress }));
  // Only public hosts are asked, and those that are named here.
  say("site", await documents.ingestUrl(site, { depth: 2, allowedHosts: ["127.0.0.1"], onProgress }));
}

const assistant = new Assistant(await LocalLlm.open(model), {
  instructions: "You help engineers who are on call.",
  retriever: documents,
  sessions: new MemorySessions(),
  sampling: { temperature: 0 },
  limits: { maxOutputTokens: 128 },
});
for (const question of questions) {
  console.log(`\n> ${question}`);
  for await (const event of assistant.stream(question, { session: "visitor" })) {
    if (event.type === "text") process.stdout.write(event.text);
    if (event.type === "done") {
      console.log();
      for (const { number, source } of event.citations) console.log(`[${number}] ${source}`);
    }
  }
}

const info = documents.info;
console.log(`\nstored: ${info.documents} documents, ${info.chunks} chunks, ${info.bytes} bytes`);

server.close();
await rm(temporary, { recursive: true });
