import * as native from "../native.js";
import { AbortError, Thrown, invalid, kind, text } from "./error.js";

/** What a function or method of yours may use while it runs. */
export interface CallContext {
  /** Aborted when nobody waits for its value any more: at a timeout, and when the run is stopped. */
  readonly signal: AbortSignal;
}

/**
 * A function that the native module calls with text, for text; it is told when nobody waits for it any more.
 * @internal
 */
export function method(work: (args: string, context: CallContext) => Promise<string>): native.Method {
  const calls = new Map<number, AbortController>();
  const invoke = async (call: number, args: string): Promise<string> => {
    const controller = new AbortController();
    calls.set(call, controller);
    try {
      return await work(args, { signal: controller.signal });
    } catch (thrown) {
      throw new Thrown(thrown);
    } finally {
      calls.delete(call);
    }
  };
  const stop = (call: number): void => {
    const controller = calls.get(call);
    calls.delete(call);
    controller?.abort(new AbortError());
  };
  return new native.Method(invoke, stop);
}

/** A JSON Schema (2020-12) of type `object`. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** A schema of a validation library: zod, or any other that follows Standard Schema. */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Validated<Output> | Promise<Validated<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

type Validated<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<{ readonly message: string; readonly path?: ReadonlyArray<unknown> | undefined }> };

/** What `execute` gets: the schema's output type, or any fields for a plain JSON Schema. */
export type ToolArguments<Schema> = Schema extends StandardSchema<infer Output> ? Output : Record<string, any>;

/** What a tool may use while it runs. */
export interface ToolContext extends CallContext {}

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
export class Tool {
  readonly name: string;
  readonly description: string;
  /** The arguments as a JSON Schema. */
  readonly parameters: JsonSchema;
  /** How long one call may run; none leaves it to the assistant. */
  readonly timeoutMs: number | undefined;
  readonly #definition: AnyDefinition;

  /** @internal */
  constructor(definition: AnyDefinition) {
    const { name, description, input, execute, timeoutMs } = definition;
    this.name = text("tool name", name);
    this.description = text("tool description", description);
    if (input === null || typeof input !== "object") {
      throw invalid("tool input", `tool \`${name}\`: expected a JSON Schema or a Standard Schema, got ${kind(input)}`);
    }
    if (typeof execute !== "function") {
      throw invalid("tool execute", `tool \`${name}\`: expected a function, got ${kind(execute)}`);
    }
    if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs >= 0)) {
      throw invalid("tool timeout", `tool \`${name}\`: expected milliseconds from 0 on, got ${String(timeoutMs)}`);
    }
    this.parameters = jsonSchema("tool input", `tool \`${name}\`: `, input);
    this.timeoutMs = timeoutMs;
    this.#definition = definition;
  }

  /** @internal */
  native(): native.Method {
    const { input, execute } = this.#definition;
    return method(async (json, context) => {
      const args = await validated("arguments", input, JSON.parse(json));
      return output(await execute(args as Record<string, unknown>, context));
    });
  }
}

type AnyDefinition = ToolDefinition<JsonSchema | StandardSchema>;

/** Makes a function a tool that the model may call. */
export function tool<const Schema extends JsonSchema | StandardSchema>(definition: ToolDefinition<Schema>): Tool {
  if (definition === null || typeof definition !== "object") {
    throw invalid("tool", `expected an object, got ${kind(definition)}`);
  }
  return new Tool(definition as unknown as AnyDefinition);
}

const isStandard = (schema: object): schema is StandardSchema => "~standard" in schema;

/**
 * Libraries tell their JSON Schema by the Standard JSON Schema extension or by a method.
 * @internal
 */
export function jsonSchema(what: string, where: string, schema: JsonSchema | StandardSchema): JsonSchema {
  const { "~standard": standard, toJSONSchema } = schema as {
    "~standard"?: { vendor?: string; jsonSchema?: { input?: (options: { target: string }) => JsonSchema } };
    toJSONSchema?: (options: { target: string; io: string }) => JsonSchema;
  };
  if (standard?.jsonSchema?.input) return standard.jsonSchema.input({ target: "draft-2020-12" });
  if (typeof toJSONSchema === "function") return toJSONSchema.call(schema, { target: "draft-2020-12", io: "input" });
  if (standard === undefined) return schema as JsonSchema;
  const vendor = standard.vendor ?? "its library";
  throw invalid(what, `${where}${vendor} cannot tell its JSON Schema, expected a plain JSON Schema`);
}

/**
 * Defaults and transforms of the library; what JSON Schema can say was checked before.
 * @internal
 */
export async function validated(what: string, schema: JsonSchema | StandardSchema, value: unknown): Promise<unknown> {
  if (!isStandard(schema)) return value;
  const outcome = await schema["~standard"].validate(value);
  if (outcome.issues === undefined) return outcome.value;
  const issues = outcome.issues.map(({ message, path }) => {
    const keys = (path ?? []).map((part) => String((part as { key?: unknown } | null)?.key ?? part));
    return keys.length === 0 ? message : `${keys.join(".")}: ${message}`;
  });
  throw new Error(`invalid ${what}: ${issues.join("; ")}`);
}

/** A tool's value as text. */
function output(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "null";
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new Error(`the tool returned ${kind(value)}, expected a value that JSON can hold`);
  return json;
}
