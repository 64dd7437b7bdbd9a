import * as native from "../native.js";
import type { JsonSchema } from "./callback.js";
import { fromJson, optionsToJson, toJson } from "./convert.js";
import { text } from "./error.js";
import { retrieverMethods, type Retriever } from "./own.js";
import { KnowledgeBase, type Filter } from "./retrieval.js";
import { KnowledgeRetriever } from "./retriever.js";
import { now } from "./runtime.js";

/** A tool that ships, or an assistant as one, for {@link AssistantOptions.tools}; made by the functions of `tools` and by {@link Assistant.asTool}. */
export class BuiltinTool {
  readonly name: string;
  readonly description: string;
  /** The arguments as a JSON Schema. */
  readonly parameters: JsonSchema;
  /** How long one call may run; none leaves it to the assistant. */
  readonly timeoutMs: number | undefined;
  /** @internal */
  readonly native: native.BuiltinTool;

  /** @internal */
  constructor(make: () => native.BuiltinTool) {
    this.native = now(make);
    const { name, description, parameters } = fromJson<{ name: string; description: string; parameters: JsonSchema }>(
      now(() => this.native.spec()),
    );
    this.name = name;
    this.description = description;
    this.parameters = parameters;
    this.timeoutMs = this.native.timeout ?? undefined;
  }
}

/** What {@link currentTime} says when the model does not ask for more. */
export interface CurrentTimeOptions {
  /** The time zone of calls that name none, as the IANA database names it. Default `UTC`. */
  zone?: string;
}

/** What {@link readFile} may read. */
export interface ReadFileOptions {
  /** Larger files are refused. Default 1 MiB. */
  maxFileBytes?: number;
  /** At most this much text is given at once, in whole lines where they fit. Default 12 KiB. */
  maxOutputBytes?: number;
  /** Whether files and folders whose names begin with a dot may be read: they often hold secrets. Default false. */
  hidden?: boolean;
  /**
   * Up to so many files are listed for each run, and no other path can be asked for: small models do not invent one then.
   * Where there are more, none is listed; nor are files that ignore files name. Default 0: any path.
   */
  listFiles?: number;
}

/** What {@link searchCode} may search and give. */
export interface SearchCodeOptions {
  /** At most this many lines are found. Default 50. */
  maxHits?: number;
  /** Lines that are shown before and after each. Default 1. */
  contextLines?: number;
  /** At most about this much text is given. Default 12 KiB. */
  maxOutputBytes?: number;
  /** Larger files are not searched. Default 1 MiB. */
  maxFileBytes?: number;
  /** Whether files and folders whose names begin with a dot are searched, but for `.git`. Default false. */
  hidden?: boolean;
}

/** A program that {@link runCommand} may run, and with which arguments. */
export interface AllowedCommand {
  /** Its name on `PATH`, or its absolute path. */
  program: string;
  /** What each argument has to be, in order: regular expressions, each for a whole argument. Default: none. */
  arguments?: readonly string[];
  /** What every further argument has to be. Default: there are none. */
  more?: string;
}

/** How the processes of {@link runCommand} run. */
export interface RunCommandOptions {
  /** Variables of this process that the others get, for example `PATH` or `HOME`. Default none. */
  environment?: readonly string[];
  /** How long one may run. Default 10 s. */
  timeoutMs?: number;
  /** How much is given of each of its two outputs: the beginning and the end. Default 6 KiB. */
  maxOutputBytes?: number;
  /** Nothing is started; the output says what would be. Default false. */
  dryRun?: boolean;
}

/** What {@link searchKnowledge} is called, and what it may find. */
export interface SearchKnowledgeOptions {
  /** The name that the model uses: several sources of passages need several. Default `search_knowledge`. */
  name?: string;
  /** What the model is told about it. Default: that it searches documents. */
  description?: string;
  /** Passages of a call that does not say how many. Default 5. */
  k?: number;
  /** At most this many passages, also where more are asked for. Default 10. */
  maxK?: number;
  /** Which passages may be found. Default: all. */
  filter?: Filter;
  /** Passages that do not fit into this much output are left out, but for the best one. Default 12 KiB. */
  maxOutputBytes?: number;
}

