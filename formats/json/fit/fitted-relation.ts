import { join } from "node:path";
import { newUuid } from "../../../core/index.js";
import { quoteIdentifier, quoteString } from "../../../engine/index.js";
import {
  FILE_URI,
  type FittedColumn,
  type Misfits,
  RESCUED,
  type Relation,
  type RelationOptions,
  ROW_NUMBER,
} from "../../opened-source.js";
import { enginePath } from "../../source/engine-path.js";
import { fileUri } from "../../source/file-uri.js";
import type { SourceFile } from "../../source/source-file.js";
import { temporaryFolder } from "../../source/temporary.js";
import type { JsonLayout } from "../json-scanner.js";
import { fitRecords, type RecordFile } from "./fit-records.js";
import type { RecordTarget } from "./record-fitter.js";
import { nodeOf, StructNode } from "./target-node.js";
import { type TargetType, targetTypeOf } from "./target-type.js";

/** Records to be fitted to columns. */
export interface FittingSource {
  readonly files: readonly SourceFile[];
  readonly layout: JsonLayout;
  /** Whether the records are objects; else each is the value of one column. */
  readonly areObjects: boolean;
}

const NO_TYPE: TargetType = { kind: "none", type: "VARCHAR" };

/** A column that rows are wanted in; its target is that of its type, unless another is said. */
export interface TargetColumn extends FittedColumn {
  readonly target?: TargetType | undefined;
}

/** The engine's buffers need more room than the longest record takes. */
const SMALLEST_RECORD_LIMIT = 16 * 1024 * 1024;

/**
 * The rows of a source as columns want them, every record looked at: its records are written anew, without what does
 * not fit, and read with the columns' types.
 *
 * @throws LakeError as {@link fitRecords}.
 */
export async function fittedRelation(
  source: FittingSource,
  columns: readonly TargetColumn[],
  misfits: Misfits,
  options: RelationOptions,
  signal: AbortSignal | undefined,
): Promise<Relation> {
  const types = columns.map(({ type, target: known }) => known ?? targetTypeOf(type));
  const target = targetOf(source.areObjects, columns, types);
  const added = addedKeys(options);
  const folder = await temporaryFolder();
  try {
    const localPath = join(folder.path, "records");
    const files = source.files.map(
      ({ localPath: path, uri, identity }): RecordFile => ({
        localPath: path,
        uri,
        fileUri: identity ?? fileUri(path),
      }),
    );
    const { longestRecord } = await fitRecords(
      { files, layout: source.layout, target: target.records, misfits, added },
      localPath,
      signal,
    );
    const keys: [key: string, type: string][] = types.map((type, index) => [
      target.keys[index] ?? "",
      readType(type),
    ]);
    keys.push([added.rescued, "VARCHAR"]);
    if (added.row !== undefined) keys.push([added.row, "BIGINT"]);
    if (added.file !== undefined) keys.push([added.file, "VARCHAR"]);
    const selected = columns.map(({ name, type }, index) =>
      selectedColumn(keys[index]?.[0] ?? "", keys[index]?.[1] ?? "", type, name),
    );
    if (misfits === "rescue") selected.push(`${quoteIdentifier(added.rescued)} AS ${RESCUED}`);
    if (added.row !== undefined) selected.push(`${quoteIdentifier(added.row)} AS ${ROW_NUMBER}`);
    if (added.file !== undefined) selected.push(`${quoteIdentifier(added.file)} AS ${FILE_URI}`);
    const read = keys.map(([key, type]) => `${quoteString(key)}: ${quoteString(type)}`);
    const limit = Math.max(SMALLEST_RECORD_LIMIT, longestRecord + 1);
    const sql =
      `SELECT ${selected.join(", ")} FROM read_json(${enginePath(localPath)}, columns = {${read.join(", ")}}, ` +
      `records = 'true', format = 'newline_delimited', maximum_object_size = ${limit}, compression = 'uncompressed')`;
    return { sql, dispose: folder.dispose };
  } catch (error) {
    await folder.dispose();
    throw error;
  }
}

/** Keys that no record has. */
function addedKeys({ numbered, withFile }: RelationOptions): {
  readonly rescued: string;
  readonly row: string | undefined;
  readonly file: string | undefined;
} {
  const unique = newUuid();
  return {
    rescued: `rescued ${unique}`,
    row: numbered === true ? `row ${unique}` : undefined,
    file: withFile === true ? `file ${unique}` : undefined,
  };
}

/** What records are to be, and the key under which the engine finds each column. */
function targetOf(
  areObjects: boolean,
  columns: readonly FittedColumn[],
  types: readonly TargetType[],
): { readonly records: RecordTarget; readonly keys: readonly string[] } {
  const unique = newUuid();
  if (!areObjects) {
    // Each record becomes an object of one key: the value of the column that wants it, and of no other.
    const wanted = columns.findIndex(({ source }) => source.toLowerCase() === "value");
    const node = nodeOf(types[wanted] ?? NO_TYPE);
    const keys = columns.map((_, index) => (index === wanted ? "value" : `column ${index} ${unique}`));
    return { records: { kind: "value", name: "value", node }, keys };
  }
  // The engine takes no empty name of a column, and no two that differ in case only.
  const taken = new Set<string>([""]);
  const keys = columns.map(({ source }, index) => {
    const isFree = !taken.has(source.toLowerCase());
    taken.add(source.toLowerCase());
    return isFree ? source : `column ${index} ${unique}`;
  });
  const fields = columns.map(({ source }, index) => ({
    name: source,
    type: types[index] ?? NO_TYPE,
  }));
  return { records: { kind: "object", struct: new StructNode(fields, keys) }, keys };
}

function selectedColumn(key: string, readAs: string, type: string, name: string): string {
  const read = quoteIdentifier(key);
  const value = readAs === type ? read : `CAST(${read} AS ${type})`;
  return `${value} AS ${quoteIdentifier(name)}`;
}

/** The type in which the engine reads a value that fits, with every digit of it. */
function readType(type: TargetType): string {
  switch (type.kind) {
    case "whole":
      return type.type;
    case "double":
    case "float":
      return "DOUBLE";
    case "boolean":
      return "BOOLEAN";
    case "list":
      return `${readType(type.element)}[]`;
    case "map":
      return `MAP(VARCHAR, ${readType(type.value)})`;
    case "struct":
      return `STRUCT(${type.fields.map((field) => `${quoteIdentifier(field.name)} ${readType(field.type)}`).join(", ")})`;
    default:
      return "VARCHAR";
  }
}
