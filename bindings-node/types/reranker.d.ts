import { type OwnPassage } from "./own.js";
import { type Abortable } from "./runtime.js";
/**
 * A cross-encoder that runs in this process: it reads the question together with each passage, its title and headings,
 * which is slower than comparing vectors and more precise. BERT with a head of one label, such as
 * `cross-encoder/ms-marco-MiniLM-L-6-v2` of the Hugging Face Hub.
 */
export declare class LocalReranker {
    private constructor();
    /**
     * Loads a cross-encoder by the path of its folder, with `config.json`, `model.safetensors` and `tokenizer.json`, or by
     * its name in {@link models}; fetches nothing.
     */
    static open(nameOrPath: string, options?: Abortable): Promise<LocalReranker>;
    /** The folder's name, by which caches of answers tell rerankers. */
    get name(): string;
    /**
     * One number for each passage, in order; higher is better. They are between 0 and 1, unless the model's files say
     * otherwise. Question and passage have as many tokens together as the model reads, mostly 512; the longer one counts
     * by its beginning.
     */
    score(question: string, passages: readonly OwnPassage[], options?: Abortable): Promise<number[]>;
}
