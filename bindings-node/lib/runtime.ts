import * as native from "../native.js";
import { AbortError, invalid, kind, toError } from "./error.js";
import { fromJson } from "./convert.js";

/** Work that can be stopped. */
export interface Abortable {
  /** Stops the work; the promise is rejected with an {@link AbortError}. */
  signal?: AbortSignal | undefined;
}

/** The door for calls that only build or look. */
export function now<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw toError(thrown);
  }
}

/** The door for calls that take time. */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  work: (cancellation: native.Cancellation) => Promise<T>,
): Promise<T> {
  checkSignal(signal);
  const cancellation = new native.Cancellation();
  const stop = (): void => cancellation.cancel();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await work(cancellation);
  } catch (thrown) {
    throw toError(thrown, signal);
  } finally {
    signal?.removeEventListener("abort", stop);
    // Collected means cancelled: this use keeps it alive until here.
    cancellation.cancel();
  }
}

/** Throws if `signal` is none, or is aborted already. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  if (typeof signal?.addEventListener !== "function") {
    throw invalid("signal", `expected an AbortSignal, got ${kind(signal)}`);
  }
  if (signal.aborted) throw new AbortError({ cause: signal.reason });
}

/** As {@link abortable}, for work that tells how far it is; what `onProgress` throws ends the work. */
export async function watched<T, P>(
  options: { signal?: AbortSignal | undefined; onProgress?: ((progress: P) => void) | undefined },
  work: (tell: (json: string) => void, cancellation: native.Cancellation) => Promise<T>,
): Promise<T> {
  const { signal, onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw invalid("onProgress", `expected a function, got ${kind(onProgress)}`);
  }
  let failure: { thrown: unknown } | undefined;
  try {
    const value = await abortable(signal, (cancellation) => {
      const fail = (thrown: unknown): void => {
        failure ??= { thrown };
        cancellation.cancel();
      };
      const tell = (json: string): void => {
        if (json === "" || onProgress === undefined || failure) return;
        try {
          const returned: unknown = onProgress(fromJson<P>(json));
          if (returned instanceof Promise) returned.catch(fail);
        } catch (thrown) {
          fail(thrown);
        }
      };
      return work(tell, cancellation);
    });
    if (failure) throw failure.thrown;
    return value;
  } catch (thrown) {
    throw failure ? failure.thrown : thrown;
  }
}
