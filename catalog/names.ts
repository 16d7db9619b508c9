import { LakeError } from "../core/index.js";

/** The namespace that every lake has, and that a bare table name means. */
export const DEFAULT_NAMESPACE = "default";

const MAX_NAME_BYTES = 255;

/** The name of a table or a view. Names keep their case and are compared without it. */
export interface TableName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Parses `table` or `namespace.table`. Nothing is quoted here; a name with a dot in it is built by
 * {@link tableName}.
 *
 * @throws LakeError `invalid-input` as {@link tableName}, or when there are more than two parts.
 */
export function parseTableName(text: string): TableName {
  const [first = "", second, ...more] = text.split(".");
  if (more.length > 0) throw notAName(text, "it has more than two parts; write table or namespace.table");
  return second === undefined ? tableName(first) : tableName(second, first);
}

/** @throws LakeError `invalid-input` when a part is not a name, see {@link checkedName}. */
export function tableName(name: string, namespace: string = DEFAULT_NAMESPACE): TableName {
  return { namespace: checkedName(namespace), name: checkedName(name) };
}

/**
 * The text, if it can name a namespace, a table or a view: 1 to 255 bytes of UTF-8, no control
 * character, no slash.
 *
 * @throws LakeError `invalid-input` when it cannot.
 */
export function checkedName(text: string): string {
  if (text === "") throw notAName(text, "it is empty");
  if (/[\p{Cc}\p{Surrogate}/]/u.test(text)) throw notAName(text, "it holds a slash or a control character");
  if (Buffer.byteLength(text) > MAX_NAME_BYTES)
    throw notAName(text, `it has more than ${MAX_NAME_BYTES} bytes`);
  return text;
}

/** `namespace.table`, for messages. */
export function formatTableName({ namespace, name }: TableName): string {
  return `${namespace}.${name}`;
}

/** Equal for names that differ in case only. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

/** Equal for table names that differ in case only. No name holds a slash. */
export function tableKey({ namespace, name }: TableName): string {
  return `${nameKey(namespace)}/${nameKey(name)}`;
}

function notAName(text: string, why: string): LakeError {
  return new LakeError("invalid-input", "name", `${JSON.stringify(text)} is not a name: ${why}`);
}
