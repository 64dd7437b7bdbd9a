import type { Answer, Event } from "./event.js";
/**
 * The events of one run.
 *
 * The run starts when the first event, or {@link result}, is asked for. Leaving a `for await` loop stops it.
 * It has one reader: {@link textStream} takes from the same events.
 */
export declare class EventStream implements AsyncIterableIterator<Event> {
    #private;
    /** The answer, once the run is over; asking for it runs to the end even if nobody reads the events. */
    get result(): Promise<Answer>;
    /** Only the text, piece by piece: that of every turn, with a blank line between turns. */
    get textStream(): AsyncIterableIterator<string>;
    /** The next event. Rejects once if the run fails. */
    next(): Promise<IteratorResult<Event, undefined>>;
    /** Stops the run. */
    return(): Promise<IteratorResult<Event, undefined>>;
    [Symbol.asyncIterator](): this;
    [Symbol.asyncDispose](): Promise<void>;
}
