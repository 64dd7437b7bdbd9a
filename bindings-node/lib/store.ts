/** What a store holds, by its own account. */
export interface StoreInfo {
  /** The store's file. */
  path: string;
  /** The version of its format. */
  format: number;
  /** The name of the embedder that it was made with, and that opens it. */
  embedder: string;
  /** Length of the embedder's vectors. */
  dimensions: number;
  documents: number;
  chunks: number;
  /** The length of all its files in bytes. */
  bytes: number;
}

/** What a check of a store found. */
export interface StoreCheck {
  /** Documents that were looked at. */
  documents: number;
  /** Chunks that were looked at. */
  chunks: number;
  /** What is wrong, a sentence each, at most 100; empty for a sound store. */
  problems: string[];
}

/** What compacting a store gained. */
export interface CompactReport {
  /** The length of all files in bytes before. */
  bytesBefore: number;
  /** Their length after. */
  bytesAfter: number;
}
