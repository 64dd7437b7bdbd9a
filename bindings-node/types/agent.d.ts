import { type JsonSchema, type StandardSchema, type ToolPolicy } from "./callback.js";
import type { Answer, PendingRun } from "./event.js";
import type { Message } from "./llm.js";
import type { Filter } from "./retrieval.js";
import { type Abortable } from "./runtime.js";
import { EventStream } from "./stream.js";
import { BuiltinTool } from "./tools.js";
/** Options of one run. */
export interface RunOptions extends Abortable {
    /** The conversation that the question belongs to; needs an assistant with `sessions`. */
    session?: string;
    /** What was said before, after what the session remembers. Default: nothing. */
    history?: readonly Message[];
    /**
     * Which runs go first at the model when not all can: while one of a higher priority waits, none of a lower one is
     * started. Default `normal`.
     */
    priority?: "low" | "normal" | "high";
    /** Which passages may be found. Default: all. */
    filter?: Filter;
    /** What the run is granted, for tools that need scopes; a `*` at the end of one stands for any rest. Default: nothing. */
    scopes?: readonly string[];
    /** Tools only say what they would do. Default false. */
    dryRun?: boolean;
    /**
     * Whether the model may, must not or must ask for tools, or for which one it must. Where it must, it does so in its
     * first turn. Default `auto`.
     */
    toolChoice?: "auto" | "none" | "required" | {
        named: string;
    };
    /** Whether the model may ask for several tools in one turn. Default true. */
    parallelCalls?: boolean;
    /**
     * How likely a local model must be to begin a turn with a call for it to call, from 0 to 1: below that it answers in
     * words. {@link Report.callProbability} tells how likely it was. Default: as it samples.
     */
    callThreshold?: number;
    /**
     * Which passages a local model may cite by their numbers, as in `[2]`: `retrieved` ones only, so that it writes no other
     * square bracket; or these, and an answer that has cited nothing ends with one (`required`). Not beside a schema. Default
     * `free`.
     */
    citing?: "free" | "retrieved" | "required";
    /** How long the run may take, where the assistant's limits admit more. */
    deadlineMs?: number;
    /** A JSON Schema that the answer has to fit, as JSON. Default: none, an answer in words. */
    schema?: JsonSchema;
}
/** How a run goes on that waited; all else is as it began. */
export interface GoOnOptions extends Abortable {
    /** What was decided about the waiting calls, by their ids: true, or false or a reason why not. */
    decisions: Readonly<Record<string, boolean | string>>;
}
/** What an agent is as a tool; see {@link Agent.asTool}. */
export interface AsToolOptions extends ToolPolicy {
    /** The name that the model uses: 1 to 64 of `[a-zA-Z0-9_-]`. */
    readonly name: string;
    /** What the model is told about it. */
    readonly description: string;
    /** How many agents may ask each other until this one is not asked any more. Default 4. */
    readonly maxDepth?: number;
}
/** One request of a batch: a question, and the options of its run. */
export interface BatchRequest extends Omit<RunOptions, "signal"> {
    question: string;
}
/** How a batch runs. */
export interface BatchOptions extends Abortable {
    /** How many requests are worked on at the same time. Default 10. */
    concurrency?: number;
}
/** What {@link Agent.extract} gives: the schema's output type, or anything for a plain JSON Schema. */
export type Extracted<Schema> = Schema extends StandardSchema<infer Output> ? Output : any;
/** Whoever answers questions: an assistant, or a router that chooses one of several. */
export declare abstract class Agent {
    /** The answer to a question, after the whole run. */
    run(question: string, options?: RunOptions): Promise<Answer>;
    /** The answer of a run that waited for an approval. */
    run(pending: PendingRun, options: GoOnOptions): Promise<Answer>;
    /**
     * What becomes of many questions, in their order, as `Promise.allSettled` has it: a question that fails does not stop the
     * others. A signal stops all.
     */
    runBatch(requests: readonly (string | BatchRequest)[], options?: BatchOptions): Promise<PromiseSettledResult<Answer>[]>;
    /**
     * The answer to a question as a value that fits a schema: a JSON Schema, a zod schema, or any Standard Schema that can tell its
     * JSON Schema. A local model can write nothing else; the answer of every model is validated.
     */
    extract<const Schema extends JsonSchema | StandardSchema>(question: string, schema: Schema, options?: Omit<RunOptions, "schema">): Promise<Extracted<Schema>>;
    /** The steps of a run as they happen. */
    stream(question: string, options?: RunOptions): EventStream;
    /** The further steps of a run that waited for an approval. */
    stream(pending: PendingRun, options: GoOnOptions): EventStream;
    /**
     * This agent as a tool that assistants may ask: its argument is a question, its value the answer's text. It is
     * asked in the name of the run that calls it, with its scopes, filter, priority and what is left of its deadline, but in no session;
     * its tokens count as the run's own. Where it fails or is too late, the model reads that. Without `timeoutMs` it has 10 minutes.
     */
    asTool({ name, description, maxDepth, ...policy }: AsToolOptions): BuiltinTool;
    /** Stops all runs and lets go of models, tools and documents; later runs are refused. */
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}
