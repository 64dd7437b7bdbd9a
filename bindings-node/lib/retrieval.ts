import * as native from "../native.js";
import { fromJson, optionsToJson, toJson } from "./convert.js";
import { invalid, kind, text, texts } from "./error.js";
import type { Passage } from "./event.js";
import { ownEmbedder, type Embedder } from "./own.js";
import { abortable, now, watched, type Abortable } from "./runtime.js";

/** A sentence encoder that runs in this process. */
export class LocalEmbedder {
  /** @internal */
  readonly native: native.Embedder;

  private constructor(embedder: native.Embedder) {
    this.native = embedder;
  }

  /** Loads an encoder by its name in {@link models} or by the path of its folder; fetches nothing. */
  static async open(nameOrPath: string, options: Abortable = {}): Promise<LocalEmbedder> {
    const name = text("model", nameOrPath);
    return new LocalEmbedder(
      await abortable(options.signal, (cancellation) => native.Embedder.open(name, cancellation)),
    );
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

  /** One vector of length 1 for each text, in order. */
  async embed(input: readonly string[], options: Abortable = {}): Promise<Float32Array[]> {
    return embed(this.native, input, options);
  }
}

/** Vectors without a model: texts that share words are near. For tests and examples. */
export class HashedEmbedder {
  /** @internal */
  readonly native: native.Embedder;

  constructor(dimensions: number) {
    if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 65_536) {
      throw invalid("dimensions", `expected a whole number from 1 to 65536, got ${String(dimensions)}`);
    }
    this.native = now(() => native.Embedder.hashed(dimensions));
  }

  /** The embedder's identity. */
  get name(): string {
    return this.native.name;
  }

  /** Length of every vector. */
  get dimensions(): number {
    return this.native.dimensions;
  }

  /** One vector of length 1 for each text, in order. */
  async embed(input: readonly string[], options: Abortable = {}): Promise<Float32Array[]> {
    return embed(this.native, input, options);
  }
}

async function embed(
  embedder: native.Embedder,
  input: readonly string[],
  options: Abortable,
): Promise<Float32Array[]> {
  const checked = texts("texts", input);
  return abortable(options.signal, (cancellation) => embedder.embed(checked, cancellation));
}

/** How passages are found: by vectors and words, by vectors, by words. */
export type SearchMode = "hybrid" | "dense" | "lexical";

/** Parameters of the graph that finds vectors in a large {@link KnowledgeBase}. */
export interface HnswOptions {
  /** Neighbours of a node in each layer, 2 to 128. More finds more and needs more memory. Default 16. */
  m?: number;
  /** Candidates considered for each node while the graph is built. Default 200. */
  efConstruction?: number;
  /** Candidates considered by a search. More finds more and takes longer. Default 96. */
  ef?: number;
  /** Changed chunks after which the graph is rebuilt in the background. Default 1 000. */
  rebuildAfter?: number;
}

/** Settings of a {@link KnowledgeBase}. */
export interface KnowledgeBaseOptions {
  /** Tokens of a chunk, title and headings included; never more than the embedder reads. Default 512. */
  chunkTokens?: number;
  /** Tokens that a chunk repeats from the one before, in whole sentences. Default 64. */
  chunkOverlap?: number;
  /** Up to this many chunks, vectors are searched exactly; above it, with HNSW. Default 10 000. */
  annThreshold?: number;
  /** Parameters of the HNSW graph. */
  hnsw?: HnswOptions;
  /** How passages are found. Default `hybrid`. */
  mode?: SearchMode;
  /** How many results of each list enter the fusion. Default 100. */
  fusionDepth?: number;
  /** Files above this many bytes are not read but reported. Default 32 MiB. */
  maxFileBytes?: number;
  /** What survives a loss of power. Default `normal`: a killed process loses nothing. */
  durability?: "normal" | "full";
}

/** What a {@link KnowledgeBase} holds. */
export interface KnowledgeBaseInfo {
  /** The store's file; `:memory:` for one without. */
  path: string;
  documents: number;
  chunks: number;
  /** The embedder's name. */
  embedder: string;
  /** Length of its vectors. */
  dimensions: number;
  /** How vectors are searched now: one by one, or in a graph that covers this many chunks. */
  vectors: { kind: "exact" } | { kind: "hnsw"; covered: number };
}

/** A text to store. */
export interface Document {
  /** Unique in a store: a path, a URL or a name. Storing it again replaces the document. */
  source: string;
  title?: string;
  /** Plain text or Markdown. */
  text: string;
  /** Your own fields, kept with every passage. */
  metadata?: Record<string, string>;
}

/** How far an ingest is, told after every document. */
export interface IngestProgress {
  /** The document that was just dealt with. */
  source: string;
  /** Documents dealt with, this one included. */
  done: number;
  /** Documents of this ingest. */
  total: number;
  /** Chunks written so far. */
  chunks: number;
}

/** What an ingest did. */
export interface IngestReport {
  added: number;
  updated: number;
  unchanged: number;
  deleted: number;
  /** Documents that could not be stored; what was stored of them before is kept. */
  failed: { source: string; reason: string }[];
  /** Chunks that were written. */
  chunks: number;
}

/** Options of an ingest. */
export interface IngestOptions extends Abortable {
  /** Is told how far it is; what it throws ends the ingest. */
  onProgress?: (progress: IngestProgress) => void;
}

/** Options of a retrieval. */
export interface RetrieveOptions extends Abortable {
  /** At most this many passages. Default 5. */
  k?: number;
  /** How passages are found. Default: the knowledge base's own. */
  mode?: SearchMode;
}

