import type { Metadata, PartitionValues } from "../log/actions.js";
import { canonicalDataPath } from "../log/data-path.js";
import { columnMappingMode, engineType, findField, parseSchema, physicalName } from "../schema/index.js";
import type { StructField } from "../schema/types.js";
import type { Predicate } from "../skipping/predicate.js";
import { type IsolationLevel, isolationLevelOf } from "./isolation.js";
import type { Replaced, StagedCommit, TableRead } from "./staged-commit.js";

/** What of a transaction decides which commits it may follow. */
export interface ConflictScope {
  /** The table's folder as a URI. */
  readonly root: string;
  /** It creates the table: there must be none. */
  readonly creates: boolean;
  readonly isolation: IsolationLevel;
  /** The metadata of the version that was read. */
  readonly metadata: Metadata | undefined;
  /** It changes schema, properties or protocol. */
  readonly changesMetadata: boolean;
  /** The rows that decided what it writes, by predicates over the columns of the version that was read. */
  readonly reads: readonly TableRead[];
  /** Rows that it replaces whatever they are; `undefined` when there are none. */
  readonly replacedRows: Predicate | undefined;
  /** Canonical paths of the files it replaces one by one, and of those it adds. */
  readonly files: ReadonlySet<string>;
  /** Application ids whose progress it records. */
  readonly appIds: ReadonlySet<string>;
  readonly domains: ReadonlySet<string>;
  /** The partition columns' names, by those that the log has for them. */
  readonly partitionNames: ReadonlyMap<string, string>;
}

/**
 * @param read the metadata of the version that was read; `undefined`: the table is to be created
 * @param root the table's folder as a URI
 */
export function conflictScope(staged: StagedCommit, read: Metadata | undefined, root: string): ConflictScope {
  const replaced = staged.replaces.kind === "files" ? staged.replaces.files : [];
  const partitions = read === undefined ? [] : partitionColumns(read);
  return {
    root,
    creates: read === undefined,
    isolation: isolationLevelOf(staged, read?.configuration),
    metadata: read,
    changesMetadata: staged.metadata !== undefined || staged.protocol !== undefined,
    reads: readsOf(staged, read),
    replacedRows: replacedRows(staged.replaces, partitions),
    // A file that is added again must still be there too.
    files: new Set([...replaced, ...staged.adds].map((file) => canonicalDataPath(file.path, root))),
    appIds: new Set((staged.transactions ?? []).map((transaction) => transaction.appId)),
    domains: new Set((staged.domains ?? []).map(({ domain }) => domain)),
    partitionNames: new Map(partitions.map(({ key, field }) => [key, field.name])),
  };
}

const EVERY_ROW: Predicate = { kind: "constant", value: true };

/**
 * The files of other writers are judged by the schema that was read. A predicate of a transaction that changes
 * the schema may speak of other columns under the same names, so it counts as any row.
 */
function readsOf(staged: StagedCommit, read: Metadata | undefined): readonly TableRead[] {
  const reads = staged.reads ?? [];
  const isOtherSchema = staged.metadata !== undefined && staged.metadata.schemaString !== read?.schemaString;
  return isOtherSchema ? reads.map(({ removals }) => ({ predicate: EVERY_ROW, removals })) : reads;
}

interface PartitionColumn {
  /** As `partitionValues` calls it. */
  readonly key: string;
  readonly field: StructField;
}

function partitionColumns({ schemaString, partitionColumns, configuration }: Metadata): PartitionColumn[] {
  if (partitionColumns.length === 0) return [];
  const schema = parseSchema(schemaString);
  const mode = columnMappingMode(configuration);
  return partitionColumns.flatMap((name) => {
    const field = findField(schema, name);
    return field === undefined ? [] : [{ key: physicalName(field, mode), field }];
  });
}

/** From so many partitions on, they count as the whole table. */
const MOST_PARTITIONS = 200;

function replacedRows(replaces: Replaced, columns: readonly PartitionColumn[]): Predicate | undefined {
  switch (replaces.kind) {
    case "none":
    case "files":
      return undefined;
    case "all":
      return EVERY_ROW;
    case "partitions":
      if (replaces.partitions.length > MOST_PARTITIONS) return EVERY_ROW;
      return { kind: "or", operands: replaces.partitions.map((values) => inPartition(values, columns)) };
  }
}

function inPartition(values: PartitionValues, columns: readonly PartitionColumn[]): Predicate {
  const operands = columns.map(({ key, field: { name, type } }): Predicate => {
    const text = values[key];
    // The empty string is NULL, whatever the type (PROTOCOL.md, "Partition Value Serialization").
    if (text === null || text === "") return { kind: "is-null", column: [name] };
    if (text === undefined || type.type === "binary") return { kind: "unknown" };
    return { kind: "compare", column: [name], op: "=", value: { type: engineType(type), text } };
  });
  return { kind: "and", operands };
}
