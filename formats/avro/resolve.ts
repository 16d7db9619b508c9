import { defaultData } from "./default-value.js";
import {
  type AvroEnum,
  type AvroField,
  type AvroLeaf,
  type AvroNames,
  type AvroRecord,
  type AvroType,
  typeName,
  unwrapped,
} from "./schema.js";

/** How a writer's values become a reader's. */
export type Decoding =
  /** Of the same kind, or one that is promoted to the other. */
  | { readonly kind: "leaf"; readonly writer: AvroLeaf; readonly reader: AvroLeaf }
  /** The reader's symbol for each of the writer's, undefined where the reader has none. */
  | { readonly kind: "enum"; readonly symbols: readonly (string | undefined)[]; readonly writer: AvroEnum }
  | { readonly kind: "array"; readonly items: Decoding }
  | { readonly kind: "map"; readonly values: Decoding }
  | RecordDecoding
  | {
      readonly kind: "union";
      /** Whether the data says which branch it is: the writer has a union. */
      readonly tagged: boolean;
      /** By the writer's branches. */
      readonly branches: readonly BranchDecoding[];
      /** The reader's branches; undefined where the reader has no union. */
      readonly readers: readonly AvroType[] | undefined;
    }
  | { readonly kind: "recursive"; readonly resolve: () => RecordDecoding };

export interface RecordDecoding {
  readonly kind: "record";
  /** What to do, in the order of the data. */
  readonly steps: readonly Step[];
  /** The reader's fields. */
  readonly fields: readonly string[];
}

export type Step =
  /** Reads a value into the reader's field `index`. */
  | { readonly kind: "field"; readonly index: number; readonly value: Decoding }
  /** Passes over a value that the reader has no field for. */
  | { readonly kind: "skip"; readonly type: AvroType }
  /** Reads the field's default from `data`. */
  | { readonly kind: "default"; readonly index: number; readonly data: Uint8Array; readonly value: Decoding };

export type BranchDecoding =
  /** `target` is the number of the reader's branch; 0 where the reader has no union. */
  | { readonly kind: "branch"; readonly target: number; readonly value: Decoding }
  /** Refused when a value of it is met. */
  | { readonly kind: "mismatch"; readonly refusal: ResolutionError };

/** Two schemas that do not fit: `path` is the reader's field, `what` why. */
export class ResolutionError extends Error {
  readonly path: string;

  constructor(path: string, what: string) {
    super(`${path === "" ? "the schema" : `field ${path}`}: ${what}`);
    this.path = path;
  }
}

/**
 * How data of one schema is read as another; a schema reads itself. Avro specification 1.12, "Schema
 * Resolution".
 *
 * Stricter where that would change what a value says: a timestamp is not read as a wall clock, nor a date as a
 * time, and a timestamp of another unit stays the same instant.
 *
 * @throws ResolutionError naming the field where they do not fit.
 */
export function resolveSchemas(writer: AvroType, reader: AvroType): Decoding {
  return new Resolver().resolve(writer, reader, "");
}

class Resolver {
  /** Records that hold themselves, by the writer's and the reader's; undefined while one is being resolved. */
  readonly #records = new Map<AvroRecord, Map<AvroRecord, RecordDecoding | undefined>>();

