import { Agent } from "./agent.js";
import { MemoryCache } from "./cache.js";
import { Tool, type Approver } from "./callback.js";
import { LocalLlm, ScriptedLlm, type Prompt } from "./llm.js";
import { McpTools } from "./mcp.js";
import { type Cache, type Llm, type Retriever } from "./own.js";
import { KnowledgeBase } from "./retrieval.js";
import { KnowledgeRetriever } from "./retriever.js";
import { type Abortable } from "./runtime.js";
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
export declare class Assistant extends Agent {
    /** An assistant of a model: one of this package, or an object of your own. */
    constructor(llm: LocalLlm | ScriptedLlm | Llm, options?: AssistantOptions);
    /**
     * The assistant of a journal that `record` made: the same runs give the same events, without model, tools or network. A
     * run that asks for something else than the recorded one did is rejected with the code `diverged`; a journal that is
     * cut or damaged is refused with `corrupt` and the line.
     */
    static replay(path: string): Assistant;
    /** Forgets what the `cache` of a tool keeps, also of calls that still run. */
    forgetResults(tool: string): void;
    /** What the prompts of all runs begin with, instructions and tools: for {@link LocalLlm.savePrefix}. */
    beginning(): Prompt;
    /** Lets the model compute instructions and tools now, so that the first run need not. */
    warmUp(options?: Abortable): Promise<void>;
}
