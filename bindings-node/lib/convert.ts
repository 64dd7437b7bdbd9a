import { invalid, kind } from "./error.js";

/** Fields whose contents belong to the user or the model: their keys are never renamed. */
const opaque = new Set(["arguments", "parameters", "metadata", "schema", "headers", "extra"]);

const camel = (key: string): string => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function rename(value: unknown, key: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => rename(item, key));
  if (value === null || typeof value !== "object") return value;
  const fields = Object.entries(value).map(([name, field]) => {
    return [key(name), opaque.has(name) ? field : rename(field, key)] as const;
  });
  return Object.fromEntries(fields);
}

/** A value from the native module's JSON text, with camel-case keys. */
export function fromJson<T>(json: string): T {
  return toCamel(JSON.parse(json)) as T;
}

/** A plain value with camel-case keys. */
export function toCamel(value: unknown): unknown {
  return rename(value, camel);
}

/** A plain value with the snake-case keys of the JSON form. */
export function toSnake(value: unknown): unknown {
  return rename(value, snake);
}

/** JSON text for the native module; `what` names the value in errors. */
export function toJson(what: string, value: unknown): string {
  return stringify(what, value, () => toSnake(value));
}

/** The same with the keys as they are. */
export function toPlainJson(what: string, value: unknown): string {
  return stringify(what, value, () => value);
}

function stringify(what: string, value: unknown, converted: () => unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(converted());
  } catch (thrown) {
    throw invalid(what, thrown instanceof Error ? thrown.message : String(thrown));
  }
  if (json === undefined) throw invalid(what, `expected plain data, got ${kind(value)}`);
  return json;
}

/** JSON text of an options object. */
export function optionsToJson(what: string, options: unknown): string {
  if (options === null || typeof options !== "object" || Array.isArray(options)) {
    throw invalid(what, `expected an object, got ${kind(options)}`);
  }
  return toJson(what, options);
}
