import { type Abortable } from "./runtime.js";
/** Where a model computes; `auto` is the best device that is built in. */
export type Device = "auto" | "cpu" | "metal" | {
    cuda: number;
};
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
     * begin alike. Default 1 GiB.
     */
    kvBudget?: number;
    /**
     * What of earlier prompts is used again: nothing, what prompts begin with, or retrieved passages too, wherever they
     * stand, of which only this number of first tokens is computed again: then answers come sooner and may be worse.
     * Default `prefix`.
     */
    kvReuse?: "off" | "prefix" | {
        chunks: number;
    };
    /**
     * Whether the next tokens are guessed from earlier ones and verified together, which changes nothing but the speed.
     * Default true.
     */
    speculation?: boolean;
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
    vocabulary: number;
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
}
/** A language model that runs in this process. */
export declare class LocalLlm {
    private constructor();
    /** Loads a model by its name in {@link models} or by the path of its GGUF file or of its folder with safetensors; fetches nothing. */
    static open(nameOrPath: string, options?: LocalLlmOptions & Abortable): Promise<LocalLlm>;
    /** The model's identity. */
    get name(): string;
    /** How many tokens prompt and answer may have together. */
    get contextWindow(): number;
    /** What the model's file says about it. */
    get info(): ModelInfo;
    /** What the model has done since it was opened. */
    stats(): LocalLlmStats;
    /** Computes what prompts with these messages and tools begin with, so that the first of them need not. */
    warmUp(beginning: string | Beginning, options?: Abortable): Promise<void>;
    /**
     * Computes what prompts with these messages and tools begin with, and writes it to a file for {@link loadPrefix}, over
     * what is there; gives the number of its tokens. The text can be read from the file.
     */
    savePrefix(beginning: string | Beginning, path: string, options?: Abortable): Promise<number>;
    /**
     * Takes over what {@link savePrefix} wrote, so that prompts that begin so need not compute it; gives the number of its
     * tokens. Refused with the code `invalid` if it was saved with another model or `kvType`, and with `corrupt` if the file
     * is cut short or changed.
     */
    loadPrefix(path: string, options?: Abortable): Promise<number>;
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
    finishReason?: "stop" | "length" | "tool_calls";
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
