// Answers from documents and says which passages the answer rests on.
import { Assistant, KnowledgeBase, LocalEmbedder, LocalLlm } from "rushlight";

const model = process.argv[2] ?? "SmolLM2-135M-Instruct";
const documents = await KnowledgeBase.inMemory(await LocalEmbedder.open("all-MiniLM-L6-v2"));
await documents.ingest([
  { source: "leave.md", title: "Leave", text: "Every employee has 28 days of leave a year." },
  { source: "travel.md", title: "Travel", text: "Trains are booked in second class, through the office." },
]);
const assistant = new Assistant(await LocalLlm.open(model), { retriever: documents, limits: { maxOutputTokens: 64 } });

const answer = await assistant.run("How many days of leave do I have?");

console.log(answer.text);
for (const { number, source } of answer.citations) console.log(`[${number}] ${source}`);
