import * as native from "../native.js";
import { toJson } from "./convert.js";
import { invalid, kind, text } from "./error.js";
import { ownReranker, wholePassage, type OwnPassage, type Reranker } from "./own.js";
import { abortable, type Abortable } from "./runtime.js";

/**
 * A cross-encoder that runs in this process: it reads the question together with each passage, its title and headings,
 * which is slower than comparing vectors and more precise. BERT with a head of one label, such as
 * `cross-encoder/ms-marco-MiniLM-L-6-v2` of the Hugging Face Hub.
 */
export class LocalReranker {
  /** @internal */
  readonly native: native.Reranker;

  private constructor(reranker: native.Reranker) {
    this.native = reranker;
  }

  /**
   * Loads a cross-encoder by the path of its folder, with `config.json`, `model.safetensors` and `tokenizer.json`, or by
   * its name in {@link models}; fetches nothing.
   */
  static async open(nameOrPath: string, options: Abortable = {}): Promise<LocalReranker> {
    const name = text("model", nameOrPath);
    return new LocalReranker(
      await abortable(options.signal, (cancellation) => native.Reranker.open(name, cancellation)),
    );
  }

  /** The folder's name, by which caches of answers tell rerankers. */
  get name(): string {
    return this.native.name;
  }

  /**
   * One number for each passage, in order; higher is better. They are between 0 and 1, unless the model's files say
   * otherwise. Question and passage have as many tokens together as the model reads, mostly 512; the longer one counts
   * by its beginning.
   */
  async score(question: string, passages: readonly OwnPassage[], options: Abortable = {}): Promise<number[]> {
    if (!Array.isArray(passages)) throw invalid("passages", `expected an array, got ${kind(passages)}`);
    const [asked, json] = [text("question", question), toJson("passages", passages.map(wholePassage))];
    return abortable(options.signal, (cancellation) => this.native.score(asked, json, cancellation));
  }
}

/** @internal */
export function nativeReranker(reranker: LocalReranker | Reranker): native.Reranker {
  return reranker instanceof LocalReranker ? reranker.native : ownReranker(reranker);
}