  resolve(writer: AvroType, reader: AvroType, path: string): Decoding {
    if (writer.kind === "union") {
      if (writer.branches.length === 0) throw new ResolutionError(path, "a union has no branches");
      const branches = writer.branches.map((branch, index) => this.#branch(branch, index, reader, path));
      const [first] = branches;
      if (first?.kind === "mismatch" && branches.every(({ kind }) => kind === "mismatch"))
        throw first.refusal;
      return { kind: "union", tagged: true, branches, readers: branchesOf(reader) };
    }
    if (reader.kind === "union") {
      const branch = this.#branch(writer, 0, reader, path);
      if (branch.kind === "mismatch") throw branch.refusal;
      return { kind: "union", tagged: false, branches: [branch], readers: reader.branches };
    }
    const from = unwrapped(writer);
    const to = unwrapped(reader);
    if (from.kind === "record" && to.kind === "record") {
      const known = this.#records.get(from);
      if (known?.has(to)) return { kind: "recursive", resolve: () => this.#resolved(from, to) };
      const decoding = this.#record(from, to, path);
      return reader.kind === "recursive" ? { kind: "recursive", resolve: () => decoding } : decoding;
    }
    if (from.kind === "array" && to.kind === "array")
      return { kind: "array", items: this.resolve(from.items, to.items, `${path}[]`) };
    if (from.kind === "map" && to.kind === "map")
      return { kind: "map", values: this.resolve(from.values, to.values, `${path}{}`) };
    if (from.kind === "enum" && to.kind === "enum" && sameName(from, to)) {
      const known = new Set(to.symbols);
      const fallback = to.fallback !== undefined && known.has(to.fallback) ? to.fallback : undefined;
      const symbols = from.symbols.map((symbol) => (known.has(symbol) ? symbol : fallback));
      return { kind: "enum", symbols, writer: from };
    }
    if (isLeaf(from) && isLeaf(to) && fits(from, to)) return { kind: "leaf", writer: from, reader: to };
    throw mismatch(path, writer, reader);
  }

  /** A writer's branch, or its only type, in the reader's type. */
  #branch(writer: AvroType, index: number, reader: AvroType, path: string): BranchDecoding {
    const readers = branchesOf(reader);
    // The branch of the same kind and name goes before one that the value must be promoted to. A union that
    // reads itself keeps its branches, even two of one kind.
    const order = readers === undefined ? [0] : inOrder(writer, index, readers);
    let refusal: ResolutionError | undefined;
    for (const target of order) {
      const type = readers === undefined ? reader : readers[target];
      if (type === undefined) continue;
      try {
        return { kind: "branch", target, value: this.resolve(writer, type, path) };
      } catch (error) {
        if (!(error instanceof ResolutionError)) throw error;
        refusal ??= readers === undefined ? error : undefined;
      }
    }
    return { kind: "mismatch", refusal: refusal ?? mismatch(path, writer, reader) };
  }

  #record(writer: AvroRecord, reader: AvroRecord, path: string): RecordDecoding {
    if (!sameName(writer, reader)) throw mismatch(path, writer, reader);
    const ofWriter = this.#records.get(writer) ?? new Map<AvroRecord, RecordDecoding | undefined>();
    this.#records.set(writer, ofWriter.set(reader, undefined));
    try {
      const decoding = this.#fields(writer, reader, path);
      ofWriter.set(reader, decoding);
      return decoding;
    } catch (error) {
      ofWriter.delete(reader);
      throw error;
    }
  }

  #fields(writer: AvroRecord, reader: AvroRecord, path: string): RecordDecoding {
    const sources = reader.fields.map((field) => sourceOf(field, writer));
    const steps = writer.fields.map((field): Step => {
      const index = sources.indexOf(field);
      const target = reader.fields[index];
      if (target === undefined) return { kind: "skip", type: field.type };
      return { kind: "field", index, value: this.resolve(field.type, target.type, join(path, target.name)) };
    });
    const defaults = reader.fields.flatMap((field, index): Step[] => {
      if (sources[index] !== undefined) return [];
      const place = join(path, field.name);
      if (field.fallback === undefined)
        throw new ResolutionError(place, "the writer has no such field and there is no default");
      const data = defaultData(field.type, field.fallback);
      if (data === undefined)
        throw new ResolutionError(place, `its default is no value of type ${typeName(field.type)}`);
      return [{ kind: "default", index, data, value: this.resolve(field.type, field.type, place) }];
    });
    return { kind: "record", steps: [...steps, ...defaults], fields: reader.fields.map(({ name }) => name) };
  }

  #resolved(writer: AvroRecord, reader: AvroRecord): RecordDecoding {
    const decoding = this.#records.get(writer)?.get(reader);
    if (decoding === undefined) throw new ResolutionError("", `the Avro type ${reader.name} has no end`);
    return decoding;
  }
}

const branchesOf = (type: AvroType): readonly AvroType[] | undefined =>
  type.kind === "union" ? type.branches : undefined;

