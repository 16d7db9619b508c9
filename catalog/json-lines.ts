import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  LakeError,
  messageOf,
  parseJson,
  stringifyJson,
} from "../core/index.js";

/** Where in the stored log something stands; lines count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
}

/** One line of a file of the log: `{"<kind>":{...}}`. */
export interface Line {
  readonly kind: string;
  readonly fields: JsonObject;
  readonly at: Position;
}

export function serializeLines(lines: readonly { readonly kind: string }[]): Uint8Array {
  const texts = lines.map(({ kind, ...fields }) => `${stringifyJson({ [kind]: fields })}\n`);
  return new TextEncoder().encode(texts.join(""));
}

/**
 * @param file names the file in messages
 * @throws LakeError `corrupt` when a line is not an object with one member that is an object
 */
export function parseLines(data: Uint8Array, file: string): Line[] {
  return decode(data, file)
    .split("\n")
    .map((text, index) => ({ text, at: { file, line: index + 1 } }))
    .filter(({ text }) => text !== "")
    .map(({ text, at }) => parseLine(text, at));
}

function decode(data: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch (error) {
    throw corruptLine({ file, line: 1 }, "the file is not UTF-8", error);
  }
}

function parseLine(text: string, at: Position): Line {
  const json = parseJsonAt(text, at);
  const members = isJsonObject(json) ? Object.entries(json) : [];
  const [member] = members;
  if (member === undefined || members.length > 1)
    throw corruptLine(at, "the line is no object with one member");
  const [kind, fields] = member;
  if (!isJsonObject(fields)) throw corruptLine(at, `${kind} is not an object`);
  return { kind, fields, at };
}

function parseJsonAt(text: string, at: Position): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    throw corruptLine(at, messageOf(error), error);
  }
}

export function stringField({ fields, at }: Line, name: string): string {
  const value = fields[name];
  if (typeof value === "string") return value;
  throw corruptLine(at, `${name} is not a string`);
}

export function integerField({ fields, at }: Line, name: string): number {
  const value = fields[name];
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw corruptLine(at, `${name} is not an integer`);
}

export function stringsField({ fields, at }: Line, name: string): string[] {
  const value = fields[name];
  const isArray = (json: JsonValue | undefined): json is readonly JsonValue[] => Array.isArray(json);
  if (!isArray(value)) throw corruptLine(at, `${name} is not an array`);
  return value.map((item) => {
    if (typeof item === "string") return item;
    throw corruptLine(at, `${name} holds something that is not a string`);
  });
}

/** An array of objects, each with the place of the line that it stands in. */
export function objectsField({ kind, fields, at }: Line, name: string): Line[] {
  const value = fields[name];
  const isArray = (json: JsonValue | undefined): json is readonly JsonValue[] => Array.isArray(json);
  if (!isArray(value)) throw corruptLine(at, `${name} is not an array`);
  return value.map((item) => {
    if (isJsonObject(item)) return { kind, fields: item, at };
    throw corruptLine(at, `${name} holds something that is not an object`);
  });
}

export function corruptLine(at: Position, why: string, cause?: unknown): LakeError {
  return new LakeError("corrupt", "catalog-log", `${at.file}, line ${at.line}: ${why}`, {
    context: { ...at },
    cause,
  });
}
