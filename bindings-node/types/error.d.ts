/** What kind of error it is; stable, for code that decides. */
export type ErrorCode = "invalid" | "unknown" | "context_too_long" | "model" | "corrupt" | "diverged" | "busy" | "io" | "overloaded" | "timeout" | "cancelled" | "foreign" | "stopped";
/** Everything that rushlight throws or rejects with. */
export declare class RushlightError extends Error {
    readonly name: string;
    /** What kind of error it is. */
    readonly code: ErrorCode;
    /** Whether the same call may succeed later without a change. */
    readonly retryable: boolean;
    constructor(code: ErrorCode, message: string, options?: {
        retryable?: boolean;
        cause?: unknown;
    });
}
/** The caller stopped the work; `cause` is the reason of the signal, if a signal did it. */
export declare class AbortError extends RushlightError {
    readonly name = "AbortError";
    constructor(options?: {
        cause?: unknown;
    });
}
/** An error of the code `invalid` about an argument. */
export declare function invalid(what: string, message: string): RushlightError;
/** Refuses options with names that are not among these. */
export declare function checkNames(options: object, names: readonly string[]): void;
/** What the native module threw, as the public error; anything else stays what it is. */
export declare function toError(thrown: unknown, signal?: AbortSignal): unknown;
/** `value` if it is a string. */
export declare function text(what: string, value: unknown): string;
/** `value` if it is an array of strings. */
export declare function texts(what: string, value: unknown): string[];
/** What a value is, for messages. */
export declare function kind(value: unknown): string;
/** `value` if it is of a class of this package. */
export declare function part<T>(what: string, value: unknown, type: Function & {
    readonly prototype: T;
}): T;
