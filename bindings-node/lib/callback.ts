import * as native from "../native.js";
import { toJson } from "./convert.js";
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
  // Calls and stops come over one queue, so that no stop comes before its call.
  const invoke = async (call: number, args: string | null): Promise<string> => {
    if (args === null) {
      calls.get(call)?.abort(new AbortError());
      return "";
    }
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
  return new native.Method(invoke);
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

/**
 * As {@link method}, for a function of something as JSON and of the run for which it is called.
 * @internal
 */
export function methodOfRun(work: (given: unknown, context: ToolContext) => Promise<string>): native.Method {
  return method(async (json, call) => {
    const [given, run] = JSON.parse(json) as [unknown, Omit<ToolContext, "signal">?];
    return work(given, { scopes: [], ...run, ...call });
  });
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

/**
 * The policy as the core reads it.
 * @internal
 */
export function policyToJson(name: string, policy: ToolPolicy): string {
  return toJson(`policy of tool \`${name}\``, policyInSeconds(policy));
}

/**
 * The policy with durations in seconds, as the core has them.
 * @internal
 */
export function policyInSeconds({ timeoutMs, cache, breaker, ...policy }: ToolPolicy): object {
  const seconds = (milliseconds: number | undefined) => (milliseconds === undefined ? undefined : milliseconds / 1000);
  return {
    ...policy,
    timeout: seconds(timeoutMs),
    cache: inSeconds(cache, "ttl", (given) => given.ttlMs),
    breaker: inSeconds(breaker, "openFor", (given) => given.openForMs),
  };

  function inSeconds<T extends object>(
    given: T | string | undefined,
    field: string,
    milliseconds: (given: T) => number | undefined,
  ): unknown {
    if (given === null || typeof given !== "object") return given;
    const { [`${field}Ms`]: _, ...rest } = given as Record<string, unknown>;
    return { ...rest, [field]: seconds(milliseconds(given)) };
  }
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
  readonly choices?: { readonly [parameter: string]: Choices };
}

/** Gives the values that a parameter can have now, or null if there is no list of them. */
export type Choices = (context: ToolContext) => Listed | Promise<Listed>;
type Listed = Iterable<unknown> | null;

/** A tool, made by {@link tool}. */
export class Tool {
  readonly name: string;
  readonly description: string;
  /** The arguments as a JSON Schema. */
  readonly parameters: JsonSchema;
  /** What keeps its calls in check. */
  readonly policy: ToolPolicy;
  readonly #definition: AnyDefinition;

  /** @internal */
  constructor(definition: AnyDefinition) {
    const { name, description, input, execute, version, choices, ...policy } = definition;
    this.name = text("tool name", name);
    this.description = text("tool description", description);
    if (input === null || typeof input !== "object") {
      throw invalid("tool input", `tool \`${name}\`: expected a JSON Schema or a Standard Schema, got ${kind(input)}`);
    }
    if (typeof execute !== "function") {
      throw invalid("tool execute", `tool \`${name}\`: expected a function, got ${kind(execute)}`);
    }
    if (version !== undefined && typeof version !== "function") {
      throw invalid("tool version", `tool \`${name}\`: expected a function, got ${kind(version)}`);
    }
    for (const [parameter, values] of Object.entries(choices ?? {})) {
      if (typeof values === "function") continue;
      throw invalid("tool choices", `tool \`${name}\`, \`${parameter}\`: expected a function, got ${kind(values)}`);
    }
    const { timeoutMs } = policy;
    if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs >= 0)) {
      throw invalid("tool timeout", `tool \`${name}\`: expected milliseconds from 0 on, got ${String(timeoutMs)}`);
    }
    this.parameters = jsonSchema("tool input", `tool \`${name}\`: `, input);
    this.policy = policy;
    this.#definition = definition;
  }

  /** How long one call may take; none leaves it to the assistant. */
  get timeoutMs(): number | undefined {
    return this.policy.timeoutMs;
  }

  /** @internal */
  addTo(builder: native.AssistantBuilder): void {
    const { name, description, parameters, policy } = this;
    const { input, execute, version, choices = {} } = this.#definition;
    const read = async (args: unknown) => (await validated("arguments", input, args)) as Record<string, unknown>;
    const spec = JSON.stringify({ name, description, parameters });
    const names = JSON.stringify(Object.keys(choices));
    builder.tool(
      `[${spec},${policyToJson(name, policy)},${names}]`,
      this.#method(read, execute),
      version && methodOfRun(async (args, run) => JSON.stringify(output(await version(await read(args), run)))),
      methodOfRun(async (parameter, run) => listed(await choices[parameter as string]?.(run))),
    );
  }

  #method(read: (args: unknown) => Promise<Record<string, unknown>>, execute: AnyDefinition["execute"]): native.Method {
    return methodOfRun(async (given, context) => {
      const args = await read(given);
      try {
        return JSON.stringify(output(await execute(args, context)));
      } catch (thrown) {
        const { retryAfterMs } = (thrown ?? {}) as { retryAfterMs?: unknown };
        if (typeof retryAfterMs !== "number" || !(retryAfterMs >= 0)) throw thrown;
        return JSON.stringify({ error: new Thrown(thrown).message, retry_after: retryAfterMs / 1000 });
      }
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

/** The values of a parameter as JSON. */
function listed(values: Listed | undefined): string {
  if (values === null || values === undefined) return "null";
  if (typeof values === "object" && Symbol.iterator in values) return JSON.stringify([...values]);
  throw new Error(`expected a list of values or null, got ${kind(values)}`);
}

/** A tool's value as text. */
function output(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "null";
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new Error(`the tool returned ${kind(value)}, expected a value that JSON can hold`);
  return json;
}
