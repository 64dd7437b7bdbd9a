import * as native from "../native.js";
import { Agent } from "./agent.js";
import { MemoryCache } from "./cache.js";
import { Tool, method, policyToJson, type Approver, type Decision } from "./callback.js";
import { fromJson, optionsToJson } from "./convert.js";
import { invalid, kind, part, text } from "./error.js";
import { LocalLlm, ScriptedLlm, nativeLlm, type Prompt } from "./llm.js";
import { McpTools } from "./mcp.js";
import { cacheMethods, retrieverMethods, type Cache, type Llm, type Retriever } from "./own.js";
import { KnowledgeBase } from "./retrieval.js";
import { KnowledgeRetriever } from "./retriever.js";
import { abortable, now, type Abortable } from "./runtime.js";
import { MemorySessions } from "./session.js";
import { BuiltinTool } from "./tools.js";

/** How the next token is chosen. */
export interface Sampling {
  /** 0 always takes the likeliest token. From 0 to 2, default 0.3. */
  temperature?: number;
  /** Keeps only the k likeliest tokens; 0 keeps all. Default 40. */
  topK?: number;
  /** Keeps the likeliest tokens whose probabilities sum to this. Above 0 up to 1, default 0.95. */
  topP?: number;
  /** Drops tokens less likely than this share of the likeliest one. From 0 to 1, default 0.05. */
  minP?: number;
  /** Weakens recent tokens. From 1 to 2, default 1: off. */
  repetitionPenalty?: number;
  /** The same seed repeats an answer. Default: drawn anew each time. */
  seed?: number;
}

/** What one run may spend. */
export interface Limits {
  /** Generations. Default 8. */
  maxTurns?: number;
  /** Tool calls that are run. Default 16. */
  maxToolCalls?: number;
  /** Tokens of one generation. Default 4 096. */
  maxOutputTokens?: number;
  /** Tokens of retrieved passages in the prompt. Default 1 200. */
  maxContextTokens?: number;
  /** Passages that are retrieved. Default 4. */
  maxPassages?: number;
  /** Wall time of the whole run. Default 10 minutes. */
  deadlineMs?: number;
}

/** The parts of an {@link Assistant}. */
export interface AssistantOptions {
  /** What the model is told about its task. */
  instructions?: string;
  /** Functions that the model may call, tools that ship, and the tools of servers. */
  tools?: readonly (Tool | BuiltinTool | McpTools)[];
  /** How long a tool may run before it is stopped, if it has no `timeoutMs` of its own. Default 5 seconds. */
  toolTimeoutMs?: number;
  /** Decides about calls of tools with `approve`; without one they do not run. */
  approver?: Approver;
  /** Where passages come from: documents, searched plainly or in stages, or an object of your own. */
  retriever?: KnowledgeBase | KnowledgeRetriever | Retriever;
  /** Agents to which the model may hand the conversation over; they go on with what was said before, and give the answer. */
  handOffs?: readonly HandOff[];
  /** Where answers are kept: in memory, or in an object of your own. */
  cache?: MemoryCache | Cache;
  /** Keeps answers that needed tools, too. Default false: a tool may have an effect, or another value next time. */
  cacheToolAnswers?: boolean;
  /** Where conversations are kept. */
  sessions?: MemorySessions;
  sampling?: Sampling;
  limits?: Limits;
  /**
   * A file, replaced if it is there, that keeps everything that runs are told by model, tools, retriever, cache and
   * sessions, as it is: {@link Assistant.replay} gives the same events again.
   */
  record?: string;
}

/** An agent to which an assistant may hand the conversation over. */
export interface HandOff {
  /** The model sees it in the tool `transfer_to_NAME`, and {@link Answer.answeredBy} says it. */
  readonly name: string;
  /** When to hand over, written for the model. */
  readonly description: string;
  /** Who goes on. */
  readonly assistant: Agent;
}

/** An agent: model, documents, tools, cache and memory behind one question. */
export class Assistant extends Agent {
  /** An assistant of a model: one of this package, or an object of your own. */
  constructor(llm: LocalLlm | ScriptedLlm | Llm, options?: AssistantOptions);
  /** @internal */
  constructor(replayed: native.Agent);
  constructor(llm: LocalLlm | ScriptedLlm | Llm | native.Agent, options: AssistantOptions = {}) {
    super(llm instanceof native.Agent ? llm : now(() => build(nativeLlm(llm), options)));
  }

