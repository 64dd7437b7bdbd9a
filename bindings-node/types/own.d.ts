import { type CallContext } from "./callback.js";
import type { Passage, Usage } from "./event.js";
import type { Prompt } from "./llm.js";
import type { Filter } from "./retrieval.js";
type Awaitable<T> = T | PromiseLike<T>;
/** What a model of your own says: text, or one of these. */
export type Piece = string | {
    type: "text";
    text: string;
}
/** Asks for a tool; without an id, the run gives it one. */
 | {
    type: "tool_call";
    name: string;
    arguments?: unknown;
    id?: string;
}
/** The last, which may be left out. By default the reason is `tool_calls` if there were any, else `stop`. */
 | {
    type: "done";
    finishReason?: "stop" | "length" | "tool_calls" | "content_filter";
    usage?: Partial<Usage>;
};
/**
 * A language model of your own: an object with this method, for example a generator, async or not.
 *
 * ```js
 * const parrot = {
 *   async *generate({ messages }) {
 *     for (const word of messages.at(-1).content.split(" ")) yield word + " ";
 *   },
 * };
 * const assistant = new Assistant(parrot);
 * ```
 */
export interface Llm {
    /**
     * Answers a prompt, piece by piece. When nobody reads any more, the signal is aborted and the iterator closed with
     * its `return`.
     */
    generate(prompt: Prompt, context: CallContext): Awaitable<Piece | Iterable<Piece> | AsyncIterable<Piece>>;
    /** What caches tell models by. Default: each object is a model of its own. */
    readonly name?: string;
    /** How many tokens prompt and answer may have together. Default 32 768. */
    readonly contextWindow?: number;
    /** The number of tokens of a text, at once. Default: three bytes are a token. */
    countTokens?(text: string): number;
}
/** Gives texts their vectors: an object of your own with this method, synchronous or not. */
export interface Embedder {
    /** One vector for each text, in order. */
    embed(texts: string[], context: CallContext): Awaitable<readonly (Float32Array | readonly number[])[]>;
    /** The same for questions, if it tells them from passages. Default: it does not. */
    embedQueries?(texts: string[], context: CallContext): Awaitable<readonly (Float32Array | readonly number[])[]>;
    /** Tells embedders apart: a store is opened only with the name that it was made with. */
    readonly name: string;
    /** Length of every vector. */
    readonly dimensions: number;
    /** How many tokens of a text count. Default: all. */
    readonly maxTokens?: number;
    /** The number of tokens of a text, at once: passages are cut by them. Default: three bytes are a token. */
    countTokens?(text: string): number;
}
/** A passage of a retriever of your own: what is left out is empty, its `id` is the source. */
export type OwnPassage = Pick<Passage, "source" | "text"> & Partial<Passage>;
/** What a retriever of your own is told beside the question. */
export interface RetrieveContext extends CallContext {
    /** Which passages may be found. */
    readonly filter?: Filter;
}
/** A source of passages of your own: an object with this method, synchronous or not. */
export interface Retriever {
    /**
     * At most `k` passages for a question, best first. A run with a filter fails where the method has no third
     * parameter.
     */
    retrieve(question: string, k: number, context: RetrieveContext): Awaitable<readonly OwnPassage[]>;
    /**
     * A whole number that changes whenever the same question may give other passages. Without one, no answer that
     * rests on its passages is taken from a cache.
     */
    readonly version?: number;
}
/** Puts passages in a new order: an object of your own with this method, synchronous or not. */
export interface Reranker {
    /** One finite number for each passage, in their order; higher is better. */
    score(question: string, passages: Passage[], context: CallContext): Awaitable<readonly number[] | Float32Array>;
    /**
     * What caches of answers tell rerankers by: another one where the same passages may get another order. Default:
     * each object is a reranker of its own.
     */
    readonly name?: string;
}
/** A cache of your own: an object with these methods, synchronous or not. */
export interface Cache {
    /** The newest value that was put under a key of 32 bytes, unless it expired. */
    get(key: Uint8Array, context: CallContext): Awaitable<Uint8Array | null | undefined>;
    /** Stores or replaces a value. */
    put(key: Uint8Array, value: Uint8Array, context: CallContext): unknown;
    /** Drops a value; nothing happens if there is none. */
    remove(key: Uint8Array, context: CallContext): unknown;
}
export {};
