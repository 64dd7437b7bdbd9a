import * as native from "../native.js";
import { MemoryCache } from "./cache.js";
import {
  Tool,
  jsonSchema,
  method,
  policyToJson,
  validated,
  type Approver,
  type JsonSchema,
  type StandardSchema,
  type ToolPolicy,
} from "./callback.js";
import { fromJson, optionsToJson, toJson } from "./convert.js";
import { RushlightError, invalid, kind, text, type ErrorCode } from "./error.js";
import type { Answer } from "./event.js";
import { LocalLlm, ScriptedLlm, type Message, type Prompt } from "./llm.js";
import { cacheMethods, ownLlm, retrieverMethods, type Cache, type Llm, type Retriever } from "./own.js";
import { KnowledgeBase, type Filter } from "./retrieval.js";
import { KnowledgeRetriever } from "./retriever.js";
import { abortable, now, type Abortable } from "./runtime.js";
import { MemorySessions } from "./session.js";
import { EventStream } from "./stream.js";
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
  /** Functions that the model may call, and tools that ship. */
  tools?: readonly (Tool | BuiltinTool)[];
  /** How long a tool may run before it is stopped, if it has no `timeoutMs` of its own. Default 5 seconds. */
  toolTimeoutMs?: number;
  /** Decides about calls of tools with `approve`; without one they do not run. */
  approver?: Approver;
  /** Where passages come from: documents, searched plainly or in stages, or an object of your own. */
  retriever?: KnowledgeBase | KnowledgeRetriever | Retriever;
  /** Assistants to which the model may hand the conversation over; they go on with what was said before, and give the answer. */
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

/** An assistant to which another one may hand the conversation over. */
export interface HandOff {
  /** The model sees it in the tool `transfer_to_NAME`, and {@link Answer.answeredBy} says it. */
  readonly name: string;
  /** When to hand over, written for the model. */
  readonly description: string;
  /** Who goes on. */
  readonly assistant: Assistant;
}

/** Options of one run. */
export interface RunOptions extends Abortable {
  /** The conversation that the question belongs to; needs {@link AssistantOptions.sessions}. */
  session?: string;
  /** What was said before, after what the session remembers. Default: nothing. */
  history?: readonly Message[];
  /**
   * Which runs go first at the model when not all can: while one of a higher priority waits, none of a lower one is
   * started. Default `normal`.
   */
  priority?: "low" | "normal" | "high";
  /** Which passages may be found. Default: all. */
  filter?: Filter;
  /** What the run is granted, for tools that need scopes; a `*` at the end of one stands for any rest. Default: nothing. */
  scopes?: readonly string[];
  /** Tools only say what they would do. Default false. */
  dryRun?: boolean;
  /**
   * Whether the model may, must not or must ask for tools, or for which one it must. Where it must, it does so in its
   * first turn. Default `auto`.
   */
  toolChoice?: "auto" | "none" | "required" | { named: string };
  /** Whether the model may ask for several tools in one turn. Default true. */
  parallelCalls?: boolean;
  /**
   * How likely a local model must be to begin a turn with a call for it to call, from 0 to 1: below that it answers in
   * words. {@link Report.callProbability} tells how likely it was. Default: as it samples.
   */
  callThreshold?: number;
  /** How long the run may take, where the assistant's limits admit more. */
  deadlineMs?: number;
  /** A JSON Schema that the answer has to fit, as JSON. Default: none, an answer in words. */
  schema?: JsonSchema;
}

/** What an assistant is as a tool; see {@link Assistant.asTool}. */
export interface AsToolOptions extends ToolPolicy {
  /** The name that the model uses: 1 to 64 of `[a-zA-Z0-9_-]`. */
  readonly name: string;
  /** What the model is told about it. */
  readonly description: string;
  /** How many assistants may ask each other until this one is not asked any more. Default 4. */
  readonly maxDepth?: number;
}

/** One request of a batch: a question, and the options of its run. */
export interface BatchRequest extends Omit<RunOptions, "signal"> {
  question: string;
}

/** How a batch runs. */
export interface BatchOptions extends Abortable {
  /** How many requests are worked on at the same time. Default 10. */
  concurrency?: number;
}

/** What {@link Assistant.extract} gives: the schema's output type, or anything for a plain JSON Schema. */
export type Extracted<Schema> = Schema extends StandardSchema<infer Output> ? Output : any;

/** An agent: model, documents, tools, cache and memory behind one question. */
export class Assistant {
  /** @internal */
  readonly native: native.Assistant;

  /** An assistant of a model: one of this package, or an object of your own. */
  constructor(llm: LocalLlm | ScriptedLlm | Llm, options?: AssistantOptions);
  /** @internal */
  constructor(replayed: native.Assistant);
  constructor(llm: LocalLlm | ScriptedLlm | Llm | native.Assistant, options: AssistantOptions = {}) {
    if (llm instanceof native.Assistant) {
      this.native = llm;
      return;
    }
    const model = llm instanceof LocalLlm || llm instanceof ScriptedLlm ? llm.native : ownLlm(llm);
    this.native = now(() => build(model, options));
  }

  /**
   * The assistant of a journal that `record` made: the same runs give the same events, without model, tools or network. A
   * run that asks for something else than the recorded one did is rejected with the code `diverged`; a journal that is
   * cut or damaged is refused with `corrupt` and the line.
   */
  static replay(path: string): Assistant {
    return new Assistant(now(() => native.Assistant.replay(text("path", path))));
  }

