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
/** What a tool may use while it runs. */
export interface ToolContext extends CallContext {
}
/** A function as a tool. */
export interface ToolDefinition<Schema extends JsonSchema | StandardSchema> {
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
    /** How long one call may run. Default: what the assistant's `toolTimeoutMs` says. */
    readonly timeoutMs?: number;
}
/** A tool, made by {@link tool}. */
export declare class Tool {
    #private;
    readonly name: string;
    readonly description: string;
    /** The arguments as a JSON Schema. */
    readonly parameters: JsonSchema;
    /** How long one call may run; none leaves it to the assistant. */
    readonly timeoutMs: number | undefined;
}
/** Makes a function a tool that the model may call. */
export declare function tool<const Schema extends JsonSchema | StandardSchema>(definition: ToolDefinition<Schema>): Tool;
export {};