  /**
   * The assistant of a journal that `record` made: the same runs give the same events, without model, tools or network. A
   * run that asks for something else than the recorded one did is rejected with the code `diverged`; a journal that is
   * cut or damaged is refused with `corrupt` and the line.
   */
  static replay(path: string): Assistant {
    return new Assistant(now(() => native.Agent.replay(text("path", path))));
  }

  /** Forgets what the `cache` of a tool keeps, also of calls that still run. */
  forgetResults(tool: string): void {
    now(() => this.native.forgetResults(text("tool", tool)));
  }

  /** What the prompts of all runs begin with, instructions and tools: for {@link LocalLlm.savePrefix}. */
  beginning(): Prompt {
    return fromJson(now(() => this.native.beginning()));
  }

  /** Lets the model compute instructions and tools now, so that the first run need not. */
  async warmUp(options: Abortable = {}): Promise<void> {
    return abortable(options.signal, (cancellation) => this.native.warmUp(cancellation));
  }
}

const optionNames = [
  "instructions",
  "tools",
  "toolTimeoutMs",
  "approver",
  "retriever",
  "cache",
  "handOffs",
  "cacheToolAnswers",
  "sessions",
  "sampling",
  "limits",
  "record",
] satisfies (keyof AssistantOptions)[];

function build(llm: native.Llm, options: AssistantOptions): native.Agent {
  const { instructions, tools, toolTimeoutMs, approver, retriever, cache, ...more } = options;
  const { handOffs, cacheToolAnswers, sessions, sampling, limits, record, ...unknown } = more;
  const [strange] = Object.keys(unknown);
  if (strange !== undefined) {
    throw invalid("options", `unknown option \`${strange}\`, expected one of \`${optionNames.join("`, `")}\``);
  }
  const builder = new native.AssistantBuilder(llm);
  if (instructions !== undefined) builder.instructions(text("instructions", instructions));
  if (toolTimeoutMs !== undefined) builder.toolTimeout(toolTimeoutMs);
  if (approver !== undefined) builder.approver(decisions(approver));
  for (const tool of tools ?? []) addTool(builder, tool);
  if (retriever instanceof KnowledgeBase) builder.retriever(retriever.native);
  else if (retriever instanceof KnowledgeRetriever) builder.knowledgeRetriever(retriever.base, retriever.native);
  else if (retriever !== undefined) builder.ownRetriever(...retrieverMethods(retriever));
  if (cache instanceof MemoryCache) builder.cache(cache.native);
  else if (cache !== undefined) builder.ownCache(...cacheMethods(cache));
  for (const { name, description, assistant } of handOffs ?? []) {
    builder.handOffTo(text("hand-off", name), text("hand-off", description), part("hand-off", assistant, Agent).native);
  }
  if (cacheToolAnswers === true) builder.cacheToolAnswers();
  if (sessions !== undefined) builder.sessions(part("sessions", sessions, MemorySessions).native);
  if (sampling !== undefined) builder.sampling(optionsToJson("sampling", sampling));
  if (limits !== undefined) builder.limits(optionsToJson("limits", limits));
  if (record !== undefined) builder.record(text("record", record));
  return builder.build();
}

/** @internal */
export function addTool(builder: native.AssistantBuilder, tool: Tool | BuiltinTool | McpTools): void {
  if (tool instanceof BuiltinTool) return builder.builtinTool(tool.native);
  if (tool instanceof McpTools) return builder.mcpTools(tool.native);
  const { name, description, parameters, policy } = part("tool", tool, Tool);
  builder.tool(name, description, JSON.stringify(parameters), policyToJson(name, policy), tool.native());
}

/** @internal */
export function decisions(approver: Approver): native.Method {
  if (typeof approver !== "function") throw invalid("approver", `expected a function, got ${kind(approver)}`);
  return method(async (call, context) => {
    const said: Decision | undefined = await approver(JSON.parse(call), context);
    if (said === undefined) throw invalid("decision", "expected true, false, a reason as a string or null, got undefined");
    return JSON.stringify(said);
  });
}
