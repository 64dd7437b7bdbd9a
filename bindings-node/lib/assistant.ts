import * as native from "../native.js";
import { Agent } from "./agent.js";
import { MemoryCache } from "./cache.js";
import { Tool, methodOfRun, type ApprovalRequest, type Approver, type Decision } from "./callback.js";
import { fromJson, optionsToJson, toPlainJson } from "./convert.js";
import { checkNames, invalid, kind, part, text } from "./error.js";
import { LocalLlm, ScriptedLlm, nativeLlm, type Prompt } from "./llm.js";
import { McpTools } from "./mcp.js";
import { ToolMetrics } from "./metrics.js";
import { cacheMethods, retrieverMethods, type Cache, type Llm, type Retriever } from "./own.js";
import type { RemoteLlm } from "./remote_llm.js";
import { KnowledgeBase } from "./retrieval.js";
import { KnowledgeRetriever } from "./retriever.js";
import { abortable, now, type Abortable } from "./runtime.js";
import { MemorySessions } from "./session.js";
import type { AgentSpec } from "./spec.js";
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

/** What a million tokens cost, in whatever currency you have in mind. */
export interface Prices {
  /** Tokens of prompts. */
  input: number;
  /** Tokens that are generated. */
  output: number;
  /** Those tokens of prompts that are taken from a cache. Default: as the others. */
  cachedInput?: number;
}

/** What one run may spend. When a limit is reached the model gives its last answer, without tools. */
export interface Limits {
  /** Generations. Default 8. */
  maxTurns?: number;
  /** Tool calls that are run. Default 16. */
  maxToolCalls?: number;
  /** Tokens of one generation. Default 4 096. */
  maxOutputTokens?: number;
  /** Tokens of all generations together, their prompts included. The last answer may come on top. Default: any number. */
  maxTokens?: number;
  /** What these tokens may cost by the `prices`. The last answer may come on top. Default: any amount. */
  maxCost?: number;
  /** What a million tokens cost. Default: unknown. */
  prices?: Prices;
  /** Tokens of retrieved passages in the prompt. Default 1 200. */
  maxContextTokens?: number;
  /** Passages that are retrieved. Default 4. */
  maxPassages?: number;
  /** Wall time of the whole run. Default 10 minutes. */
  deadlineMs?: number;
}

/** The parts of an {@link Assistant} that are code. */
export interface AssistantParts {
  /** Functions that the model may call, tools that ship, and the tools of servers. */
  tools?: readonly (Tool | BuiltinTool | McpTools)[];
  /** How long a tool may run before it is stopped, if it has no `timeoutMs` of its own. Default 5 seconds. */
  toolTimeoutMs?: number;
  /** Decides about calls of tools with `approve`; without one they do not run. */
  approver?: Approver;
  /** Where tool calls are counted. */
  toolMetrics?: ToolMetrics;
  /** Where passages come from: documents, searched plainly or in stages, or an object of your own. */
  retriever?: KnowledgeBase | KnowledgeRetriever | Retriever;
  /** Agents to which the model may hand the conversation over; they go on with what was said before, and give the answer. */
  handOffs?: readonly HandOff[];
  /** Where answers are kept: in memory, or in an object of your own. */
  cache?: MemoryCache | Cache;
  /** Where conversations are kept. */
  sessions?: MemorySessions;
  /**
   * A file, replaced if it is there, that keeps everything that runs are told by model, tools, retriever, cache and
   * sessions, as it is: {@link Assistant.replay} gives the same events again.
   */
  record?: string;
}

/** The parts of an {@link Assistant}. */
export interface AssistantOptions extends AssistantParts {
  /** What the model is told about its task. */
  instructions?: string;
  /** Keeps answers that needed tools, too. Default false: a tool may have an effect, or another value next time. */
  cacheToolAnswers?: boolean;
  sampling?: Sampling;
  limits?: Limits;
}

/** Of what {@link Assistant.fromSpec} makes an assistant, beside the spec. */
export interface SpecOptions extends AssistantParts, Abortable {
  /** The profile of the spec whose parameters are used. Default: none. */
  profile?: string;
  /** The model, in the place of the spec's: assistants of several profiles may share one. */
  llm?: LocalLlm | RemoteLlm | ScriptedLlm | Llm;
  /** Functions of exactly those tools that the spec names. */
  tools?: AssistantParts["tools"];
  /** Where passages come from. A knowledge base is searched as the spec says. */
  retriever?: AssistantParts["retriever"];
  /** Where answers are kept, in the place of the spec's cache. */
  cache?: AssistantParts["cache"];
  /** Where conversations are kept, in the place of the spec's. */
  sessions?: AssistantParts["sessions"];
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
  constructor(llm: LocalLlm | RemoteLlm | ScriptedLlm | Llm, options?: AssistantOptions);
  /** @internal */
  constructor(replayed: native.Agent);
  constructor(llm: LocalLlm | RemoteLlm | ScriptedLlm | Llm | native.Agent, options: AssistantOptions = {}) {
    super(llm instanceof native.Agent ? llm : now(() => build(nativeLlm(llm), options)));
  }

