import * as native from "../native.js";
import { optionsToJson } from "./convert.js";
import { text } from "./error.js";
import { abortable, now, type Abortable } from "./runtime.js";

/** Settings of a {@link RemoteLlm}. */
export interface RemoteLlmOptions {
  /** Goes with every request as a bearer token. Default none. */
  apiKey?: string;
  /** Further headers of every request, by name; their values are never shown. Default none. */
  headers?: Readonly<Record<string, string>>;
  /** Further fields of every request, as `reasoning_effort`. Default none. */
  extra?: Readonly<Record<string, unknown>>;
  /**
   * What the server understands beside what all do. `common` has no word for `topK`, `minP` and `repetitionPenalty`, which must
   * stay at their defaults; `open_ai` is for OpenAI's own service, and `extended`, which has all words, for vLLM, llama.cpp,
   * mistral.rs and the like. Default `common`.
   */
  dialect?: "common" | "open_ai" | "extended";
  /** Tokens that prompt and answer may have together, of four bytes each. Default 32 768. */
  contextWindow?: number;
  /** How long a generation may take. Default 5 min. */
  timeoutMs?: number;
  /** How long the server may be silent, before the first piece and between two. Default 1 min. */
  idleTimeoutMs?: number;
  /** How often a request is sent again that found no server, or one that cannot answer now. Default 2. */
  retries?: number;
}

/**
 * A model behind a server that speaks OpenAI's protocol for chat completions (`POST /chat/completions`), as vLLM, llama.cpp,
 * mistral.rs, Ollama and most clouds do.
 *
 * What the server refuses has the code `invalid`, `unknown` (404), `context_too_long`, `timeout`, or else `model`, and says by
 * `retryable` whether it may pass. Leaving a run closes the connection.
 */
export class RemoteLlm {
  /** @internal */
  readonly native: native.Llm;

  /** A model of the server at a URL, for example `http://127.0.0.1:8000/v1`. Nobody is asked yet. */
  constructor(url: string, model: string, options: RemoteLlmOptions = {}) {
    const [place, name, json] = [text("URL", url), text("model", model), optionsToJson("model options", options)];
    this.native = now(() => native.Llm.remote(place, name, json));
  }

  /** The model's identity: its name and where it is. */
  get name(): string {
    return this.native.name;
  }

  /** How many tokens prompt and answer may have together. */
  get contextWindow(): number {
    return this.native.contextWindow;
  }

  /** About how many tokens a text has: one for four bytes, since nobody here knows the model's own. */
  async countTokens(input: string, options: Abortable = {}): Promise<number> {
    const checked = text("text", input);
    return abortable(options.signal, (cancellation) => this.native.countTokens(checked, cancellation));
  }
}
