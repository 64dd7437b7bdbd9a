import * as native from "../native.js";
import { Agent } from "./agent.js";
import { addTool, decisions } from "./assistant.js";
import type { Approver, Tool } from "./callback.js";
import { toJson } from "./convert.js";
import { invalid, kind, text } from "./error.js";
import type { McpTools } from "./mcp.js";
import { abortable, now, type Abortable } from "./runtime.js";
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
export class McpServer {
  readonly #native: native.McpServer;

  /** A server that offers nothing but what it is given; clients are told its name. */
  constructor(name: string, options: McpServerOptions = {}) {
    const { tools, agent, toolTimeoutMs, approver, ...about } = options;
    if (agent !== undefined && !(agent instanceof Agent)) {
      throw invalid("agent", `expected an assistant or a router, got ${kind(agent)}`);
    }
    const json = toJson("server options", { name: text("name", name), ...about });
    this.#native = now(() => {
      const builder = native.AssistantBuilder.ofTools();
      if (toolTimeoutMs !== undefined) builder.toolTimeout(toolTimeoutMs);
      if (approver !== undefined) builder.approver(decisions(approver));
      for (const tool of tools ?? []) addTool(builder, tool);
      return builder.server(json, agent?.native);
    });
  }

  /**
   * Serves the program that started this one, over the standard streams, until it closes our input. Nothing else may write to
   * standard output meanwhile: `console.error`, not `console.log`.
   */
  async serveStdio(options: Abortable = {}): Promise<void> {
    await abortable(options.signal, (cancellation) => this.#native.serveStdio(cancellation));
  }

  /**
   * Starts to serve whoever connects over HTTP, without TLS, and goes on until what it gives is closed. Requests of web pages
   * are refused.
   */
  async serveHttp(options: McpHttpOptions = {}): Promise<McpHttpServer> {
    const { signal, address = "127.0.0.1:0", token } = options;
    if (token !== undefined) text("token", token);
    const serve = (cancellation: native.Cancellation) =>
      this.#native.serveHttp(text("address", address), token, cancellation);
    return new McpHttpServer(await abortable(signal, serve));
  }
}

/** A server that listens until it is closed, and keeps the process alive until then; made by {@link McpServer.serveHttp}. */
export class McpHttpServer {
  readonly #native: native.McpHttpServer;
  readonly #closed: Promise<void>;

  /** @internal */
  constructor(server: native.McpHttpServer) {
    this.#native = server;
    this.#closed = server.listening();
  }

  /** What clients are told: `http://127.0.0.1:PORT/mcp`. */
  get url(): string {
    return this.#native.url;
  }

  /** Stops listening. Calls that run are dropped. */
  async close(): Promise<void> {
    this.#native.close();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
