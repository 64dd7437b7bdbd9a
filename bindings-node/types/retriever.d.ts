import type { Passage } from "./event.js";
import type { Reranker } from "./own.js";
import { type LocalReranker } from "./reranker.js";
import type { Filter, RetrieveOptions, SearchMode } from "./retrieval.js";
/** How a {@link KnowledgeRetriever} finds passages: search, then reranking, then diversity. */
export interface RetrieverOptions {
    /** At most this many passages, also where more are asked for. Default: what is asked for. */
    k?: number;
    /** How passages are searched. Default: the knowledge base's own. */
    mode?: SearchMode;
    /** Which passages may be found, beside what a retrieval or run itself says. Default: all. */
    filter?: Filter;
    /**
     * Whether what was found is put in a new order: without a `reranker`, by the words that passages share with the
     * question and not with each other. Default: whether there is a `reranker`.
     */
    rerank?: boolean;
    /** What gives each passage a score: a cross-encoder, or an object of your own. */
    reranker?: LocalReranker | Reranker;
    /**
     * How much relevance counts against what passages before said already, from 0 to 1 (maximal marginal relevance);
     * near-duplicates are left out. Default: not asked.
     */
    mmr?: number;
    /** Passages that are found for these stages. Default 50. */
    candidates?: number;
}
/** The passages of a knowledge base, found in several stages. Made by {@link KnowledgeBase.retriever}. */
export declare class KnowledgeRetriever {
    #private;
    /** The passages for a question, best first; by default as many as the options say, else 5. */
    retrieve(question: string, options?: Omit<RetrieveOptions, "mode">): Promise<Passage[]>;
}