/** The user's documents, searchable by meaning and by words. */
export class KnowledgeBase {
  /** @internal */
  readonly native: native.KnowledgeBase;

  private constructor(base: native.KnowledgeBase) {
    this.native = base;
  }

  static async #opened(
    embedder: LocalEmbedder | HashedEmbedder | Embedder,
    options: KnowledgeBaseOptions & Abortable,
    open: (
      vectors: native.Embedder,
      json: string,
      cancellation: native.Cancellation,
    ) => Promise<native.KnowledgeBase>,
  ): Promise<KnowledgeBase> {
    const { signal, ...rest } = options;
    const [vectors, json] = [nativeEmbedder(embedder), optionsToJson("knowledge base options", rest)];
    return new KnowledgeBase(await abortable(signal, (cancellation) => open(vectors, json, cancellation)));
  }

  /** Opens the store in a directory, or makes one, with an embedder of this package or an object of your own. */
  static async open(
    dir: string,
    embedder: LocalEmbedder | HashedEmbedder | Embedder,
    options: KnowledgeBaseOptions & Abortable = {},
  ): Promise<KnowledgeBase> {
    const path = text("directory", dir);
    return KnowledgeBase.#opened(embedder, options, (vectors, json, cancellation) =>
      native.KnowledgeBase.open(path, vectors, json, cancellation),
    );
  }

  /**
   * Opens an existing store for searching only; never busy. Another process may write to it meanwhile; each
   * search sees its latest commit.
   */
  static async openReadOnly(
    dir: string,
    embedder: LocalEmbedder | HashedEmbedder | Embedder,
    options: KnowledgeBaseOptions & Abortable = {},
  ): Promise<KnowledgeBase> {
    const path = text("directory", dir);
    return KnowledgeBase.#opened(embedder, options, (vectors, json, cancellation) =>
      native.KnowledgeBase.openReadOnly(path, vectors, json, cancellation),
    );
  }

  /** An empty knowledge base in memory. */
  static async inMemory(
    embedder: LocalEmbedder | HashedEmbedder | Embedder,
    options: KnowledgeBaseOptions & Abortable = {},
  ): Promise<KnowledgeBase> {
    return KnowledgeBase.#opened(embedder, options, (vectors, json, cancellation) =>
      native.KnowledgeBase.inMemory(vectors, json, cancellation),
    );
  }

  /** Brings the store up to date with the files under `dir`: only what changed is embedded again. */
  async ingestDir(dir: string, options: IngestOptions = {}): Promise<IngestReport> {
    const path = text("directory", dir);
    return this.#ingest(options, (tell, cancellation) => this.native.ingestDir(path, tell, cancellation));
  }

  /** Brings the store up to date with these files. */
  async ingestFiles(files: readonly string[], options: IngestOptions = {}): Promise<IngestReport> {
    const paths = texts("files", files);
    return this.#ingest(options, (tell, cancellation) => this.native.ingestFiles(paths, tell, cancellation));
  }

  /** Stores documents. */
  async ingest(documents: readonly Document[], options: IngestOptions = {}): Promise<IngestReport> {
    if (!Array.isArray(documents)) throw invalid("documents", `expected an array, got ${kind(documents)}`);
    const json = toJson("documents", documents.map((document: Document) => ({ title: "", ...document })));
    return this.#ingest(options, (tell, cancellation) => this.native.ingest(json, tell, cancellation));
  }

  /** Removes documents by source and gives how many there were. */
  async delete(sources: readonly string[], options: Abortable = {}): Promise<number> {
    const checked = texts("sources", sources);
    return abortable(options.signal, (cancellation) => this.native.delete(checked, cancellation));
  }

  /** The passages for a question, best first. */
  async retrieve(question: string, options: RetrieveOptions = {}): Promise<Passage[]> {
    const { k = 5, mode, signal } = options;
    const query = toJson("query", { text: text("question", question), k });
    const modeJson = mode === undefined ? null : toJson("mode", mode);
    return fromJson(
      await abortable(signal, (cancellation) => this.native.retrieve(query, modeJson, cancellation)),
    );
  }

  /**
   * Waits until the graph, if there are enough chunks for one, covers every chunk. Searches go on meanwhile and
   * need not wait for it.
   */
  async rebuild(options: Abortable = {}): Promise<void> {
    await abortable(options.signal, (cancellation) => this.native.rebuild(cancellation));
  }

  /** What is stored and how it is searched. */
  get info(): KnowledgeBaseInfo {
    return fromJson(now(() => this.native.info()));
  }

  /** The number of chunks. */
  get chunks(): number {
    return now(() => this.native.chunks);
  }

  /** The number of documents. */
  get documents(): number {
    return now(() => this.native.documents);
  }

  /**
   * Lets go of the store, so that another process can open it once the promise is settled; later calls are
   * refused. It stays open while an assistant has it that is not closed.
   */
  async close(): Promise<void> {
    await this.native.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #ingest(
    options: IngestOptions,
    work: (tell: (json: string) => void, cancellation: native.Cancellation) => Promise<string>,
  ): Promise<IngestReport> {
    return fromJson(await watched<string, IngestProgress>(options, work));
  }
}

function nativeEmbedder(embedder: LocalEmbedder | HashedEmbedder | Embedder): native.Embedder {
  const isBuiltIn = embedder instanceof LocalEmbedder || embedder instanceof HashedEmbedder;
  return isBuiltIn ? embedder.native : ownEmbedder(embedder);
}
