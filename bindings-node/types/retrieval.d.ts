import type { Passage } from "./event.js";
import { type Embedder } from "./own.js";
import { type Abortable } from "./runtime.js";
/** A sentence encoder that runs in this process. */
export declare class LocalEmbedder {
    private constructor();
    /** Loads an encoder by its name in {@link models} or by the path of its folder; fetches nothing. */
    static open(nameOrPath: string, options?: Abortable): Promise<LocalEmbedder>;
    /** The embedder's identity. */
    get name(): string;
    /** Length of every vector. */
    get dimensions(): number;
    /** How many tokens of a text count; the rest is ignored. */
    get maxTokens(): number;
    /** One vector of length 1 for each text, in order. */
    embed(input: readonly string[], options?: Abortable): Promise<Float32Array[]>;
}
/** Vectors without a model: texts that share words are near. For tests and examples. */
export declare class HashedEmbedder {
    constructor(dimensions: number);
    /** The embedder's identity. */
    get name(): string;
    /** Length of every vector. */
    get dimensions(): number;
    /** One vector of length 1 for each text, in order. */
    embed(input: readonly string[], options?: Abortable): Promise<Float32Array[]>;
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
    vectors: {
        kind: "exact";
    } | {
        kind: "hnsw";
        covered: number;
    };
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
    failed: {
        source: string;
        reason: string;
    }[];
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
export declare class KnowledgeBase {
    #private;
    private constructor();
    /** Opens the store in a directory, or makes one, with an embedder of this package or an object of your own. */
    static open(dir: string, embedder: LocalEmbedder | HashedEmbedder | Embedder, options?: KnowledgeBaseOptions & Abortable): Promise<KnowledgeBase>;
    /**
     * Opens an existing store for searching only; never busy. Another process may write to it meanwhile; each
     * search sees its latest commit.
     */
    static openReadOnly(dir: string, embedder: LocalEmbedder | HashedEmbedder | Embedder, options?: KnowledgeBaseOptions & Abortable): Promise<KnowledgeBase>;
    /** An empty knowledge base in memory. */
    static inMemory(embedder: LocalEmbedder | HashedEmbedder | Embedder, options?: KnowledgeBaseOptions & Abortable): Promise<KnowledgeBase>;
    /** Brings the store up to date with the files under `dir`: only what changed is embedded again. */
    ingestDir(dir: string, options?: IngestOptions): Promise<IngestReport>;
    /** Brings the store up to date with these files. */
    ingestFiles(files: readonly string[], options?: IngestOptions): Promise<IngestReport>;
    /** Stores documents. */
    ingest(documents: readonly Document[], options?: IngestOptions): Promise<IngestReport>;
    /** Removes documents by source and gives how many there were. */
    delete(sources: readonly string[], options?: Abortable): Promise<number>;
    /** The passages for a question, best first. */
    retrieve(question: string, options?: RetrieveOptions): Promise<Passage[]>;
    /**
     * Waits until the graph, if there are enough chunks for one, covers every chunk. Searches go on meanwhile and
     * need not wait for it.
     */
    rebuild(options?: Abortable): Promise<void>;
    /** What is stored and how it is searched. */
    get info(): KnowledgeBaseInfo;
    /** The number of chunks. */
    get chunks(): number;
    /** The number of documents. */
    get documents(): number;
    /**
     * Lets go of the store, so that another process can open it once the promise is settled; later calls are
     * refused. It stays open while an assistant has it that is not closed.
     */
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}