/** Which pages {@link fetchPage} may fetch, and how. */
export interface FetchPageOptions {
  /** The only hosts whose pages are fetched, also after redirects, each by its whole name. Default: all public ones. */
  hosts?: readonly string[];
  /** Hosts that may have private, loopback or other addresses that are not public. Default none. */
  allowedHosts?: readonly string[];
  /** Pages above this many bytes are refused. Default 8 MiB. */
  maxBytes?: number;
  /** Text beyond this is left out, and the output says how much. Default 12 KiB. */
  maxOutputBytes?: number;
  /** Redirects that are followed. Default 5. */
  maxRedirects?: number;
  /** How long a page may take, redirects included. Default 3 s. */
  timeoutMs?: number;
  /** Who asks. Default `rushlight/` and the version. */
  userAgent?: string;
}

/**
 * The tool `calculate`: the value of an arithmetic expression with `+ - * / % ^`, parentheses and the functions `min`,
 * `max`, `abs`, `round`, `sqrt` and `pow`. Whole numbers are exact up to 38 digits; others, and larger ones, have 15
 * digits. It can do nothing but arithmetic.
 */
export function calculate(): BuiltinTool {
  return new BuiltinTool(() => native.BuiltinTool.calculate());
}

/** The tool `current_time`: date, time and weekday in a time zone that has a name, by the clock of this machine. */
export function currentTime(options: CurrentTimeOptions = {}): BuiltinTool {
  const json = optionsToJson("current time options", options);
  return new BuiltinTool(() => native.BuiltinTool.currentTime(json));
}

/**
 * The tool `read_file`: the text of a file below a folder, or a range of its lines. It can read nothing outside of the
 * folder, neither by `..`, an absolute path nor a link, and nothing but regular files with text in UTF-8.
 */
export function readFile(root: string, options: ReadFileOptions = {}): BuiltinTool {
  const [folder, json] = [text("root", root), optionsToJson("read file options", options)];
  return new BuiltinTool(() => native.BuiltinTool.readFile(folder, json));
}

/**
 * The tool `search_code`: lines of the text files below a folder that hold a text or match a regular expression. Files
 * that `.gitignore` names are left out; the same files give the same output. It can show nothing outside of the folder.
 */
export function searchCode(root: string, options: SearchCodeOptions = {}): BuiltinTool {
  const [folder, json] = [text("root", root), optionsToJson("search code options", options)];
  return new BuiltinTool(() => native.BuiltinTool.searchCode(folder, json));
}

/**
 * The tool `run_command`: runs an allowed program with allowed arguments in a folder, without a shell, and gives its exit
 * code and what it wrote. An argument that begins with `-` matches only a pattern that begins with `-`. When its time is
 * over, or nobody waits for it any more, a process ends with all that it started.
 */
export function runCommand(
  dir: string,
  commands: readonly AllowedCommand[],
  options: RunCommandOptions = {},
): BuiltinTool {
  const [folder, json] = [text("dir", dir), optionsToJson("run command options", options)];
  const allowed = toJson("commands", commands);
  return new BuiltinTool(() => native.BuiltinTool.runCommand(folder, allowed, json));
}

/**
 * The tool `search_knowledge`: the passages that a retriever finds for a question, each with its source, as JSON. A
 * knowledge base stays open until its tool is collected.
 */
export function searchKnowledge(
  retriever: KnowledgeBase | KnowledgeRetriever | Retriever,
  options: SearchKnowledgeOptions = {},
): BuiltinTool {
  const json = optionsToJson("search knowledge options", options);
  if (retriever instanceof KnowledgeBase) {
    return new BuiltinTool(() => native.BuiltinTool.searchBase(retriever.native, json));
  }
  if (retriever instanceof KnowledgeRetriever) {
    return new BuiltinTool(() => native.BuiltinTool.searchStages(retriever.base, retriever.native, json));
  }
  const methods = retrieverMethods(retriever);
  return new BuiltinTool(() => native.BuiltinTool.searchOwn(...methods, json));
}

/**
 * The tool `fetch_page`: the readable text of one web page, as JSON. It connects to public addresses alone, also after
 * redirects, unless a host is allowed by name, and keeps to `robots.txt`. An address can carry what the model knows to
 * whoever owns its host: `hosts` says which it may ask.
 */
export function fetchPage(options: FetchPageOptions = {}): BuiltinTool {
  const json = optionsToJson("fetch page options", options);
  return new BuiltinTool(() => native.BuiltinTool.fetchPage(json));
}
