import { type ToolPolicy } from "./callback.js";
import { type Abortable } from "./runtime.js";
/** Where a server of the Model Context Protocol is. */
export type McpEndpoint = McpProgram | McpUrl;
/** A program that speaks the protocol over its standard streams. It is started without a shell, and ends with the connection. */
export interface McpProgram {
    readonly command: string;
    readonly args?: readonly string[];
    /** Variables that it gets beside those that every program needs, such as `PATH`. */
    readonly env?: Readonly<Record<string, string>>;
    /** The folder that it runs in. Default: ours. */
    readonly cwd?: string;
}
/** A server that runs, and is spoken to over HTTP. */
export interface McpUrl {
    readonly url: string;
    /** Of every request, for example `Authorization`. */
    readonly headers?: Readonly<Record<string, string>>;
}
/** Which tools of a server are taken, and what keeps them in check. */
export interface McpToolsOptions extends Abortable {
    /** What the names of the tools begin with here. Default: nothing. */
    prefix?: string;
    /** The tools that are taken, by the server's names. Default: all. */
    allow?: readonly string[];
    /** What keeps the calls of each tool in check. Default: a `timeoutMs` of 30 000 and a `concurrency` of 10. */
    policy?: ToolPolicy;
    /** How long connecting and listing the tools may take. Default 30 s. */
    connectTimeoutMs?: number;
}
/** A tool that a server lists and that cannot be used. */
export interface RefusedTool {
    readonly name: string;
    readonly reason: string;
}
/**
 * The tools of a server of the Model Context Protocol, for {@link AssistantOptions.tools}.
 *
 * What the server says is data. A tool whose description or schema cannot be used is refused, and the others stay. Arguments
 * are validated here before they are sent. An assistant has the tools that were listed when it was made.
 */
export declare class McpTools {
    #private;
    private constructor();
    /**
     * Connects to a server and lists its tools. Codes: `io` where the program cannot be started, `timeout` where the server does
     * not answer in time, `unknown` for an allowed tool that is not there, and `foreign` where the server refuses, ends or is not
     * one of this protocol.
     */
    static connect(server: McpEndpoint, options?: McpToolsOptions): Promise<McpTools>;
    /** The names of the tools as the model uses them, in the server's order. */
    get names(): string[];
    /** The tools that the server lists and that cannot be used. */
    get refused(): RefusedTool[];
    /** The revision of the protocol that is spoken, for example `2026-07-28`. */
    get protocolVersion(): string;
    /** Ends the connection, and a program that was started for it. Calls that run fail, and later ones. */
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}
