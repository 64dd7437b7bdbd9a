import { Agent } from "./agent.js";
import type { Approver, Tool } from "./callback.js";
import type { McpTools } from "./mcp.js";
import { type Abortable } from "./runtime.js";
import type { BuiltinTool } from "./tools.js";
/** What an {@link McpServer} offers, and to whom. */
export interface McpServerOptions {
    /** As those of an assistant, in this order. */
    tools?: readonly (Tool | BuiltinTool | McpTools)[];
    /**
     * An assistant or a router that clients may ask, as the last tool. Questions are on their own: no client hears what another one asked. The
     * server has it also after its `close`. Further ones may be among `tools`, by {@link Agent.asTool}.
     */
    agent?: Agent;
    /** The name of that tool. Default `ask`. */
    agentName?: string;
    /** What the client's model is told about it. Default: that it answers questions. */
    agentDescription?: string;
    /** Words to the client's model on how to use all of it. */
    instructions?: string;
    /** What whoever connects is granted, for tools that need scopes. Default: nothing. */
    scopes?: readonly string[];
    /** How long a tool may run that has no `timeoutMs` of its own. Default 5 seconds. */
    toolTimeoutMs?: number;
    /** Decides about calls of tools with `approve`; without one they do not run. */
    approver?: Approver;
}
/** Where a server listens, and whom it answers. */
export interface McpHttpOptions extends Abortable {
    /** An address and a port. Default `127.0.0.1:0`: this machine alone, at a free port. */
    address?: string;
    /** The bearer token that every request has to have. An address that other machines reach needs one. */
    token?: string;
}
/**
 * Tools, and an agent as a tool that is asked, for clients of the Model Context Protocol. At most 64 calls run at once,
 * further ones wait.
 */
export declare class McpServer {
    #private;
    /** A server that offers nothing but what it is given; clients are told its name. */
    constructor(name: string, options?: McpServerOptions);
    /**
     * Serves the program that started this one, over the standard streams, until it closes our input. Nothing else may write to
     * standard output meanwhile: `console.error`, not `console.log`.
     */
    serveStdio(options?: Abortable): Promise<void>;
    /**
     * Starts to serve whoever connects over HTTP, without TLS, and goes on until what it gives is closed. Requests of web pages
     * are refused.
     */
    serveHttp(options?: McpHttpOptions): Promise<McpHttpServer>;
}
/** A server that listens until it is closed, and keeps the process alive until then; made by {@link McpServer.serveHttp}. */
export declare class McpHttpServer {
    #private;
    /** What clients are told: `http://127.0.0.1:PORT/mcp`. */
    get url(): string;
    /** Stops listening. Calls that run are dropped. */
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}
