import * as native from "../native.js";
import { MemoryCache } from "./cache.js";
import { optionsToJson } from "./convert.js";
import { invalid, text, texts } from "./error.js";
import { cacheMethods, ownEmbedder, type Cache, type Embedder } from "./own.js";
import { abortable, now, type Abortable } from "./runtime.js";

/** What all embedders of this package have. */
export abstract class PackagedEmbedder {
  /** @internal */
  readonly native: native.Embedder;

  /** @internal */
  protected constructor(embedder: native.Embedder) {
    this.native = embedder;
  }

  /** The embedder's identity. */
  get name(): string {
    return this.native.name;
  }

  /** Length of every vector. */
  get dimensions(): number {
    return this.native.dimensions;
  }

  /** How many tokens of a text count; the rest is ignored. */
  get maxTokens(): number {
    return this.native.maxTokens;
  }

  /** One vector of length 1 for each passage, in order. */
  async embed(input: readonly string[], options: Abortable = {}): Promise<Float32Array[]> {
    const checked = texts("texts", input);
    return abortable(options.signal, (cancellation) => this.native.embed(checked, cancellation));
  }

  /** One vector of length 1 for each question, which some models tell from passages. */
  async embedQueries(input: readonly string[], options: Abortable = {}): Promise<Float32Array[]> {
    const checked = texts("texts", input);
    return abortable(options.signal, (cancellation) => this.native.embedQueries(checked, cancellation));
  }
}

/** How a {@link LocalEmbedder} is opened. */
export interface LocalEmbedderOptions extends Abortable {
  /** Put before every question. Default what the model's folder says, else nothing. */
  queryPrompt?: string;
  /** Put before every passage. Default what the model's folder says, else nothing. */
  passagePrompt?: string;
}

/** A sentence encoder that runs in this process. */
export class LocalEmbedder extends PackagedEmbedder {
  /** Loads an encoder by its name in {@link models} or by the path of its folder; fetches nothing. */
  static async open(nameOrPath: string, options: LocalEmbedderOptions = {}): Promise<LocalEmbedder> {
    const { signal, ...prompts } = options;
    const [name, json] = [text("model", nameOrPath), optionsToJson("embedder options", prompts)];
    return new LocalEmbedder(
      await abortable(signal, (cancellation) => native.Embedder.open(name, json, cancellation)),
    );
  }
}

/** Vectors without a model: texts that share words are near. For tests and examples. */
export class HashedEmbedder extends PackagedEmbedder {
  constructor(dimensions: number) {
    if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 65_536) {
      throw invalid("dimensions", `expected a whole number from 1 to 65536, got ${String(dimensions)}`);
    }
    super(now(() => native.Embedder.hashed(dimensions)));
  }
}

/** Settings of a {@link RemoteEmbedder}. */
export interface RemoteEmbedderOptions extends Abortable {
  /** Goes with every request as a bearer token. Default none. */
  apiKey?: string;
  /** Length of vectors that the server is asked for. Default the model's own, which a first request finds out. */
  dimensions?: number;
  /** Tokens of a text that count, of three bytes each. Default 512. */
  maxTokens?: number;
  /** Texts of a request. Default 64. */
  batch?: number;
  /** Put before every question. Default nothing. */
  queryPrompt?: string;
  /** Put before every passage. Default nothing. */
  passagePrompt?: string;
  /** How long a request may take. Default 60 s. */
  timeoutMs?: number;
}

/** A model behind a server that speaks OpenAI's protocol for embeddings (`POST /embeddings`). */
export class RemoteEmbedder extends PackagedEmbedder {
  /** An embedder by a model of the server at a URL, for example `https://api.openai.com/v1`. */
  static async open(
    url: string,
    model: string,
    options: RemoteEmbedderOptions = {},
  ): Promise<RemoteEmbedder> {
    const { signal, ...rest } = options;
    const [place, name] = [text("URL", url), text("model", model)];
    const json = optionsToJson("embedder options", rest);
    return new RemoteEmbedder(
      await abortable(signal, (cancellation) => native.Embedder.remote(place, name, json, cancellation)),
    );
  }
}

/**
 * Computes the vector of a passage once and keeps it in a cache, by the embedder's name and the text. Embedders of
 * different names, and answers, may share the cache. Questions are not kept.
 */
export class CachedEmbedder extends PackagedEmbedder {
  constructor(embedder: PackagedEmbedder | Embedder, cache: MemoryCache | Cache) {
    const inner = nativeEmbedder(embedder);
    super(
      cache instanceof MemoryCache
        ? native.Embedder.cached(inner, cache.native)
        : native.Embedder.cachedBy(inner, ...cacheMethods(cache)),
    );
  }
}

/** @internal */
export function nativeEmbedder(embedder: PackagedEmbedder | Embedder): native.Embedder {
  return embedder instanceof PackagedEmbedder ? embedder.native : ownEmbedder(embedder);
}
