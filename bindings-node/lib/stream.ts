import type * as native from "../native.js";
import { fromJson } from "./convert.js";
import { AbortError, toError } from "./error.js";
import type { Answer, Event } from "./event.js";
import { checkSignal } from "./runtime.js";

/**
 * The events of one run.
 *
 * The run starts when the first event, or {@link result}, is asked for. Leaving a `for await` loop stops it.
 * It has one reader: {@link textStream} takes from the same events.
 */
export class EventStream implements AsyncIterableIterator<Event> {
  readonly #native: native.EventStream;
  readonly #signal: AbortSignal | undefined;
  readonly #stop: () => void;
  #ready: Event[] = [];
  #pulling: Promise<void> | undefined;
  #over = false;
  #failure: { thrown: unknown } | undefined;
  #told = false;
  #answer: Answer | undefined;
  #result: Promise<Answer> | undefined;

  /** @internal */
  constructor(events: native.EventStream, signal: AbortSignal | undefined) {
    checkSignal(signal);
    this.#native = events;
    this.#signal = signal;
    // The signal may live longer than whoever reads these events, and must not keep them alive.
    const self = new WeakRef(this);
    this.#stop = () => {
      const stream = self.deref();
      if (stream) stream.#fail(new AbortError({ cause: signal?.reason as unknown }));
    };
    signal?.addEventListener("abort", this.#stop, { once: true });
  }

  /** The answer, once the run is over; asking for it runs to the end even if nobody reads the events. */
  get result(): Promise<Answer> {
    if (this.#result === undefined) {
      this.#result = this.#runToEnd();
      // A reader of the events may meet the failure first and never come back for the result.
      this.#result.catch(() => undefined);
    }
    return this.#result;
  }

  /** Only the text, piece by piece: that of every turn, with a blank line between turns. */
  get textStream(): AsyncIterableIterator<string> {
    return this.#texts();
  }

  /** The next event. Rejects once if the run fails. */
  async next(): Promise<IteratorResult<Event, undefined>> {
    for (;;) {
      const value = this.#ready.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#over) break;
      await this.#pull();
    }
    return this.#end();
  }

  /** Stops the run. */
  async return(): Promise<IteratorResult<Event, undefined>> {
    if (!this.#over) this.#fail(new AbortError());
    this.#ready = [];
    this.#told = true;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** The end of the events; a failure is told once. */
  #end(): IteratorResult<Event, undefined> {
    if (this.#failure && !this.#told) {
      this.#told = true;
      throw this.#failure.thrown;
    }
    return { done: true, value: undefined };
  }

  /** Takes one event from the run; callers at the same time share it. */
  #pull(): Promise<void> {
    this.#pulling ??= this.#take().finally(() => (this.#pulling = undefined));
    return this.#pulling;
  }

  async #take(): Promise<void> {
    try {
      const json = await this.#native.next();
      if (this.#over) return;
      if (json === null) return this.#finish();
      const event = fromJson<Event>(json);
      this.#ready.push(event);
      if (event.type !== "done") return;
      const { type: _type, ...answer } = event;
      this.#answer = answer;
      this.#finish();
    } catch (thrown) {
      if (!this.#over) this.#fail(toError(thrown, this.#signal));
    }
  }

  async #runToEnd(): Promise<Answer> {
    while (!this.#over && this.#answer === undefined) await this.#pull();
    if (this.#answer) return this.#answer;
    throw this.#failure?.thrown ?? new AbortError();
  }

  #fail(thrown: unknown): void {
    if (this.#over) return;
    this.#ready = [];
    this.#failure = { thrown };
    this.#finish();
    this.#native.cancel();
  }

  #finish(): void {
    this.#over = true;
    this.#signal?.removeEventListener("abort", this.#stop);
  }

  async *#texts(): AsyncGenerator<string, undefined> {
    let hasText = false;
    let isBetween = false;
    try {
      for (let step = await this.next(); !step.done; step = await this.next()) {
        if (step.value.type === "tool_output") isBetween = true;
        if (step.value.type !== "text") continue;
        const gap = hasText && isBetween ? "\n\n" : "";
        hasText = true;
        isBetween = false;
        yield gap + step.value.text;
      }
    } finally {
      await this.return();
    }
    return undefined;
  }
}