  /** The answer to a question, after the whole run. */
  async run(question: string, options: RunOptions = {}): Promise<Answer> {
    const asked = request(question, options);
    return fromJson(await abortable(options.signal, (cancellation) => this.native.run(asked, cancellation)));
  }

  /**
   * What becomes of many questions, in their order, as `Promise.allSettled` has it: a question that fails does not stop the
   * others. A signal stops all.
   */
  async runBatch(
    requests: readonly (string | BatchRequest)[],
    { concurrency, signal }: BatchOptions = {},
  ): Promise<PromiseSettledResult<Answer>[]> {
    if (!Array.isArray(requests)) throw invalid("requests", `expected an array, got ${kind(requests)}`);
    const asked = `[${requests.map(batchRequest).join()}]`;
    const json = await abortable(signal, (cancellation) => this.native.runBatch(asked, concurrency, cancellation));
    return fromJson<Outcome[]>(json).map(settled);
  }

  /**
   * The answer to a question as a value that fits a schema: a JSON Schema, a zod schema, or any Standard Schema that can tell its
   * JSON Schema. A local model can write nothing else; the answer of every model is validated.
   */
  async extract<const Schema extends JsonSchema | StandardSchema>(
    question: string,
    schema: Schema,
    options: Omit<RunOptions, "schema"> = {},
  ): Promise<Extracted<Schema>> {
    const asked = request(question, options);
    const expected = JSON.stringify(jsonSchema("schema", "", object("schema", schema)));
    const json = await abortable(options.signal, (cancellation) => this.native.extract(asked, expected, cancellation));
    return (await validated("answer", schema, JSON.parse(json))) as Extracted<Schema>;
  }

  /** The steps of a run as they happen. */
  stream(question: string, options: RunOptions = {}): EventStream {
    const asked = request(question, options);
    return new EventStream(now(() => this.native.stream(asked)), options.signal);
  }

  /**
   * This assistant as a tool that other assistants may ask: its argument is a question, its value the answer's text. It is
   * asked in the name of the run that calls it, with its scopes, filter, priority and what is left of its deadline, but in no session;
   * its tokens count as the run's own. Where it fails or is too late, the model reads that. Without `timeoutMs` it has 10 minutes.
   */
  asTool({ name, description, maxDepth, ...policy }: AsToolOptions): BuiltinTool {
    const json = policyToJson(text("tool name", name), policy);
    return new BuiltinTool(() => this.native.asTool(name, text("tool description", description), maxDepth, json));
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

  /** Stops all runs and lets go of model, tools and documents; later runs are refused. */
  async close(): Promise<void> {
    await this.native.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function request(question: string, options: RunOptions): string {
  const { session, history, priority, filter, scopes, dryRun, toolChoice, parallelCalls, callThreshold, deadlineMs, schema } = options;
  if (session !== undefined) text("session", session);
  const tools = { scopes, dryRun, toolChoice, parallelCalls, callThreshold };
  const deadline = deadlineMs === undefined ? undefined : deadlineMs / 1000;
  return toJson("options", { question: text("question", question), session, history, priority, filter, ...tools, deadline, schema });
}

function batchRequest(item: string | BatchRequest): string {
  if (typeof item === "string") return request(item, {});
  if (item === null || typeof item !== "object") throw invalid("request", `expected a string or an object, got ${kind(item)}`);
  return request(item.question, item);
}

type Outcome = { answer: Answer } | { error: { code: ErrorCode; message: string; retryable: boolean } };

function settled(outcome: Outcome): PromiseSettledResult<Answer> {
  if ("answer" in outcome) return { status: "fulfilled", value: outcome.answer };
  const { code, message, retryable } = outcome.error;
  return { status: "rejected", reason: new RushlightError(code, message, { retryable }) };
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

function build(llm: native.Llm, options: AssistantOptions): native.Assistant {
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
    builder.handOffTo(text("hand-off", name), text("hand-off", description), part("hand-off", assistant, Assistant).native);
  }
  if (cacheToolAnswers === true) builder.cacheToolAnswers();
  if (sessions !== undefined) builder.sessions(part("sessions", sessions, MemorySessions).native);
  if (sampling !== undefined) builder.sampling(optionsToJson("sampling", sampling));
  if (limits !== undefined) builder.limits(optionsToJson("limits", limits));
  if (record !== undefined) builder.record(text("record", record));
  return builder.build();
}

function addTool(builder: native.AssistantBuilder, tool: Tool | BuiltinTool): void {
  if (tool instanceof BuiltinTool) return builder.builtinTool(tool.native);
  const { name, description, parameters, policy } = part("tool", tool, Tool);
  builder.tool(name, description, JSON.stringify(parameters), policyToJson(name, policy), tool.native());
}

function decisions(approver: Approver): native.Method {
  if (typeof approver !== "function") throw invalid("approver", `expected a function, got ${kind(approver)}`);
  return method(async (call, context) => JSON.stringify((await approver(JSON.parse(call), context)) ?? null));
}

function object<T extends object>(what: string, value: T): T {
  if (value !== null && typeof value === "object") return value;
  throw invalid(what, `expected a JSON Schema or a Standard Schema, got ${kind(value)}`);
}

function part<T>(what: string, value: unknown, type: Function & { readonly prototype: T }): T {
  if (value instanceof type) return value as T;
  throw invalid(what, `expected a ${type.name}, got ${kind(value)}`);
}
