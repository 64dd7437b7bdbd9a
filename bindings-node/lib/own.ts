// Objects of the caller's own as parts of an assistant.
import * as native from "../native.js";
import { method, type CallContext } from "./callback.js";
import { fromJson, toJson } from "./convert.js";
import { invalid, kind, text } from "./error.js";
import type { Passage, Usage } from "./event.js";
import { Generation } from "./generation.js";
import type { Prompt } from "./llm.js";
import type { Filter } from "./retrieval.js";

type Awaitable<T> = T | PromiseLike<T>;

/** What a model of your own says: text, or one of these. */
export type Piece =
  | string
  | { type: "text"; text: string }
  /** Asks for a tool; without an id, the run gives it one. */
  | { type: "tool_call"; name: string; arguments?: unknown; id?: string }
  /** The last, which may be left out. By default the reason is `tool_calls` if there were any, else `stop`. */
  | { type: "done"; finishReason?: "stop" | "length" | "tool_calls" | "content_filter"; usage?: Partial<Usage> };

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
  generate(
    prompt: Prompt,
    context: CallContext,
  ): Awaitable<Piece | Iterable<Piece> | AsyncIterable<Piece>>;
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
  score(
    question: string,
    passages: Passage[],
    context: CallContext,
  ): Awaitable<readonly number[] | Float32Array>;
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

/**
 * The methods of `retriever`: retrieve, and one that gives its version or null.
 * @internal
 */
export function retrieverMethods(retriever: Retriever): [native.Method, native.Method] {
  demand("retriever", retriever, ["retrieve"]);
  const retrieve = method(async (json, context) => {
    const [question, k, filter] = fromJson<[string, number, Filter | null]>(json);
    if (filter !== null && retriever.retrieve.length < 3) {
      throw new TypeError("expected `retrieve` to have a third parameter, which holds the filter");
    }
    const passages: unknown = await retriever.retrieve(question, k, filter === null ? context : { ...context, filter });
    if (!Array.isArray(passages)) throw new TypeError(`expected an array of passages, got ${kind(passages)}`);
    return toJson("passages", passages.map(wholePassage));
  });
  const version = method(async () => {
    const { version } = retriever;
    return Number.isSafeInteger(version) && (version as number) >= 0 ? String(version) : "null";
  });
  return [retrieve, version];
}

/**
 * The methods of `cache`: get, put and remove.
 * @internal
 */
export function cacheMethods(cache: Cache): [native.Method, native.Method, native.Method] {
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
  return [get, put, remove];
}

/**
 * The reranker that `reranker` is.
 * @internal
 */
export function ownReranker(reranker: Reranker): native.Reranker {
  demand("reranker", reranker, ["score"]);
  const score = method(async (json, context) => {
    const [question, passages] = fromJson<[string, Passage[]]>(json);
    const scores: unknown = await reranker.score(question, passages, context);
    if (scores instanceof Float32Array) return JSON.stringify(Array.from(scores));
    if (!Array.isArray(scores)) throw new TypeError(`expected an array of scores, got ${kind(scores)}`);
    return JSON.stringify(scores);
  });
  return native.Reranker.own(nameOf("reranker", reranker), score);
}

let nameless = 0;

/** The name of an object of the caller's own; one without a name gets one that no other has. */
function nameOf(what: string, object: { readonly name?: string }): string {
  return text("name", object.name ?? `${object.constructor?.name ?? what} ${nameless++}`);
}

/**
 * The model that `llm` is.
 * @internal
 */
export function ownLlm(llm: Llm): native.Llm {
  demand("model", llm, ["generate"]);
  const name = nameOf("model", llm);
  const contextWindow = whole("context window", llm.contextWindow ?? 32_768, 1);
  const open = new Map<number, Generation>();
  const generate = method(async (json) => {
    const step = fromJson<{ generation: number; prompt: Prompt; close: boolean }>(json);
    const begun = open.get(step.generation);
    if (step.close) {
      open.delete(step.generation);
      begun?.close();
      return "null";
    }
    const generation = begun ?? new Generation(llm, step.prompt);
    open.set(step.generation, generation);
    const { done, value } = await generation.next();
    if (done) {
      open.delete(step.generation);
      return "null";
    }
    const piece: unknown = await value;
    if (piece === null || piece === undefined) throw new TypeError(`expected text or a delta, got ${kind(piece)}`);
    return toJson("piece", piece);
  });
  return native.Llm.own(name, contextWindow, generate, tokenCounter(llm));
}

/**
 * The embedder that `embedder` is.
 * @internal
 */
export function ownEmbedder(embedder: Embedder): native.Embedder {
  demand("embedder", embedder, ["embed"]);
  const name = text("embedder name", embedder.name);
  const dimensions = whole("dimensions", embedder.dimensions, 1);
  const maxTokens = embedder.maxTokens === undefined ? undefined : whole("max tokens", embedder.maxTokens, 1);
  const embed = vectorMethod((texts, context) => embedder.embed(texts, context));
  const embedQueries =
    embedder.embedQueries && vectorMethod((texts, context) => embedder.embedQueries?.(texts, context));
  return native.Embedder.own(name, dimensions, maxTokens, embed, embedQueries, tokenCounter(embedder));
}

/** A method of texts that gives their vectors. */
function vectorMethod(work: (texts: string[], context: CallContext) => unknown): native.Method {
  return method(async (json, context) => {
    const vectors: unknown = await work(JSON.parse(json) as string[], context);
    if (!Array.isArray(vectors)) throw new TypeError(`expected an array of vectors, got ${kind(vectors)}`);
    return JSON.stringify(vectors.map((vector: unknown) => (vector instanceof Float32Array ? Array.from(vector) : vector)));
  });
}

/** The method that counts tokens, if there is one. */
function tokenCounter(object: { countTokens?(text: string): number }): native.Method | undefined {
  if (object.countTokens === undefined) return undefined;
  return method(async (json) => {
    const [input] = JSON.parse(json) as [string];
    return String(whole("token count", object.countTokens?.(input), 0));
  });
}

/** `value` if it is a whole number from `least` on that Rust can hold. */
function whole(what: string, value: unknown, least: number): number {
  const number = typeof value === "number" ? value : Number.NaN;
  if (Number.isInteger(number) && number >= least && number <= 0xffff_ffff) return number;
  const found = typeof value === "number" ? String(value) : kind(value);
  throw invalid(what, `expected a whole number from ${least} on, got ${found}`);
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

/**
 * A passage with every field.
 * @internal
 */
export function wholePassage(passage: OwnPassage, index: number): unknown {
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
    const article = what === "embedder" ? "an" : "a";
    throw invalid(what, `expected ${article} ${what} with a method \`${missing}\`, got ${kind(object)}`);
  }
}
