// Nothing but a run keeps this process alive.
import { Assistant, ScriptedLlm } from "rushlight";

const assistant = new Assistant(new ScriptedLlm([{ text: "late", delayMs: 300 }]));
assistant.run("Go").then(({ text }) => console.log(`answer: ${text}`));
