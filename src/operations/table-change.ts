import { type Clock, LakeError, type Logger, stringifyJson } from "../../core/index.js";
import {
  columnMappingMode,
  namesSparkRefuses,
  type PlannedChange,
  type Protocol,
  parseSchema,
  READS_EVERYTHING,
  type Snapshot,
  type StagedCommit,
  type TableState,
} from "../../table-format/index.js";
import { ENGINE_INFO } from "../product.js";
import type { QueryRunner, ScanRunner } from "../table.js";

/** What changes of a table need beside the table. */
export interface TableChangeContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Reads rows, where a change depends on what they hold. */
  readonly rows: ScanRunner;
}

/** What changes of rows need beside the table. */
export interface RowChangeContext extends TableChangeContext {
  readonly rows: QueryRunner;
}

/** A version of a table as plans of a change see it. */
export function stateOf({ schema, metadata, protocol, state }: Snapshot): TableState {
  return { schema, metadata, protocol, domains: state.domains };
}

/** A planned change as the commit wants it. */
export function stagedChange(change: PlannedChange): StagedCommit {
  return {
    operation: change.operation,
    operationParameters: change.parameters,
    operationMetrics: {},
    protocol: change.protocol,
    metadata: change.metadata,
    domains: change.domains,
    adds: [],
    replaces: { kind: "none" },
    reads: change.check !== undefined || change.needsRowIds ? READS_EVERYTHING : [],
    engineInfo: ENGINE_INFO,
  };
}

/** What a person is told about a new protocol; nothing when it stayed. */
export function protocolNotes(
  protocol: Protocol | undefined,
  featuresAdded: readonly string[],
): readonly string[] {
  if (protocol === undefined) return [];
  const { minReaderVersion, minWriterVersion } = protocol;
  const now = `protocol: reader version ${minReaderVersion}, writer version ${minWriterVersion}`;
  return featuresAdded.length === 0 ? [now] : [`features added: ${featuresAdded.join(", ")}`, now];
}

/** What a person is told about names that delta-spark takes in a table with column mapping only. */
export function nameNotes(change: PlannedChange): readonly string[] {
  const { metadata } = change;
  if (metadata === undefined || columnMappingMode(metadata.configuration) !== "none") return [];
  const names = namesSparkRefuses(parseSchema(metadata.schemaString));
  if (names.length === 0) return [];
  return [
    `Spark reads this table and does not change it, because of the names of its columns: ${names.map((name) => JSON.stringify(name)).join(", ")}; delta.columnMapping.mode = name allows them`,
  ];
}

/** The parameters of `UPGRADE PROTOCOL`, as delta-spark writes them. */
export function newProtocolText(change: PlannedChange): string {
  const { minReaderVersion, minWriterVersion, readerFeatures, writerFeatures } = change.protocol ?? {};
  return stringifyJson({
    minReaderVersion,
    minWriterVersion,
    readerFeatures: readerFeatures ?? null,
    writerFeatures: writerFeatures ?? null,
  });
}

export function alreadyExists(label: string): LakeError {
  return new LakeError("already-exists", "table-exists", `there is a table ${label} already`, {
    context: { table: label },
    hint: "Choose another name, or write CREATE TABLE IF NOT EXISTS.",
  });
}
