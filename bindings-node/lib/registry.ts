import * as native from "../native.js";
import { fromJson, optionsToJson, toJson } from "./convert.js";
import { text } from "./error.js";
import { LocalLlm, type LocalLlmOptions } from "./llm.js";
import { abortable, now, type Abortable } from "./runtime.js";

/** Of the models that may be unloaded, `low` goes first. */
export type EvictionPriority = "low" | "normal" | "high";

/** Bounds of a {@link ModelRegistry}. */
export interface ModelRegistryOptions {
  /**
   * Bytes that all loaded models may take together, by the estimate of each. Default: three quarters of the memory that
   * is free.
   */
  memoryBudget?: number;
}

/** How a model is added to a {@link ModelRegistry}. */
export interface AddOptions extends LocalLlmOptions, Abortable {
  /** Default `normal`. */
  priority?: EvictionPriority;
}

/** A model of a {@link ModelRegistry}. */
export interface RegisteredModel {
  /** The name under which it was added. */
  name: string;
  /** Whether it is in memory. */
  isLoaded: boolean;
  /** The bytes that it takes when it is, by the estimate. */
  memoryBytes: number;
  priority: EvictionPriority;
}

/**
 * Models by name that share a budget of memory.
 *
 * A model is loaded when it is first asked something, and stays until it is idle for as long as its options say, or until
 * another one needs its memory: then models of low priority go first. One that answers, or is pinned, never goes. What
 * was unloaded is loaded again when it is asked the next time.
 */
export class ModelRegistry {
  readonly #native: native.ModelRegistry;

  constructor(options: ModelRegistryOptions = {}) {
    const json = optionsToJson("registry options", options);
    this.#native = now(() => new native.ModelRegistry(json));
  }

  /** Adds a model by its name in {@link models} or by the path of its GGUF file; reads its header and loads nothing. */
  async add(name: string, nameOrPath: string, options: AddOptions = {}): Promise<LocalLlm> {
    const [key, model] = [text("name", name), text("model", nameOrPath)];
    const { signal, priority = "normal", ...rest } = options;
    const json = optionsToJson("model options", rest);
    const order = toJson("priority", priority);
    const added = await abortable(signal, (cancellation) => this.#native.add(key, model, order, json, cancellation));
    return LocalLlm.of(added);
  }

  /** The model of this name, loaded or not; the code `unknown` if none was added under it. */
  get(name: string): LocalLlm {
    const key = text("name", name);
    return LocalLlm.of(now(() => this.#native.get(key)));
  }

  /** The models in the order in which they were added. */
  models(): RegisteredModel[] {
    return fromJson(now(() => this.#native.models()));
  }

  /** The bytes that all loaded models may take together. */
  get memoryBudget(): number {
    return this.#native.memoryBudget;
  }
}