function inOrder(writer: AvroType, index: number, readers: readonly AvroType[]): number[] {
  const rank = (target: number): number => {
    const reader = readers[target];
    if (reader === writer) return target === index ? 0 : 1;
    if (reader === undefined || unwrapped(reader).kind !== unwrapped(writer).kind) return 4;
    return typeName(reader) === typeName(writer) ? 2 : 3;
  };
  return [...readers.keys()].sort((one, other) => rank(one) - rank(other) || one - other);
}

/** The writer's field of the reader's name, or else of one of its aliases. */
function sourceOf(field: AvroField, writer: AvroRecord): AvroField | undefined {
  for (const name of [field.name, ...field.aliases]) {
    const source = writer.fields.find((candidate) => candidate.name === name);
    if (source !== undefined) return source;
  }
  return undefined;
}

const join = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

const unqualified = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

/** Names match without their namespaces, or by an alias of the reader. */
function sameName(writer: AvroNames, reader: AvroNames): boolean {
  return (
    unqualified(writer.name) === unqualified(reader.name) ||
    reader.aliases.some((alias) => alias === writer.name)
  );
}

function mismatch(path: string, writer: AvroType, reader: AvroType): ResolutionError {
  const named = "name" in writer && "name" in reader && writer.kind === reader.kind;
  const hint = named ? "; an alias in the reader's schema can say that they are the same" : "";
  return new ResolutionError(path, `${typeName(writer)} cannot be read as ${typeName(reader)}${hint}`);
}

function isLeaf(type: AvroType): type is AvroLeaf {
  return !["enum", "array", "map", "union", "record", "recursive"].includes(type.kind);
}

/** What a leaf is in the data, whatever it means. */
export type Physical =
  | "null"
  | "boolean"
  | "int"
  | "long"
  | "float"
  | "double"
  | "bytes"
  | "string"
  | "fixed";

export function physical(type: AvroLeaf): Physical {
  switch (type.kind) {
    case "date":
    case "time-millis":
      return "int";
    case "time-micros":
    case "timestamp":
      return "long";
    case "uuid":
      return "string";
    case "decimal":
      return type.fixed === undefined ? "bytes" : "fixed";
    case "duration":
    case "uuid-fixed":
      return "fixed";
    default:
      return type.kind;
  }
}

const PROMOTIONS: Readonly<Record<Physical, readonly Physical[]>> = {
  null: ["null"],
  boolean: ["boolean"],
  int: ["int", "long", "float", "double"],
  long: ["long", "float", "double"],
  float: ["float", "double"],
  double: ["double"],
  bytes: ["bytes", "string"],
  string: ["string", "bytes"],
  fixed: ["fixed"],
};

function fits(writer: AvroLeaf, reader: AvroLeaf): boolean {
  if (writer === reader) return true;
  if (!PROMOTIONS[physical(writer)].includes(physical(reader))) return false;
  const fixedWriter = fixedOf(writer);
  const fixedReader = fixedOf(reader);
  if (fixedWriter !== undefined && fixedReader !== undefined) {
    if (fixedWriter.size !== fixedReader.size || !sameName(fixedWriter, fixedReader)) return false;
  }
  return sameMeaning(writer, reader);
}

function fixedOf(type: AvroLeaf): ({ readonly size: number } & AvroNames) | undefined {
  if (type.kind === "decimal") return type.fixed;
  return type.kind === "fixed" || type.kind === "duration" || type.kind === "uuid-fixed" ? type : undefined;
}

/** Two logical types must agree; one alone takes or gives the plain value below it. */
function sameMeaning(writer: AvroLeaf, reader: AvroLeaf): boolean {
  if (writer.kind === "timestamp" && reader.kind === "timestamp") return writer.local === reader.local;
  if (writer.kind === "decimal" && reader.kind === "decimal")
    return writer.precision === reader.precision && writer.scale === reader.scale;
  const isTime = (type: AvroLeaf): boolean => type.kind === "time-millis" || type.kind === "time-micros";
  if (isTime(writer) && isTime(reader)) return true;
  const isPlain = (type: AvroLeaf): boolean => type.kind === physical(type);
  return writer.kind === reader.kind || isPlain(writer) || isPlain(reader);
}
