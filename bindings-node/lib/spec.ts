/**
 * What a file says that describes an assistant, for {@link Assistant.fromSpec}: its keys are the file's, in all languages.
 * What it leaves out has the default of the options of an {@link Assistant}.
 */
export interface AgentSpec extends AgentProfile {
  /**
   * The name of a model of this machine, or a path, which begins at the file's folder. The environment variable
   * `RUSHLIGHT_MODEL` comes in the place of a file's. Default: none, for a model of the caller's.
   */
  model?: string;
  /** How that model is set up: the options of a {@link LocalLlm}. */
  model_options?: Record<string, unknown>;
  /** The model of a server, where `model` names none; its key is in the environment variable that `api_key_env` names. */
  remote_model?: {
    url: string;
    name: string;
    api_key_env?: string;
    /** How the server is asked: the options of a {@link RemoteLlm}, but for the key; a time is a number of seconds or text such as `30s`. */
    options?: Record<string, unknown>;
  };
  /** The tools that the model may call, by name; of each, what of its policy is other than the tool's own. */
  tools?: Record<string, Record<string, unknown>>;
  /** How passages are found in a knowledge base: the options of {@link KnowledgeBase.retriever}. */
  retriever?: Record<string, unknown>;
  /** Keeps answers in memory, in the bounds of a {@link MemoryCache}. Default: not. */
  cache?: Record<string, number | string>;
  /** Keeps answers that needed tools, too. Default false. */
  cache_tool_answers?: boolean;
  /** Remembers conversations in memory, in the bounds of {@link MemorySessions}. Default: not. */
  sessions?: Record<string, number | string>;
  /** The same assistant with other parameters, by name. */
  profiles?: Record<string, AgentProfile>;
}

/** What may be different in a profile of an {@link AgentSpec}. */
export interface AgentProfile {
  /** Who the assistant is and what it does. */
  instructions?: string;
  /** How the next token is chosen: `temperature`, `top_k` and so on. */
  sampling?: Record<string, number>;
  /** What one run may spend: `max_turns`, `deadline` and so on; a duration is a number of seconds or text such as `30s`. */
  limits?: Record<string, number | string>;
}
