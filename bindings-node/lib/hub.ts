import * as native from "../native.js";
import { fromJson } from "./convert.js";
import { text, texts } from "./error.js";
import { abortable, watched, type Abortable } from "./runtime.js";

/** A model that has a name. */
export interface KnownModel {
  name: string;
  /** What it is for. */
  kind: "language_model" | "embedder";
  /** The licence of the weights as an SPDX expression. */
  licence: string;
  /** The size of all files in bytes. */
  size: number;
  /** Where it lies on this machine; null if it is not fetched. */
  path: string | null;
}

/** How far a fetch is. */
export interface FetchProgress {
  model: string;
  file: string;
  /** Where the file comes from. */
  source: string;
  /** Bytes on disk so far. */
  done: number;
  /** Bytes of the whole file. */
  total: number;
}

/** Options of a fetch. */
export interface FetchOptions extends Abortable {
  /** Base URLs of servers with the paths of the Hugging Face Hub, to be asked in this order when it fails. */
  mirrors?: readonly string[];
  /** Is told how far it is; what it throws ends the fetch. */
  onProgress?: (progress: FetchProgress) => void;
}

/** Every model that has a name, smallest first. */
export async function models(options: Abortable = {}): Promise<KnownModel[]> {
  return fromJson(await abortable(options.signal, (cancellation) => native.models(cancellation)));
}

/**
 * Fetches what is missing of a named model, checks it, and gives its path. Resumes what was begun.
 * Nothing else in this package uses the network; `RUSHLIGHT_OFFLINE=1` forbids it.
 */
export async function fetchModel(name: string, options: FetchOptions = {}): Promise<string> {
  const model = text("model", name);
  const { mirrors = [], ...rest } = options;
  const urls = texts("mirrors", mirrors);
  return watched<string, FetchProgress>(rest, (tell, cancellation) => {
    return native.fetchModel(model, urls, tell, cancellation);
  });
}
