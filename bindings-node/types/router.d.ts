import { Agent, type BatchRequest } from "./agent.js";
import { type PackagedEmbedder } from "./embedder.js";
import { LocalLlm, ScriptedLlm } from "./llm.js";
import type { Embedder, Llm } from "./own.js";
import type { RemoteLlm } from "./remote_llm.js";
/** One of the agents of a {@link Router}, and what chooses it. One rule that fits is enough. */
export interface Route {
    /** {@link Answer.answeredBy} says it: 1 to 64 of `[a-zA-Z0-9_-]`. */
    readonly name: string;
    /** What it answers, for a model that chooses. */
    readonly description: string;
    /** Who answers. */
    readonly agent: Agent;
    /** A rule: the question has one of these words or phrases, whole and in either case. */
    readonly words?: readonly string[];
    /** A rule: one of these regular expressions, in the syntax of Rust's crate `regex`, matches somewhere in the question. */
    readonly patterns?: readonly string[];
    /** A rule: the run has a deadline, of at most this. */
    readonly maxDeadlineMs?: number;
    /** A rule: a function, async or not, that gets the question with its options and says whether. */
    readonly when?: (request: BatchRequest) => boolean | PromiseLike<boolean>;
    /** Questions that are like those for this agent, by the router's embedder. */
    readonly examples?: readonly string[];
}
/** The parts of a {@link Router}. */
export interface RouterOptions {
    /** The agent that answers what no other one is chosen for. */
    readonly fallback: Route;
    /** The other agents. */
    readonly routes?: readonly Route[];
    /** Compares questions with the examples of the routes. */
    readonly embedder?: PackagedEmbedder | Embedder;
    /** The cosine from which on a question is like an example, from -1 to 1. Default 0.5. */
    readonly threshold?: number;
    /** A model that names an agent where neither rules nor examples choose; a local one can write nothing else. */
    readonly llm?: LocalLlm | RemoteLlm | ScriptedLlm | Llm;
}
/**
 * An agent that chooses, for each question, one of several agents that answers it.
 *
 * The first of these that says something chooses: the rules of each route, in the order of the routes and those of the
 * fallback last; the examples of all routes; the model; the fallback. The stream begins with the event `routed`, what follows is
 * the chosen agent's own, and {@link Answer.answeredBy} names it. It gets the question with all its options as they are.
 */
export declare class Router extends Agent {
    constructor(options: RouterOptions);
}
