// Objects of the caller's own as parts of an assistant.
import * as native from "../native.js";
import { method, type CallContext } from "./callback.js";
import { toJson } from "./convert.js";
import { invalid, kind } from "./error.js";
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

/**
 * Gives the methods of `retriever` to the builder.
 * @internal
 */
export function addRetriever(builder: native.AssistantBuilder, retriever: Retriever): void {
  demand("retriever", retriever, ["retrieve"]);
  const retrieve = method(async (json, context) => {
    const [question, k] = JSON.parse(json) as [string, number];
    const passages: unknown = await retriever.retrieve(question, k, context);
    if (!Array.isArray(passages)) throw new TypeError(`expected an array of passages, got ${kind(passages)}`);
    return toJson("passages", passages.map(wholePassage));
  });
  const version = method(async () => {
    const { version } = retriever;
    return Number.isSafeInteger(version) && (version as number) >= 0 ? String(version) : "null";
  });
  builder.ownRetriever(retrieve, version);
}

/**
 * Gives the methods of `cache` to the builder.
 * @internal
 */
export function addCache(builder: native.AssistantBuilder, cache: Cache): void {
  demand("cache", cache, ["get", "put", "remove"]);
  const get = bytesMethod(async (context, key) => {
    const value: unknown = await cache.get(key, context);
    if (value === null || value === undefined) return "null";
    if (!(value instanceof Uint8Array)) throw new TypeError(`expected a Uint8Array or null, got ${kind(value)}`);
    return JSON.stringify(Array.from(value));
  });
  const put = bytesMethod(async (context, key, value) => {
    await cache.put(key, value, context);
    return "null";
  });
  const remove = bytesMethod(async (context, key) => {
    await cache.remove(key, context);
    return "null";
  });
  builder.ownCache(get, put, remove);
}

/** A method of a key and a value, which is empty where there is none. */
function bytesMethod(
  work: (context: CallContext, key: Uint8Array, value: Uint8Array) => Promise<string>,
): native.Method {
  return method((json, context) => {
    const [key, value = []] = JSON.parse(json) as [number[], number[]?];
    return work(context, Uint8Array.from(key), Uint8Array.from(value));
  });
}

/** A passage with every field. */
function wholePassage(passage: OwnPassage, index: number): unknown {
  const { source, text } = passage ?? {};
  if (typeof source !== "string" || typeof text !== "string") {
    throw new TypeError(`passage ${index}: expected an object with the texts \`source\` and \`text\`, got ${kind(passage)}`);
  }
  return { id: source, title: "", headings: [], start: 0, metadata: {}, score: 0, scores: {}, ...passage };
}

/**
 * Throws unless `object` has all these methods.
 * @internal
 */
export function demand(what: string, object: unknown, methods: readonly string[]): void {
  const fields = (object ?? {}) as Record<string, unknown>;
  const missing = methods.find((name) => typeof fields[name] !== "function");
  if (missing !== undefined) {
    throw invalid(what, `expected a ${what} with a method \`${missing}\`, got ${kind(object)}`);
  }
}
