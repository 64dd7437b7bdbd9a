import * as native from "../native.js";
import { fromJson, optionsToJson, toJson } from "./convert.js";
import type { Report } from "./event.js";
import { now } from "./runtime.js";

/**
 * What an objective is about: the seconds to the first text, to the end of runs that called no tool, or of those that
 * called tools; the tokens in a second of decoding, the more the better; the seconds of overhead for each generation.
 */
export type Metric = "first_token" | "total_without_tools" | "total_with_tools" | "tokens_per_second" | "overhead";

/** A service level objective: how many of a hundred runs keep a bound, and which. The same data in all languages. */
export interface Slo {
  /** By which reports tell it from the others. */
  name: string;
  metric: Metric;
  /** How many of a hundred runs must keep the bound: at least 1 and less than 100, for example 95 or 99.9. */
  percentile: number;
  /** The most seconds, or the fewest tokens in a second, that keep it; more than 0. */
  bound: number;
}

/**
 * Whether an objective was kept. Percentiles have an error of at most 1 %, and are null if nothing was recorded. Each is
 * the best bound that this share of the runs keeps: of tokens per second, 95 % of the runs are at `p95` or above.
 */
export interface SloReport {
  slo: Slo;
  /** Whether enough runs kept the bound; true if nothing was recorded. */
  attained: boolean;
  /** The runs that gave a number. */
  samples: number;
  /** Of these, the runs that broke the bound. */
  violations: number;
  /**
   * How fast the allowed violations are used up: their share of the runs, divided by the share that the percentile
   * allows. At 1 exactly all of them are used.
   */
  burnRate: number;
  /** The objective's own percentile. */
  observed: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

/** Objectives, and how the recorded runs keep them. A run that fails has no report and is not counted. */
export class Slos {
  readonly #native: native.Slos;

  /** Nothing recorded yet; the names of the objectives differ. */
  constructor(slos: readonly Slo[]) {
    const json = toJson("slos", slos);
    this.#native = now(() => new native.Slos(json));
  }

  /** Counts one run: `answer.report`. */
  record(report: Report): void {
    const json = optionsToJson("report", report);
    now(() => this.#native.record(json));
  }

  /** How each objective was kept so far, in the order in which they were given. */
  reports(): SloReport[] {
    return fromJson(now(() => this.#native.reports()));
  }

  /** Forgets what was recorded. */
  reset(): void {
    this.#native.reset();
  }
}
