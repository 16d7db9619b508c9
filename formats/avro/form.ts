import type { ByteColumn } from "./byte-column.js";
import type { BitColumn, Column, NumberColumn, RealColumn } from "./column.js";
import type { Read } from "./read-leaf.js";
import { readerOf, stepReader } from "./reader.js";
import type { Decoding, Step } from "./resolve.js";
import type { AvroLeaf } from "./schema.js";

/** How values of one place in a schema are read where the reading of a row is one piece of code. */
export type Form =
  | ValueForm
  | { readonly kind: "record"; readonly fields: readonly Form[] }
  /** A union of null and one type; `nullBranch` is the number of null. */
  | {
      readonly kind: "nullable";
      readonly nullBranch: 0 | 1;
      readonly value: ValueForm;
      readonly read: Read;
    }
  /** All the rest. */
  | { readonly kind: "call"; readonly read: Read };

/** A value that has a form of its own. `read` reads it too: its rarer encodings are left to it. */
export type ValueForm =
  /** A zig-zag number, into one word or two. Only one of more than 28 bits can be out of the type's range. */
  | { readonly kind: "number"; readonly column: NumberColumn; readonly read: Read }
  | { readonly kind: "real"; readonly bits: 32 | 64; readonly column: RealColumn; readonly read: Read }
  | { readonly kind: "boolean"; readonly column: BitColumn; readonly read: Read }
  | { readonly kind: "bytes"; readonly column: ByteColumn; readonly read: Read }
  | {
      readonly kind: "enum";
      /** By the writer's symbols. */
      readonly texts: readonly (Uint8Array | undefined)[];
      readonly column: ByteColumn;
      readonly read: Read;
    };

/** The forms of a record's steps, each into its column. */
export function stepForms(steps: readonly Step[], columns: readonly Column[]): Form[] {
  return steps.map((step): Form => {
    const column = step.kind === "field" ? columns[step.index] : undefined;
    if (step.kind !== "field" || column === undefined)
      return { kind: "call", read: stepReader(step, columns) };
    return formOf(step.value, column);
  });
}

function formOf(decoding: Decoding, column: Column): Form {
  if (decoding.kind === "record" && column.kind === "struct")
    return { kind: "record", fields: stepForms(decoding.steps, column.children) };
  return (
    nullableForm(decoding, column) ??
    valueForm(decoding, column) ?? { kind: "call", read: readerOf(decoding, column) }
  );
}

function nullableForm(decoding: Decoding, column: Column): Form | undefined {
  if (decoding.kind !== "union" || !decoding.tagged || decoding.branches.length !== 2) return undefined;
  const { branches, readers } = decoding;
  if (readers?.length !== 2) return undefined;
  const targets = branches.map((branch) =>
    branch.kind === "branch" ? readers[branch.target]?.kind : undefined,
  );
  const nullBranch = targets[0] === "null" ? 0 : 1;
  const other = branches[1 - nullBranch];
  if (targets[nullBranch] !== "null" || other?.kind !== "branch" || targets[1 - nullBranch] === "null")
    return undefined;
  const value = valueForm(other.value, column);
  return value && { kind: "nullable", nullBranch, value, read: readerOf(decoding, column) };
}

function valueForm(decoding: Decoding, column: Column): ValueForm | undefined {
  if (column.kind === "bytes" && column.content === "json") return undefined;
  if (decoding.kind === "enum" && column.kind === "bytes") {
    const texts = decoding.symbols.map((symbol) => (symbol === undefined ? undefined : Buffer.from(symbol)));
    return { kind: "enum", texts, column, read: readerOf(decoding, column) };
  }
  if (decoding.kind !== "leaf" || decoding.writer.kind !== decoding.reader.kind) return undefined;
  return leafForm(decoding.writer, column, () => readerOf(decoding, column));
}

/** The form of a leaf that is read as it was written. */
function leafForm(type: AvroLeaf, column: Column, read: () => Read): ValueForm | undefined {
  switch (type.kind) {
    case "timestamp":
      if (type.unit !== "micros") return undefined;
      break;
    case "int":
    case "long":
    case "date":
    case "float":
    case "double":
    case "boolean":
    case "bytes":
    case "string":
    case "uuid":
      break;
    default:
      return undefined;
  }
  switch (column.kind) {
    case "number":
      return { kind: "number", column, read: read() };
    case "real":
      return { kind: "real", bits: type.kind === "float" ? 32 : 64, column, read: read() };
    case "bits":
      return { kind: "boolean", column, read: read() };
    case "bytes":
      return { kind: "bytes", column, read: read() };
    default:
      return undefined;
  }
}
