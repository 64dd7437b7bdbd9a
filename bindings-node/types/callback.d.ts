/** What a function or method of yours may use while it runs. */
export interface CallContext {
    /** Aborted when nobody waits for its value any more: at a timeout, and when the run is stopped. */
    readonly signal: AbortSignal;
}
/** A JSON Schema (2020-12) of type `object`. */
export type JsonSchema = {
    readonly [keyword: string]: unknown;
};
/** A schema of a validation library: zod, or any other that follows Standard Schema. */
export interface StandardSchema<Output = unknown> {
    readonly "~standard": {
        readonly version: 1;
        readonly vendor: string;
        readonly validate: (value: unknown) => Validated<Output> | Promise<Validated<Output>>;
        readonly types?: {
            readonly input: unknown;
            readonly output: Output;
        } | undefined;
    };
}
type Validated<Output> = {
    readonly value: Output;
    readonly issues?: undefined;
} | {
    readonly issues: ReadonlyArray<{
        readonly message: string;
        readonly path?: ReadonlyArray<unknown> | undefined;
    }>;
};
/** What `execute` gets: the schema's output type, or any fields for a plain JSON Schema. */
export type ToolArguments<Schema> = Schema extends StandardSchema<infer Output> ? Output : Record<string, any>;
/** For which run a function is called, and what it may use meanwhile. */
export interface ToolContext extends CallContext {
    /** The conversation of the run, if it belongs to one. */
    readonly session?: string;
    /** The conversation for which it was begun, by a tool or a hand-off of another run. */
    readonly onBehalfOf?: string;
    /** What the run was granted; `read:*` stands for every scope that begins with `read:`. */
    readonly scopes: readonly string[];
    /** How long until tools are stopped, so that the run has time for its last answer. */
    readonly timeLeftMs?: number;
}
/** What keeps the calls of one tool in check. */
export interface ToolPolicy {
    /** How long one call may take, with what it waits for. Default: what the assistant's `toolTimeoutMs` says. */
    readonly timeoutMs?: number;
    /** How often it may be called, for example `100/min` or `5/s`. Default: as often as anybody likes. */
    readonly rate?: string;
    /** Whose calls share the rate: all of the tool, or those of one session. Default `tool`. */
    readonly rateKey?: "tool" | "session";
    /** What becomes of a call that comes faster: it waits where the timeout admits, or is refused. Default `wait`. */
    readonly rateExcess?: "wait" | "refuse";
    /** How many calls run at once; others wait in line. Default: any number. */
    readonly concurrency?: number;
    /** What a run must have been granted, all of them. Default: nothing. */
    readonly scopes?: readonly string[];
    /** Whether a run that lacks scopes is not told of the tool. Default true. */
    readonly hidden?: boolean;
    /** Whether running it twice with the same arguments does no more than running it once. Default false. */
    readonly idempotent?: boolean;
    /**
     * How often a call that failed is made again, if the tool is idempotent or has a cache. An error whose `retryAfterMs` is a
     * number says when. Default 0.
     */
    readonly retries?: number;
    /** How long a value, for example `10m`, is given again to calls with the same arguments, whoever makes them. */
    readonly cache?: string | ResultCache;
    /** When the tool is left alone because it fails again and again. Default: never. */
    readonly breaker?: CircuitBreaker;
    /** Whether the assistant's `approver` is asked before each call. Default false. */
    readonly approve?: boolean;
    /** Whether each call only says what would run. Default false. */
    readonly dryRun?: boolean;
}
/** For how long, and how many, values of a tool are given again to calls with the same arguments. */
export interface ResultCache {
    readonly ttlMs: number;
    /** How many values are kept; then the oldest goes. Default 256. */
    readonly entries?: number;
}
/** After how many failures in a row a tool is left alone, and for how long. */
export interface CircuitBreaker {
    /** Default 5. */
    readonly failures?: number;
    /** Default 30 seconds. */
    readonly openForMs?: number;
}
/** A call that waits for an approval. */
export interface ApprovalRequest {
    readonly id: string;
    readonly name: string;
    readonly arguments: Record<string, any>;
}
/**
 * What is decided about a call: true lets it run; false, or a string that says why, refuses it, and the model reads that. With null
 * nobody has decided yet: the run ends with an {@link Answer.pending}, and can go on later.
 */
export type Decision = boolean | string | null;
/**
 * Decides about calls of tools with `approve`. It may take as long as the run may. Where it throws, or gives something else, the
 * call does not run.
 */
export type Approver = (call: ApprovalRequest, context: ToolContext) => Decision | Promise<Decision>;
/** A function as a tool. */
export interface ToolDefinition<Schema extends JsonSchema | StandardSchema> extends ToolPolicy {
    /** The name that the model uses: 1 to 64 of `[a-zA-Z0-9_-]`. */
    readonly name: string;
    /** What it does and when to use it, written for the model. */
    readonly description: string;
    /** The arguments: a plain JSON Schema, a zod schema, or any Standard Schema that can tell its JSON Schema. */
    readonly input: Schema;
    /**
     * Runs the tool; may be async. A string is shown to the model as it is, other values as JSON. What it throws
     * is an output that the model reads, too.
     */
    readonly execute: (args: ToolArguments<Schema>, context: ToolContext) => unknown;
    /**
     * As long as this gives the same text for the arguments, a value in the `cache` holds: for example the time of a file. Where it
     * throws, the tool runs and nothing is kept. Default: a value depends on nothing but the arguments.
     */
    readonly version?: (args: ToolArguments<Schema>, context: CallContext) => string | Promise<string>;
    /**
     * Functions that give the values that parameters can have now, by the names of the parameters: for example the files of a
     * folder. They are asked when a run begins and at each call; the model is told of these values, and a call with another one
     * does not run. With an empty list the tool is not offered; null admits any value.
     */
    readonly choices?: {
        readonly [parameter: string]: Choices;
    };
}
/** Gives the values that a parameter can have now, or null if there is no list of them. */
export type Choices = (context: ToolContext) => Listed | Promise<Listed>;
type Listed = Iterable<unknown> | null;
/** A tool, made by {@link tool}. */
export declare class Tool {
    #private;
    readonly name: string;
    readonly description: string;
    /** The arguments as a JSON Schema. */
    readonly parameters: JsonSchema;
    /** What keeps its calls in check. */
    readonly policy: ToolPolicy;
    /** How long one call may take; none leaves it to the assistant. */
    get timeoutMs(): number | undefined;
}
/** Makes a function a tool that the model may call. */
export declare function tool<const Schema extends JsonSchema | StandardSchema>(definition: ToolDefinition<Schema>): Tool;
export {};
