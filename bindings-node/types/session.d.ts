import type { Message } from "./llm.js";
import { type Abortable } from "./runtime.js";
/** Bounds of {@link MemorySessions}. */
export interface MemorySessionsOptions {
    /** Sessions that are kept; the one unused for longest goes first. Default 10 000. */
    maxSessions?: number;
    /** A session is gone when it was not used for this long. Default 1 hour. */
    idleMs?: number;
}
/** Conversations in this process's memory. */
export declare class MemorySessions {
    constructor(options?: MemorySessionsOptions);
    /** The messages of a session, oldest first; none if it is not known. */
    load(session: string, options?: Abortable): Promise<Message[]>;
    /** Removes a session. */
    forget(session: string, options?: Abortable): Promise<void>;
}
