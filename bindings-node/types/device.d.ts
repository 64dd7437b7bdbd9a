import { type Abortable } from "./runtime.js";
/** Where a model computes; `auto` is a GPU if one is built in, there, and has room, else the CPU. */
export type Device = "auto" | "cpu" | "cuda" | `cuda:${number}` | "metal" | `metal:${number}`;
/** A device on which models can compute. */
export interface DeviceInfo {
    /** What {@link LocalLlmOptions.device} takes. */
    device: Device;
    /** What its maker calls it. */
    name: string;
    /** The bytes of its memory; null if it does not say. */
    memoryBytes: number | null;
    /** Of these, the bytes that nobody uses now; null if it does not say. */
    freeBytes: number | null;
}
/** The devices of this machine that are built in, in the order in which `auto` looks at them; the last is the CPU. */
export declare function devices(options?: Abortable): Promise<DeviceInfo[]>;
