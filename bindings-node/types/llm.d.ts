import type { Device } from "./device.js";
import { type Abortable } from "./runtime.js";
/** How a model is loaded. */
export interface LocalLlmOptions {
    /** Where the model computes. Default `auto`. */
    device?: Device;
    /** Tokens that prompt and answer may have together. Default: what the model's file says. */
    context?: number;
    /** Threads that compute for this model. Default: one for each core. */
    threads?: number;
    /** Generations that may wait; one more is refused with the code `overloaded`. Default 100. */
    queue?: number;
    /** Generations that are computed together; further ones wait. Default 8. */
    batch?: number;
    /** How the keys and values of tokens are kept in memory. Default `f16`. */
    kvType?: "f32" | "f16" | "q8";
    /**
     * Bytes that the keys and values of all tokens may take together, those too that are kept because a later prompt may
     * begin alike. Default: a quarter of the memory that is free beside the weights, on a GPU of its own.
     */
    kvBudget?: number;
    /**
     * What of earlier prompts is used again: nothing, what prompts begin with, or retrieved passages too, wherever they
     * stand, of which only this number of first tokens is computed again: then answers come sooner and may be worse.
     * Default `prefix`. A GPU refuses chunks.
     */
    kvReuse?: "off" | "prefix" | {
        chunks: number;
    };
    /**
     * Bytes that the model may take of memory, by {@link LocalLlm.estimateMemory}; one that would take more is not loaded.
     * Default: no limit.
     */
    memoryBudget?: number;
    /**
     * Milliseconds without a question after which the model's memory is given back; the next question loads it again.
     * Default: it stays.
     */
    unloadAfterMs?: number;
    /** Devices among which each layer is split. There is only one: more are refused. Default 1. */
    tensorParallel?: number;
    /**
     * Whether the next tokens are guessed from earlier ones of the prompt and the answer, and of the model's earlier answers to
     * whomever, and verified together. That changes no text, only when it comes: whoever measures it may learn that somebody
     * was answered alike. With `kvReuse: "off"` earlier answers are left out. Default true.
     */
    speculation?: boolean;
    /**
     * A small model that guesses where earlier tokens say nothing, by its name or path. It has the vocabulary of the model
     * and counts against the same budgets. Default: none.
     */
    draftModel?: string;
    /**
     * Whether a call of a tool that the model begins to write is held to the tools' names and parameters, so that it cannot
     * be wrong; what it says before and behind is free. Default true.
     */
    constrainCalls?: boolean;
}
/** What a model's file says about it. */
export interface ModelInfo {
    name: string;
    architecture: string;
    parameters: number;
    quantisation: string;
    sizeBytes: number;
    contextLength: number;
    layers: number;
    /** The width of the hidden state. */
    hidden: number;
    /** The number of attention heads in a block. */
    heads: number;
    /** The number of heads that have keys and values of their own; the others share them. */
    kvHeads: number;
    vocabulary: number;
}
/** What a model takes of memory, in bytes. */
export interface MemoryEstimate {
    /** The weights, most of them in a memory map. */
    weights: number;
    /** The tables of the tokenizer. */
    tokenizer: number;
    /** The keys and values of all tokens, once there are as many as there may be. */
    keysAndValues: number;
    /** What a pass works with, and what guesses of tokens are found in. */
    buffers: number;
    /** The keys and values of one token. */
    kvBytesPerToken: number;
    /** All of it. */
    total: number;
}
/** How far the loading of a model is. */
export interface LoadProgress {
    model: string;
    /**
     * `packing`: weights are put into the order in which they are read, the first time; `reading`: they are taken out of
     * the file.
     */
    stage: "packing" | "reading";
    /** Bytes of weights that this stage is done with. */
    done: number;
    /** Bytes of weights that it has to do with. */
    total: number;
}
/** How a model is opened. */
export interface OpenOptions extends LocalLlmOptions, Abortable {
    /** Is told how far the loading is; what it throws ends the wait. */
    onProgress?: (progress: LoadProgress) => void;
}
/** Whether a model is in memory, and what computes it. */
export interface LocalLlmStatus {
    isLoaded: boolean;
    /** How often it was loaded. */
    loads: number;
    /** Milliseconds that loading it took the last time. */
    loadMs: number;
    /** Threads that compute; 0 if it is not loaded. */
    threads: number;
    /** The code that computes, and how the matrices lie in memory; null if it is not loaded. */
    kernels: {
        instructions: "scalar" | "avx2" | "avx512" | "amx" | "cuda" | "metal";
        weights: "packed_file" | "packed_memory" | "original" | "device";
    } | null;
    /** The name of the draft model that is loaded beside it. */
    draftModel: string | null;
    /** Bytes that keys and values may take, those of the draft model included; 0 if it is not loaded. */
    kvBudget: number;
    /** Bytes that keys and values take now. */
    kvUsed: number;
}
/** What a model has done since it was opened. */
export interface LocalLlmStats {
    /** Generations that were accepted. */
    requests: number;
    /** Generations that ran to their end. */
    finished: number;
    /** Generations that were stopped before their end. */
    cancelled: number;
    /** Generations that failed. */
    failed: number;
    /** Passes through the model. */
    forwardPasses: number;
    /** Tokens of prompts that were computed. */
    promptTokens: number;
    /** Tokens of prompts that were taken from what earlier generations had computed. */
    cachedTokens: number;
    /** Tokens that were generated. */
    generatedTokens: number;
    /** Tokens that were guessed and computed together with the one before them. */
    draftedTokens: number;
    /** Of these, the tokens that were then generated. */
    acceptedTokens: number;
    /** Passes through the draft model. */
    draftPasses: number;
    /** Of the generated tokens, those that a grammar left no choice about, so that none was chosen. */
    forcedTokens: number;
}
/** A language model that runs in this process. */
export declare class LocalLlm {
    private constructor();
    /** Loads a model by its name in {@link models} or by the path of its GGUF file or of its folder with safetensors; fetches nothing. */
    static open(nameOrPath: string, options?: OpenOptions): Promise<LocalLlm>;
    /** What a model's files say about it; nothing is loaded. */
    static inspect(nameOrPath: string, options?: Abortable): Promise<ModelInfo>;
    /** What a model would take of memory with these options; nothing is loaded. */
    static estimateMemory(nameOrPath: string, options?: LocalLlmOptions & Abortable): Promise<MemoryEstimate>;
    /** The model's identity. */
    get name(): string;
    /** How many tokens prompt and answer may have together. */
    get contextWindow(): number;
    /** What the model's file says about it. */
    get info(): ModelInfo;
    /** Where it computes: what `auto` has found when it was loaded the last time, if that was asked for. */
    get device(): Device;
    /** What the model has done since it was opened. */
    stats(): LocalLlmStats;
    /** Computes what prompts with these messages and tools begin with, so that the first of them need not. */
    warmUp(beginning: string | Beginning, options?: Abortable): Promise<void>;
    /**
     * Computes what prompts with these messages and tools begin with, and writes it to a file for {@link loadPrefix}, over
     * what is there; gives the number of its tokens. The text can be read from the file.
     * A model on a GPU refuses it with the code `invalid`.
     */
    savePrefix(beginning: string | Beginning, path: string, options?: Abortable): Promise<number>;
    /**
     * Takes over what {@link savePrefix} wrote, so that prompts that begin so need not compute it; gives the number of its
     * tokens. Refused with the code `invalid` if it was saved with another model or `kvType` or this one computes on a GPU,
     * and with `corrupt` if the file is cut short or changed.
     */
    loadPrefix(path: string, options?: Abortable): Promise<number>;
    /** Whether the model is in memory, and what computes it. */
    status(): LocalLlmStatus;
    /** Loads the model if it is not loaded, so that the next question need not wait for it. */
    load(options?: Abortable): Promise<void>;
    /**
     * Gives back the model's memory and threads, as soon as the runs under way have ended. The next question loads it
     * again; what earlier ones computed is forgotten.
     */
    unload(options?: Abortable): Promise<void>;
    /**
     * Keeps the model, once it is loaded, in memory for this many milliseconds from now: neither rest nor a
     * {@link ModelRegistry} unloads it. A later call replaces an earlier one; 0 ends it.
     */
    pinFor(milliseconds: number): void;
    /** The number of tokens of a text, without special tokens. */
    countTokens(input: string, options?: Abortable): Promise<number>;
}
/** What a {@link ScriptedLlm} answers to one prompt. */
export interface ScriptedTurn {
    /** The pieces of the text, each one event; or the whole in one piece. */
    text?: string | string[];
    /** The tool calls that follow the text. */
    toolCalls?: {
        name: string;
        arguments?: unknown;
    }[];
    /** Default: `tool_calls` if there are any, else `stop`. */
    finishReason?: "stop" | "length" | "tool_calls" | "content_filter";
    /** Ends the generation with an error of the code `foreign`. */
    error?: string;
    /** Milliseconds to wait before each piece. */
    delayMs?: number;
}
/** A message of a conversation. */
export interface Message {
    role: "system" | "user" | "assistant" | "tool";
    content: string;
    toolCalls?: {
        id: string;
        name: string;
        arguments: unknown;
    }[];
    toolCallId?: string;
}
/** Everything that a model was asked at once. */
export interface Prompt {
    messages: Message[];
    tools: {
        name: string;
        description: string;
        parameters: Record<string, unknown>;
    }[];
    sampling: Record<string, number | null>;
    maxOutputTokens: number | null;
    stop: string[];
    priority: "low" | "normal" | "high";
    /** Parts of the messages that other prompts may have too: retrieved passages. */
    chunks: string[];
    /** Whether the model may, must or must not ask for tools. Default `auto`. */
    toolChoice?: "auto" | "none" | "required" | {
        named: string;
    };
    /** Whether one generation may ask for several tools. Default true. */
    parallelCalls?: boolean;
    /** How likely the model must be to begin with a call for it to call, from 0 to 1. Default: as it samples. */
    callThreshold?: number;
    /** Which passages the text can cite, and whether it has to. Default: square brackets are free. */
    citable?: {
        passages: number;
        required?: boolean;
    };
    /** A JSON Schema that the text is to fit, unless the model asks for tools instead. */
    schema?: Record<string, unknown>;
}
/** What prompts begin with, such as {@link Assistant.beginning} gives. */
export interface Beginning {
    messages: Message[];
    tools?: Prompt["tools"];
}
/** A model that says what it was told to say: for tests and examples. Each generation takes the next turn. */
export declare class ScriptedLlm {
    #private;
    constructor(turns: readonly ScriptedTurn[]);
    /** The model's identity. */
    get name(): string;
    /** Every prompt so far, oldest first. */
    prompts(): Prompt[];
    /** How many pieces were taken from it: it stands still once nobody reads them. */
    deltas(): number;
}
