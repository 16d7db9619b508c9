import { isJsonObject, type JsonObject, type JsonValue, LakeError } from "../../core/index.js";
import { isObjectPath } from "../../object-store/index.js";
import { type DataPath, parseDataPath } from "../log/data-path.js";
import { decodeBase85, encodeBase85 } from "./base85.js";

/**
 * How a deletion vector is stored: `u` in a file of the table whose name holds a UUID, `i` in the log itself,
 * `p` in a file with an absolute path.
 */
export type DeletionVectorStorage = "u" | "i" | "p";

/** The `deletionVector` of an `add` or `remove` (PROTOCOL.md, "Deletion Vector Descriptor Schema"). */
export interface DeletionVectorDescriptor {
  readonly storageType: DeletionVectorStorage;
  /** `u`: an optional prefix and the UUID in base85. `i`: the bytes in base85. `p`: a URI. */
  readonly pathOrInlineDv: string;
  /** Of the frame in the file, in bytes; none stands for 0. Never there for `i`. */
  readonly offset?: number | undefined;
  /** Of the serialised bitmap, in bytes, neither frame nor base85 counted. */
  readonly sizeInBytes: number;
  /** Rows deleted. */
  readonly cardinality: bigint;
}

/** Characters of a UUID in base85: 16 bytes. */
const UUID_DIGITS = 20;
/** `offset` and `sizeInBytes` are Java's Int. */
export const MAX_INT = 0x7fffffff;

/**
 * Reads a descriptor, from the JSON of a log entry or from the struct of a checkpoint. Where its file is, or
 * what its text holds, is not looked into: a tombstone's is never needed.
 *
 * @param what names it in errors, `add.deletionVector` for example
 * @throws LakeError `unsupported` for a storage type this release does not know, by its name; `corrupt` for a
 * field that breaks the protocol, by its name.
 */
export function parseDeletionVectorDescriptor(
  json: JsonValue,
  what = "deletionVector",
): DeletionVectorDescriptor {
  if (!isJsonObject(json)) throw corrupt(`${what} is not an object`);
  const storageType = parseStorage(json["storageType"], `${what}.storageType`);
  const pathOrInlineDv = json["pathOrInlineDv"];
  if (typeof pathOrInlineDv !== "string") throw corrupt(`${what}.pathOrInlineDv is not a string`);
  const offset = json["offset"] ?? undefined;
  if (offset !== undefined && storageType === "i") throw corrupt(`${what} is inline and has an offset`);
  return {
    storageType,
    pathOrInlineDv,
    offset: offset === undefined ? undefined : int(offset, `${what}.offset`),
    sizeInBytes: int(json["sizeInBytes"], `${what}.sizeInBytes`),
    cardinality: whole(json["cardinality"], `${what}.cardinality`),
  };
}

/** As it stands in an action; an absent offset stays absent. */
export function deletionVectorJson(descriptor: DeletionVectorDescriptor): JsonObject {
  const { storageType, pathOrInlineDv, offset, sizeInBytes, cardinality } = descriptor;
  const place =
    offset === undefined ? { storageType, pathOrInlineDv } : { storageType, pathOrInlineDv, offset };
  return { ...place, sizeInBytes, cardinality };
}

/** `uniqueId`, which tells one data file with different deletion vectors apart (PROTOCOL.md, "Derived Fields"). */
export function deletionVectorId(descriptor: DeletionVectorDescriptor): string {
  const { storageType, pathOrInlineDv, offset } = descriptor;
  return `${storageType}${pathOrInlineDv}${offset === undefined ? "" : `@${offset}`}`;
}

/**
 * Where the file is (PROTOCOL.md, "Derived Fields", absolutePath), relative to the table's folder or
 * absolute; `undefined` for an inline one.
 *
 * @throws LakeError `corrupt` when the text leads to no file.
 */
export function deletionVectorPath(descriptor: DeletionVectorDescriptor): DataPath | undefined {
  const { storageType, pathOrInlineDv } = descriptor;
  switch (storageType) {
    case "i":
      return undefined;
    case "p": {
      const path = parseDataPath(pathOrInlineDv);
      if (path.kind === "absolute") return path;
      throw corrupt(`a deletion vector's path ${JSON.stringify(pathOrInlineDv)} is not absolute`);
    }
    case "u": {
      const prefix = pathOrInlineDv.slice(0, -UUID_DIGITS);
      const uuid = uuidOf(pathOrInlineDv.slice(-UUID_DIGITS));
      if (uuid === undefined) {
        throw corrupt(
          `a deletion vector's name ${JSON.stringify(pathOrInlineDv)} does not end in a UUID in base85`,
        );
      }
      const path = `${prefix === "" ? "" : `${prefix}/`}${deletionVectorFileName(uuid)}`;
      if (!isObjectPath(path))
        throw corrupt(`a deletion vector's prefix ${JSON.stringify(prefix)} names no folder`);
      return { kind: "relative", path };
    }
  }
}

/** @param uuid in canonical form, with dashes */
export function deletionVectorFileName(uuid: string): string {
  return `deletion_vector_${uuid}.bin`;
}

/** The `pathOrInlineDv` of a file in the table's folder itself, without a prefix. */
export function uuidText(uuid: string): string {
  return encodeBase85(Buffer.from(uuid.replaceAll("-", ""), "hex"));
}

function uuidOf(text: string): string | undefined {
  const bytes = decodeBase85(text);
  if (bytes?.length !== 16) return undefined;
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function parseStorage(value: JsonValue | undefined, name: string): DeletionVectorStorage {
  if (value === "u" || value === "i" || value === "p") return value;
  if (typeof value !== "string") throw corrupt(`${name} is not a string`);
  throw new LakeError(
    "unsupported",
    "deletion-vector-storage",
    `${name} is ${JSON.stringify(value)}, which this release does not know`,
    { context: { storageType: value } },
  );
}

function int(value: JsonValue | undefined, name: string): number {
  const number = whole(value, name);
  if (number > BigInt(MAX_INT)) throw corrupt(`${name} is more than ${MAX_INT}`);
  return Number(number);
}

function whole(value: JsonValue | undefined, name: string): bigint {
  const isWhole = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
  if (!isWhole) throw corrupt(`${name} is not a whole number`);
  if (value < 0) throw corrupt(`${name} is negative`);
  return BigInt(value);
}

function corrupt(what: string): LakeError {
  return new LakeError("corrupt", "deletion-vector", what);
}
