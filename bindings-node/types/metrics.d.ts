/** How numbers are spread. Percentiles have an error of at most 1 %, and are null where there are no numbers. */
export interface Distribution {
    /** How many numbers there are. */
    samples: number;
    mean: number | null;
    p50: number | null;
    p95: number | null;
    p99: number | null;
}
/**
 * How calls ended. Each is a success, an error, a timeout or a refusal, so that the four counts add up to `calls`, and the four
 * shares to 1; shares are null if there were no calls.
 */
export interface ToolReport {
    calls: number;
    /** Those that gave a value, from a cache too. */
    successes: number;
    /** Those in which the tool failed. */
    errors: number;
    /** Those that were stopped because they took too long. */
    timeouts: number;
    /** Those for which the tool did not run: for arguments, a scope, an approval, a rate, a breaker or a limit. */
    refusals: number;
    /** Those whose value the tool's `cache` had; they are successes. */
    cacheHits: number;
    successRate: number | null;
    errorRate: number | null;
    timeoutRate: number | null;
    refusalRate: number | null;
    cacheHitRate: number | null;
    /** Seconds of the calls for which the tool ran, with what they waited for: all but refusals and cache hits. */
    latency: Distribution;
}
/** How the tool calls of assistants ended. */
export interface ToolMetricsReport {
    /** Each tool by its name. `*` is what the model called that no tool is named, and each tool after the first 1 000. */
    tools: Record<string, ToolReport>;
    /** All calls together: its shares are those of the tools, weighted by their calls. */
    total: ToolReport;
    /** The calls of each run that has ended, those without calls too; calls that are not counted are none. */
    callsPerRun: Distribution;
}
/**
 * Counts how the tool calls of assistants end, for {@link AssistantOptions.toolMetrics}: of several ones too. Runs count when
 * they end, also those that fail or are left. Not counted are a call whose run is left meanwhile, a dry run, a call that waits
 * for an approval, and a hand-off.
 */
export declare class ToolMetrics {
    /** What was counted so far. */
    report(): ToolMetricsReport;
    /** Forgets what was counted. */
    reset(): void;
}
