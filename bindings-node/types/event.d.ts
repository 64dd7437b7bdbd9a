/** One step of a run. */
export type Event = RetrievedEvent | TextEvent | ToolCallEvent | ToolOutputEvent | HandedOffEvent | RoutedEvent | DoneEvent;
/** The passages that the model will see, best first. */
export interface RetrievedEvent {
    type: "retrieved";
    /** Their position plus one is the number by which the answer cites them. */
    passages: Passage[];
}
/** More text of the answer. */
export interface TextEvent {
    type: "text";
    /** Whole code points, never empty. */
    text: string;
}
/** The model asks for a tool, which now starts. */
export interface ToolCallEvent {
    type: "tool_call";
    /** Unique within a run. */
    id: string;
    name: string;
    /** As the model wrote them: not validated yet. */
    arguments: unknown;
}
/** A tool has ended. */
export interface ToolOutputEvent {
    type: "tool_output";
    /** The call that this answers. */
    callId: string;
    name: string;
    status: ToolStatus;
    /** The value as text, or an explanation of the failure. */
    content: string;
    /** Whether the value is one that the tool's `cache` had; the tool did not run. */
    cached?: boolean;
    /** Tokens of the models that the tool asked, if it is an assistant and answered. */
    usage?: Usage;
    /** How long the tool ran. */
    elapsedMs: number;
}
/** Another assistant goes on with the conversation; what follows is its own. */
export interface HandedOffEvent {
    type: "handed_off";
    /** Its name. */
    to: string;
}
/** A router has chosen who answers; what follows is the chosen agent's own. */
export interface RoutedEvent {
    type: "routed";
    /** The name of its route. */
    to: string;
    /** What chose it. */
    by: "rule" | "examples" | "model" | "fallback";
    /** The cosine between the question and the nearest example, where examples chose. */
    score?: number;
}
/** The end of the run. */
export interface DoneEvent extends Answer {
    type: "done";
}
/** How a tool call ended. */
export type ToolStatus = "success" | "unknown_tool" | "invalid_arguments" | "error" | "timeout"
/** By a limit of the run. */
 | "refused"
/** A scope or an approval is missing. */
 | "denied" | "rate_limited"
/** It failed too often and is left alone for a while. */
 | "unavailable" | "dry_run";
/** The outcome of a run. */
export interface Answer {
    /** What the person reads. */
    text: string;
    /** The passages that the text rests on, in the order of their numbers. */
    citations: Citation[];
    /** Why the last generation ended. */
    finishReason: "stop" | "length" | "tool_calls" | "content_filter";
    /** Whether the answer came from the cache. */
    cached: boolean;
    /** Tokens of all turns, and of what tools asked models. */
    usage: Usage;
    /** Whose answer this is: the agent to which the conversation was handed over last, or that a router chose. */
    answeredBy?: string;
    /** The run, where calls of its last turn wait for an approval: the text is not the whole answer then. */
    pending?: PendingRun;
    /** What happened, with times. */
    report: Report;
}
/**
 * A run that waits for approvals: all that it takes to go on with it, in this process or another one. It is plain data: keep it
 * as JSON wherever you like, but not where somebody else could change it, since a decision is about the calls as they stand
 * here. {@link Agent.run} goes on with it.
 */
export interface PendingRun {
    /** The calls that wait, in the order of the model. */
    calls: {
        id: string;
        name: string;
        arguments: unknown;
    }[];
}
/** A passage that an answer rests on. */
export interface Citation {
    /** The passage's number in the prompt, from 1. */
    number: number;
    /** The passage's id. */
    passage: string;
    source: string;
    title: string;
    /** `written`: the model wrote the number; `attributed`: the passage shares the answer's words. */
    origin: "written" | "attributed";
}
/** A piece of a stored document that may answer a question. */
export interface Passage {
    /** Stable while the document does not change: `source#number`. */
    id: string;
    source: string;
    title: string;
    /** The headings above the passage, outermost first. */
    headings: string[];
    text: string;
    /** Byte offset of the text in the document. */
    start: number;
    /** The document's fields. */
    metadata: Record<string, string>;
    /** The score that decided the order; higher is better. */
    score: number;
    /** The score of every stage that saw the passage. */
    scores: Scores;
}
/** Scores of a passage; null or left out where a stage did not see it. */
export interface Scores {
    dense: number | null;
    lexical: number | null;
    fused: number | null;
    /** The reranker's. */
    reranked?: number;
    /** Maximal marginal relevance: relevance against what passages before say already. */
    mmr?: number;
}
/** Tokens that were consumed and produced. */
export interface Usage {
    inputTokens: number;
    outputTokens: number;
    /** Tokens of the prompts that were taken from a cache instead of being computed. */
    cachedTokens: number;
}
/** Counts and times of a run. Retrieval, generation, tools, reading and overhead are the parts of the total. */
export interface Report {
    /** From the start to the first text; null if there was no text. */
    firstTokenMs: number | null;
    totalMs: number;
    retrievalMs: number;
    /** Waiting for the model, over all turns: its queue, the prompt and the text. */
    generationMs: number;
    /** Writing text, over all turns, from the first text of each turn to its end. */
    decodingMs: number;
    toolsMs: number;
    /** What the reader of the events took between them. */
    readingMs: number;
    /** What the run itself took, with session store and cache. */
    overheadMs: number;
    /** Generations. */
    turns: number;
    /** Tool calls that were answered. */
    toolCalls: number;
    /**
     * How likely a local model was to begin its first turn with a call of a tool, from 0 to 1; null where it did not have
     * the choice.
     */
    callProbability: number | null;
    /** Null when nothing was generated. */
    tokensPerSecond: number | null;
    /** What the tokens of the run cost, those of agents that it asked included; null where no prices are known. */
    cost: number | null;
}
/** The JSON form of an event, which is the same in all languages: snake-case keys, no times. */
export declare function eventToJson(event: Event): Record<string, unknown>;
