import { type Abortable } from "./runtime.js";
/** What matrices are rounded to: 34, 18 or 20 bytes for 32 weights. */
export type QuantizedType = "q8_0" | "q4_0" | "q4_1";
/** How a model is quantised. */
export interface QuantizeOptions extends Abortable {
    /** What its matrices are rounded to. Default `q8_0`. */
    type?: QuantizedType;
    /** Whether a file that is at the place of the new one is replaced, once that is whole. Default false: it is refused. */
    overwrite?: boolean;
    /** Is told how far it is; what it throws ends the work. */
    onProgress?: (progress: QuantizeProgress) => void;
}
/** How far the quantising of a model is. */
export interface QuantizeProgress {
    model: string;
    /** The tensor that is written. */
    tensor: string;
    /** Bytes of the source's weights that are done with. */
    done: number;
    /** Bytes of the source's weights. */
    total: number;
}
/** One tensor before and after. */
export interface QuantizedTensor {
    /** GGUF's name of it. */
    name: string;
    /** The dimensions, the slowest first. */
    shape: number[];
    /** How its numbers were stored, for example `BF16`. */
    fromType: string;
    /** How they are stored now: `F16` if its rows are no multiple of 32 long, `F32` if it is no matrix. */
    toType: string;
    /** The root of the mean square of the changes, as a part of that of the numbers; 0 if nothing was changed. */
    relativeError: number;
}
/** What quantising a model has made of its weights. */
export interface QuantizeReport {
    /** The length in bytes of the files that held the weights. */
    sourceBytes: number;
    /** The length in bytes of the file that was written. */
    targetBytes: number;
    /** All tensors of that file, in its order. */
    tensors: QuantizedTensor[];
    /** The tensor with the greatest relative error; null if nothing was changed. */
    worst: QuantizedTensor | null;
}
/**
 * Writes a language model as one GGUF file whose matrices are rounded to fewer bits, and says what that changes.
 *
 * `source` is a name, or the path of a folder with safetensors or of a GGUF file; its weights are F32, F16 or BF16.
 * {@link LocalLlm.open} opens what is written: tokenizer, chat template and settings are in it. It is put in its place when
 * it is whole; if the work ends before, nothing of it is left.
 */
export declare function quantize(source: string, target: string, options?: QuantizeOptions): Promise<QuantizeReport>;
