import type { Llm, Piece } from "./own.js";
import type { Prompt } from "./llm.js";
/** One answer to one prompt, which begins at once. */
export declare class Generation {
    #private;
    constructor(llm: Llm, prompt: Prompt);
    /** The next piece; none at the end. */
    next(): Promise<IteratorResult<Piece, unknown>>;
    /** Stops it: an async generator that waits hears of it by the signal, or when it goes on. */
    close(): void;
}