  /**
   * The assistant of a spec: a file in TOML or JSON, which is the same in Rust and Python, or an object of what such a file
   * says. Durations are numbers of seconds or text such as `30s`.
   *
   * An `agent.toml`, and its assistant:
   *
   * ```toml
   * model = "Qwen2.5-Coder-0.5B-Instruct"
   * instructions = "You answer in one sentence."
   * sampling.temperature = 0.2
   * limits = { max_output_tokens = 160, deadline = "30s" }
   * tools.calculate = { rate = "100/min" }
   * ```
   *
   * ```ts
   * const assistant = await Assistant.fromSpec("agent.toml", { tools: [tools.calculate()] });
   * ```
   *
   * A key that is not known, and a value of the wrong type or out of its range, is refused with the code `invalid`, its path
   * and the file; so are tools that are not those that the spec names.
   */
  static async fromSpec(spec: string | AgentSpec, options: SpecOptions = {}): Promise<Assistant> {
    const { profile, llm, signal, ...parts } = options;
    checkNames(parts, partNames);
    const described = now(() => read(spec, profile));
    const builder = native.AssistantBuilder.ofTools();
    now(() => {
      addTools(builder, parts);
      builder.policies(described);
    });
    const model = llm === undefined ? await abortable(signal, (stop) => described.openModel(stop)) : nativeLlm(llm);
    return new Assistant(now(() => {
      const base = parts.retriever instanceof KnowledgeBase ? parts.retriever.native : undefined;
      builder.spec(model, described, base);
      addParts(builder, parts);
      return builder.build();
    }));
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

const partNames = [
  "tools",
  "toolTimeoutMs",
  "approver",
  "toolMetrics",
  "retriever",
  "cache",
  "handOffs",
  "sessions",
  "record",
] satisfies (keyof AssistantParts)[];

const optionNames = [
  "instructions",
  ...partNames,
  "cacheToolAnswers",
  "sampling",
  "limits",
] satisfies (keyof AssistantOptions)[];

function build(llm: native.Llm, options: AssistantOptions): native.Agent {
  checkNames(options, optionNames);
  const { instructions, cacheToolAnswers, sampling, limits, ...parts } = options;
  const builder = new native.AssistantBuilder(llm);
  if (instructions !== undefined) builder.instructions(text("instructions", instructions));
  addTools(builder, parts);
  if (parts.retriever instanceof KnowledgeBase) builder.retriever(parts.retriever.native);
  if (cacheToolAnswers === true) builder.cacheToolAnswers();
  if (sampling !== undefined) builder.sampling(optionsToJson("sampling", sampling));
  if (limits !== undefined) builder.limits(optionsToJson("limits", limits));
  addParts(builder, parts);
  return builder.build();
}

function addTools(builder: native.AssistantBuilder, { tools, toolTimeoutMs, approver }: AssistantParts): void {
  if (toolTimeoutMs !== undefined) builder.toolTimeout(toolTimeoutMs);
  if (approver !== undefined) builder.approver(decisions(approver));
  for (const tool of tools ?? []) addTool(builder, tool);
}

/** Adds what is neither a tool nor documents. */
function addParts(builder: native.AssistantBuilder, parts: AssistantParts): void {
  const { toolMetrics, retriever, cache, handOffs, sessions, record } = parts;
  if (toolMetrics !== undefined) builder.toolMetrics(part("tool metrics", toolMetrics, ToolMetrics).native);
  if (retriever instanceof KnowledgeRetriever) builder.knowledgeRetriever(retriever.base, retriever.native);
  else if (retriever !== undefined && !(retriever instanceof KnowledgeBase)) {
    builder.ownRetriever(...retrieverMethods(retriever));
  }
  if (cache instanceof MemoryCache) builder.cache(cache.native);
  else if (cache !== undefined) builder.ownCache(...cacheMethods(cache));
  for (const { name, description, assistant } of handOffs ?? []) {
    builder.handOffTo(text("hand-off", name), text("hand-off", description), part("hand-off", assistant, Agent).native);
  }
  if (sessions !== undefined) builder.sessions(part("sessions", sessions, MemorySessions).native);
  if (record !== undefined) builder.record(text("record", record));
}

/** The spec of a file or an object, with what its profile of this name says. */
function read(spec: string | AgentSpec, profile: string | undefined): native.AgentSpec {
  const name = profile === undefined ? undefined : text("profile", profile);
  if (typeof spec === "string") return native.AgentSpec.load(spec, name);
  return native.AgentSpec.fromJson(toPlainJson("agent spec", spec), name);
}

/** @internal */
export function addTool(builder: native.AssistantBuilder, tool: Tool | BuiltinTool | McpTools): void {
  if (tool instanceof BuiltinTool) return builder.builtinTool(tool.native);
  if (tool instanceof McpTools) return builder.mcpTools(tool.native);
  part("tool", tool, Tool).addTo(builder);
}

/** @internal */
export function decisions(approver: Approver): native.Method {
  if (typeof approver !== "function") throw invalid("approver", `expected a function, got ${kind(approver)}`);
  return methodOfRun(async (call, context) => {
    const said: Decision | undefined = await approver(call as ApprovalRequest, context);
    if (said === undefined) throw invalid("decision", "expected true, false, a reason as a string or null, got undefined");
    return JSON.stringify(said);
  });
}
