import { type PackagedEmbedder } from "./embedder.js";
import type { Passage } from "./event.js";
import type { Embedder } from "./own.js";
import { KnowledgeRetriever, type RetrieverOptions } from "./retriever.js";
import { type Abortable } from "./runtime.js";
import type { CompactReport, StoreCheck, StoreInfo } from "./store.js";
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
    /** The length of all its files in bytes; 0 for one without. */
    bytes: number;
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
/** How far an ingest, an export or an import is, told after every document. */
export interface IngestProgress {
    /** The document that was just dealt with. */
    source: string;
    /** Documents dealt with, this one included. */
    done: number;
    /** All documents. */
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
/** Options of an ingest, an export or an import. */
export interface IngestOptions extends Abortable {
    /** Is told how far it is; what it throws ends the work. */
    onProgress?: (progress: IngestProgress) => void;
}
/** Options of an ingest of a directory. */
export interface IngestDirOptions extends IngestOptions {
    /**
     * Which files, by their paths below the directory: `*` and `?` stand for parts of a name, `**` for any number of
     * folders, `{a,b}` for one of several. Default all whose formats are known.
     */
    glob?: string;
}
/** What of a web site to ingest. */
export interface WebOptions extends IngestOptions {
    /** How many links away from the first page to go, on the same host. Default 0: only that page. */
    depth?: number;
    /** At most this many pages are asked for. Default 100. */
    maxPages?: number;
    /** Pages above this many bytes are not read but reported. Default 8 MiB. */
    maxBytes?: number;
    /** Redirects that are followed for one page. Default 5. */
    maxRedirects?: number;
    /** How long one page may take, redirects included. Default 3 000. */
    timeoutMs?: number;
    /** Who asks. Default `rushlight/` and the version. */
    userAgent?: string;
    /** Hosts whose addresses need not be public, as `localhost`. Default none. */
    allowedHosts?: readonly string[];
}
/** Options of a retrieval. */
export interface RetrieveOptions extends Abortable {
    /** At most this many passages. Default 5. */
    k?: number;
    /** How passages are found. Default: the knowledge base's own. */
    mode?: SearchMode;
    /** Which passages may be found. Default: all. */
    filter?: Filter;
}
/**
 * A condition on the metadata of a passage's document; the field `source` is the document's source. A condition on a
 * field that a document does not have does not hold. Values are compared as they are written.
 */
export type Filter = {
    field: string;
    equals: string;
} | {
    field: string;
    anyOf: readonly string[];
} | {
    field: string;
    startsWith: string;
} | {
    field: string;
    exists: boolean;
} | {
    all: readonly Filter[];
} | {
    any: readonly Filter[];
} | {
    not: Filter;
};
/** The user's documents, searchable by meaning and by words. */
export declare class KnowledgeBase {
    #private;
    private constructor();
    /** Opens the store in a directory, or makes one, with an embedder of this package or an object of your own. */
    static open(dir: string, embedder: PackagedEmbedder | Embedder, options?: KnowledgeBaseOptions & Abortable): Promise<KnowledgeBase>;
    /**
     * Opens an existing store for searching only; never busy. Another process may write to it meanwhile; each
     * search sees its latest commit.
     */
    static openReadOnly(dir: string, embedder: PackagedEmbedder | Embedder, options?: KnowledgeBaseOptions & Abortable): Promise<KnowledgeBase>;
    /** An empty knowledge base in memory. */
    static inMemory(embedder: PackagedEmbedder | Embedder, options?: KnowledgeBaseOptions & Abortable): Promise<KnowledgeBase>;
    /**
     * Brings the store up to date with the files under `dir`: text, Markdown, HTML, PDF files with text, source code
     * and JSON Lines (a document a line, with the field `text`). Only what changed is embedded again.
     */
    ingestDir(dir: string, options?: IngestDirOptions): Promise<IngestReport>;
    /**
     * Brings the store up to date with a web page, or with the pages of its site that can be reached from it. What
     * `robots.txt` forbids is not read. Only public addresses are connected to, also by redirects, unless the host is
     * one of `allowedHosts`.
     */
    ingestUrl(url: string, options?: WebOptions): Promise<IngestReport>;
    /** Brings the store up to date with these files. */
    ingestFiles(files: readonly string[], options?: IngestOptions): Promise<IngestReport>;
    /** Stores documents. */
    ingest(documents: readonly Document[], options?: IngestOptions): Promise<IngestReport>;
    /** Removes documents by source and gives how many there were. */
    delete(sources: readonly string[], options?: Abortable): Promise<number>;
    /** The passages for a question, best first. */
    retrieve(question: string, options?: RetrieveOptions): Promise<Passage[]>;
    /** A retriever that searches, and then may put what it found in a better order and leave out what repeats. */
    retriever(options?: RetrieverOptions): KnowledgeRetriever;
    /**
     * Waits until the graph, if there are enough chunks for one, covers every chunk. Searches go on meanwhile and
     * need not wait for it.
     */
    rebuild(options?: Abortable): Promise<void>;
    /**
     * Makes the store's files as small as they can be: without the room that removed documents took. Waits for an
     * ingest that is at work; searches wait meanwhile. Needs as much free space again.
     */
    compact(options?: Abortable): Promise<CompactReport>;
    /**
     * Writes everything that is stored, vectors included, to a file of JSON Lines: a header with the embedder's name and
     * dimensions, then a document a line with its chunks, whose vectors are little-endian 32-bit floats in Base64.
     * `importFrom` fills a store from it without embedding, and scripts fill other databases.
     */
    exportTo(path: string, options?: IngestOptions): Promise<void>;
    /**
     * Stores every document of a file that `exportTo` wrote, each in place of the one of the same source; embeds
     * nothing.
     */
    importFrom(path: string, options?: IngestOptions): Promise<IngestReport>;
    /** What the store in a directory holds, without opening it: which embedder it needs, for example. */
    static inspect(dir: string, options?: Abortable): Promise<StoreInfo>;
    /**
     * Looks at everything that the store in a directory holds, for damage. Takes any store, also one that is in use or
     * too damaged to be opened; needs no embedder and changes nothing.
     */
    static check(dir: string, options?: Abortable): Promise<StoreCheck>;
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
