// What a model of the caller's own says, step by step.
import type { CallContext } from "./callback.js";
import { AbortError, kind } from "./error.js";
import type { Llm, Piece } from "./own.js";
import type { Prompt } from "./llm.js";

type PieceIterator = Pick<AsyncIterator<Piece> | Iterator<Piece>, "next" | "return">;

/** One answer to one prompt, which begins at once. */
export class Generation {
  readonly #controller = new AbortController();
  readonly #pieces: Promise<PieceIterator>;

  constructor(llm: Llm, prompt: Prompt) {
    this.#pieces = begin(llm, prompt, { signal: this.#controller.signal });
  }

  /** The next piece; none at the end. */
  async next(): Promise<IteratorResult<Piece, unknown>> {
    return (await this.#pieces).next();
  }

  /** Stops it: an async generator that waits hears of it by the signal, or when it goes on. */
  close(): void {
    this.#controller.abort(new AbortError());
    // What it throws at its end, nobody hears.
    this.#pieces.then((pieces) => pieces.return?.()).catch(() => undefined);
  }
}

async function begin(llm: Llm, prompt: Prompt, context: CallContext): Promise<PieceIterator> {
  const said: unknown = await llm.generate(prompt, context);
  if (typeof said === "string") return [said].values();
  const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = (said ?? {}) as Partial<
    AsyncIterable<Piece> & Iterable<Piece>
  >;
  if (async) return async.call(said);
  if (sync) return sync.call(said);
  if (typeof (said as { type?: unknown } | null)?.type === "string") return [said as Piece].values();
  throw new TypeError(`expected \`generate\` to give an iterable or async iterable of pieces, got ${kind(said)}`);
}
