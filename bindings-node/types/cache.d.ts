/** Bounds of a {@link MemoryCache}. */
export interface MemoryCacheOptions {
    /** Entries that are kept. Default 1 000. */
    maxEntries?: number;
    /** Bytes of all values together. Default 64 MiB. */
    maxBytes?: number;
    /** How long an entry lives after it was put. Default 30 minutes. */
    ttlMs?: number;
}
/** Answers in this process's memory. */
export declare class MemoryCache {
    constructor(options?: MemoryCacheOptions);
}
