import * as native from "../native.js";
import { fromJson, optionsToJson } from "./convert.js";
import { text } from "./error.js";
import type { Message } from "./llm.js";
import { abortable, now, type Abortable } from "./runtime.js";

/** Bounds of {@link MemorySessions}. */
export interface MemorySessionsOptions {
  /** Sessions that are kept; the one unused for longest goes first. Default 10 000. */
  maxSessions?: number;
  /** A session is gone when it was not used for this long. Default 1 hour. */
  idleMs?: number;
}

/** Conversations in this process's memory. */
export class MemorySessions {
  /** @internal */
  readonly native: native.MemorySessions;

  constructor(options: MemorySessionsOptions = {}) {
    const json = optionsToJson("session options", options);
    this.native = now(() => new native.MemorySessions(json));
  }

  /** The messages of a session, oldest first; none if it is not known. */
  async load(session: string, options: Abortable = {}): Promise<Message[]> {
    const id = text("session", session);
    return fromJson(await abortable(options.signal, (cancellation) => this.native.load(id, cancellation)));
  }

  /** Removes a session. */
  async forget(session: string, options: Abortable = {}): Promise<void> {
    const id = text("session", session);
    await abortable(options.signal, (cancellation) => this.native.forget(id, cancellation));
  }
}
