/** What kind of error it is; stable, for code that decides. */
export type ErrorCode =
  | "invalid"
  | "unknown"
  | "context_too_long"
  | "model"
  | "corrupt"
  | "diverged"
  | "busy"
  | "io"
  | "overloaded"
  | "timeout"
  | "cancelled"
  | "foreign"
  | "stopped";

/** Everything that rushlight throws or rejects with. */
export class RushlightError extends Error {
  override readonly name: string = "RushlightError";
  /** What kind of error it is. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The caller stopped the work; `cause` is the reason of the signal, if a signal did it. */
export class AbortError extends RushlightError {
  override readonly name = "AbortError";

  constructor(options: { cause?: unknown } = {}) {
    super("cancelled", "cancelled", options);
  }
}

/**
 * What code of the caller's threw, which can be anything, on its way through the native module.
 * @internal
 */
export class Thrown extends Error {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    super(describe(thrown));
    this.thrown = thrown;
  }
}

/** What was thrown as text. */
function describe(thrown: unknown): string {
  try {
    if (thrown instanceof Error) {
      const message = String(thrown.message) || String(thrown.name);
      return thrown.cause === undefined ? message : `${message}: ${describe(thrown.cause)}`;
    }
    if (typeof thrown === "string") return thrown;
    return `it threw ${JSON.stringify(thrown) ?? kind(thrown)}`;
  } catch {
    return `it threw ${kind(thrown)}`;
  }
}

/** An error of the code `invalid` about an argument. */
export function invalid(what: string, message: string): RushlightError {
  return new RushlightError("invalid", `invalid ${what}: ${message}`);
}

/** Refuses options with names that are not among these. */
export function checkNames(options: object, names: readonly string[]): void {
  const strange = Object.keys(options).find((name) => !names.includes(name));
  if (strange === undefined) return;
  throw invalid("options", `unknown option \`${strange}\`, expected one of \`${names.join("`, `")}\``);
}

/** What the native module threw, as the public error; anything else stays what it is. */
export function toError(thrown: unknown, signal?: AbortSignal): unknown {
  if (!(thrown instanceof Error) || thrown instanceof RushlightError) return thrown;
  const { code, retryable } = thrown as { code?: unknown; retryable?: unknown };
  if (code === "cancelled") return new AbortError(signal?.aborted ? { cause: signal.reason } : {});
  if (typeof retryable === "boolean") {
    const { cause } = thrown;
    const own = cause instanceof Thrown ? { cause: cause.thrown } : {};
    return new RushlightError(code as ErrorCode, thrown.message, { retryable, ...own });
  }
  // A value that the bridge could not convert, for example a number where a string belongs.
  const conversion = typeof code === "string" && /^(InvalidArg|\w+Expected)$/.test(code);
  return conversion ? new RushlightError("invalid", thrown.message, { cause: thrown }) : thrown;
}

/** `value` if it is a string. */
export function text(what: string, value: unknown): string {
  if (typeof value !== "string") throw invalid(what, `expected a string, got ${kind(value)}`);
  return value;
}

/** `value` if it is an array of strings. */
export function texts(what: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw invalid(what, `expected an array of strings, got ${kind(value)}`);
  return value.map((item) => text(what, item));
}

/** What a value is, for messages. */
export function kind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  const type = typeof value;
  return type === "object" ? "an object" : `a ${type}`;
}

/** `value` if it is of a class of this package. */
export function part<T>(what: string, value: unknown, type: Function & { readonly prototype: T }): T {
  if (value instanceof type) return value as T;
  throw invalid(what, `expected ${/^[AEIOU]/.test(type.name) ? "an" : "a"} ${type.name}, got ${kind(value)}`);
}
