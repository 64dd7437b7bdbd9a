import { LocalLlm, type LocalLlmOptions } from "./llm.js";
import { type Abortable } from "./runtime.js";
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
export declare class ModelRegistry {
    #private;
    constructor(options?: ModelRegistryOptions);
    /** Adds a model by its name in {@link models} or by the path of its GGUF file; reads its header and loads nothing. */
    add(name: string, nameOrPath: string, options?: AddOptions): Promise<LocalLlm>;
    /** The model of this name, loaded or not; the code `unknown` if none was added under it. */
    get(name: string): LocalLlm;
    /** The models in the order in which they were added. */
    models(): RegisteredModel[];
    /** The bytes that all loaded models may take together. */
    get memoryBudget(): number;
}
