import * as native from "../native.js";
/** Work that can be stopped. */
export interface Abortable {
    /** Stops the work; the promise is rejected with an {@link AbortError}. */
    signal?: AbortSignal | undefined;
}
/** The door for calls that only build or look. */
export declare function now<T>(work: () => T): T;
/** The door for calls that take time. */
export declare function abortable<T>(signal: AbortSignal | undefined, work: (cancellation: native.Cancellation) => Promise<T>): Promise<T>;
/** Throws if `signal` is none, or is aborted already. */
export declare function checkSignal(signal: AbortSignal | undefined): void;
/** As {@link abortable}, for work that tells how far it is; what `onProgress` throws ends the work. */
export declare function watched<T, P>(options: {
    signal?: AbortSignal | undefined;
    onProgress?: ((progress: P) => void) | undefined;
}, work: (tell: (json: string) => void, cancellation: native.Cancellation) => Promise<T>): Promise<T>;
