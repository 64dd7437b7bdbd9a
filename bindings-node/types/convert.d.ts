/** A value from the native module's JSON text, with camel-case keys. */
export declare function fromJson<T>(json: string): T;
/** A plain value with camel-case keys. */
export declare function toCamel(value: unknown): unknown;
/** A plain value with the snake-case keys of the JSON form. */
export declare function toSnake(value: unknown): unknown;
/** JSON text for the native module; `what` names the value in errors. */
export declare function toJson(what: string, value: unknown): string;
/** The same with the keys as they are. */
export declare function toPlainJson(what: string, value: unknown): string;
/** JSON text of an options object. */
export declare function optionsToJson(what: string, options: unknown): string;
