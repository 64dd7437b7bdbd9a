import { type CallContext } from "./callback.js";
import type { Passage } from "./event.js";
type Awaitable<T> = T | PromiseLike<T>;
/** A passage of a retriever of your own: what is left out is empty, its `id` is the source. */
export type OwnPassage = Pick<Passage, "source" | "text"> & Partial<Passage>;
/** A source of passages of your own: an object with this method, synchronous or not. */
export interface Retriever {
    /** At most `k` passages for a question, best first. */
    retrieve(question: string, k: number, context: CallContext): Awaitable<readonly OwnPassage[]>;
    /**
     * A whole number that changes whenever the same question may give other passages. Without one, no answer that
     * rests on its passages is taken from a cache.
     */
    readonly version?: number;
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
