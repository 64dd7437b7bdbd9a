import { MemoryCache } from "./cache.js";
import { type Cache, type Embedder } from "./own.js";
import { type Abortable } from "./runtime.js";
/** What all embedders of this package have. */
export declare abstract class PackagedEmbedder {
    /** The embedder's identity. */
    get name(): string;
    /** Length of every vector. */
    get dimensions(): number;
    /** How many tokens of a text count; the rest is ignored. */
    get maxTokens(): number;
    /** One vector of length 1 for each passage, in order. */
    embed(input: readonly string[], options?: Abortable): Promise<Float32Array[]>;
    /** One vector of length 1 for each question, which some models tell from passages. */
    embedQueries(input: readonly string[], options?: Abortable): Promise<Float32Array[]>;
}
/** How a {@link LocalEmbedder} is opened. */
export interface LocalEmbedderOptions extends Abortable {
    /** Put before every question. Default what the model's folder says, else nothing. */
    queryPrompt?: string;
    /** Put before every passage. Default what the model's folder says, else nothing. */
    passagePrompt?: string;
}
/** A sentence encoder that runs in this process. */
export declare class LocalEmbedder extends PackagedEmbedder {
    /** Loads an encoder by its name in {@link models} or by the path of its folder; fetches nothing. */
    static open(nameOrPath: string, options?: LocalEmbedderOptions): Promise<LocalEmbedder>;
}
/** Vectors without a model: texts that share words are near. For tests and examples. */
export declare class HashedEmbedder extends PackagedEmbedder {
    constructor(dimensions: number);
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
export declare class RemoteEmbedder extends PackagedEmbedder {
    /** An embedder by a model of the server at a URL, for example `https://api.openai.com/v1`. */
    static open(url: string, model: string, options?: RemoteEmbedderOptions): Promise<RemoteEmbedder>;
}
/**
 * Computes the vector of a passage once and keeps it in a cache, by the embedder's name and the text. Embedders of
 * different names, and answers, may share the cache. Questions are not kept.
 */
export declare class CachedEmbedder extends PackagedEmbedder {
    constructor(embedder: PackagedEmbedder | Embedder, cache: MemoryCache | Cache);
}
