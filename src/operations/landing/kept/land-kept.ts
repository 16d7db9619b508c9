import { LakeError } from "../../../../core/index.js";
import type { Session } from "../../../../engine/index.js";
import {
  fileStamp,
  hashFile,
  type Misfits,
  type OpenedSource,
  type WrittenFile,
} from "../../../../formats/index.js";
import {
  type AddFile,
  COPY_SCHEMA,
  type DeltaTable,
  FILE_SCHEMA_TAG,
  fileSchemaDigest,
  type Metadata,
  type Protocol,
  type RawDecoding,
  type RawFormat,
  type RowRules,
  rawFileTags,
  rowRulesFor,
  rowsSelect,
  type Snapshot,
  type StructType,
  serializeDecoding,
  statisticsJson,
  storedFields,
} from "../../../../table-format/index.js";
import { copyKey } from "../../../raw-files/copy-key.js";
import { decodedRows } from "../../../raw-files/decoded-rows.js";
import { tierOf } from "../../../raw-files/table-tier.js";
import { writeDecoded } from "../../../raw-files/write-copy.js";
import type { RescuedCounts } from "../ingest-report.js";
import { copiedPartition, rescuedIn } from "./copy-contents.js";
import { type DecodingRequest, keptDecoding } from "./kept-decoding.js";
import { checkOnlyOnce, checkUnchanged, type PlacedFile, placeFile } from "./place-file.js";
import { withTemporaryFile } from "./temporary-file.js";

/** A table as rows land in it: what the commit leaves of it. */
export interface KeptTable {
  readonly table: DeltaTable;
  /** Its schema, metadata and protocol, with the feature `grizzly.multiFormat`. */
  readonly schema: StructType;
  readonly metadata: Metadata;
  readonly protocol: Protocol;
}

/** A file that lands as it is. */
export interface KeptLanding {
  readonly target: KeptTable;
  /** The version that the commit stands on; `undefined` for a new table. */
  readonly read: Snapshot | undefined;
  /** Of one file, as `keptForm` wants it. */
  readonly source: OpenedSource;
  readonly format: RawFormat;
  readonly misfits: Misfits;
  /** The URI of the file, where the table's column for it is to be filled. */
  readonly sourceFile: string | undefined;
  readonly readerSchema?: string | undefined;
  /** Whether the file stays where it lies; else a copy of it goes into the table's folder. */
  readonly inPlace: boolean;
  /** By which errors about the table's rules are known; see `violationOf`. */
  readonly marker: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal | undefined;
}

/** What a landed file is to its table. */
export interface LandedKept {
  /** `undefined` for a file without rows, which is no data file. */
  readonly add: AddFile | undefined;
  readonly rows: bigint;
  readonly rescued: RescuedCounts;
  /** Bytes that were written to the table's folder. */
  readonly bytesWritten: bigint;
  /** Removes what was written: no commit holds it, and none will. */
  discard(): Promise<void>;
}

/**
 * Lands a file as a data file of the table, without rewriting it. Its rows are read once, into the copy that queries
 * will read, which checks each of them and tells the statistics.
 *
 * @throws LakeError `invalid-input` for a file that cannot be a data file of the table as it is, saying why;
 *   otherwise whatever reading the source's relation throws, to be explained by the source, and errors that
 *   `violationOf` knows. Nothing is left of what was written.
 */
export async function landKept(session: Session, landing: KeptLanding): Promise<LandedKept> {
  const { target, read, source, format, misfits, sourceFile, inPlace, readerSchema, signal } = landing;
  const { schema, metadata, table } = target;
  const { partitionColumns, configuration } = metadata;
  const [file] = source.files;
  if (file === undefined) throw new LakeError("internal", "no-file", `${source.uri} is no file`);
  if (inPlace && read !== undefined) await checkOnlyOnce(session, read, file, signal);
  const found: DecodingRequest = {
    schema,
    metadata,
    uri: source.uri,
    columns: source.columns,
    asked: new Set(),
    misfits,
    sourceFile,
    readerSchema,
  };
  const asked = source.fitted === undefined ? [] : columnsWithoutValue(landing, keptDecoding(found));
  const decoding = keptDecoding({ ...found, asked: new Set(asked) });
  // A fetched copy stays as it is, and its links are none of its content's business.
  const stamp = file.origin === undefined ? fileStamp(file.localPath) : undefined;
  const hash = await hashFile(file.localPath, signal);
  const raw = { format, decoding, contentHash: hash };
  const size = stamp?.size ?? BigInt(file.size);
  const key = copyKey({ ...raw, decodingText: serializeDecoding(decoding) }, size);
  let written: WrittenFile | undefined;
  const write = async (localPath: string): Promise<void> => {
    written = await writeChecked(session, landing, decoding, localPath);
    // Under the key of its content no copy of another content may be kept.
    if (file.origin === undefined) checkUnchanged(file, stamp);
    if (written === undefined) throw NO_ROWS;
  };
  let placed: PlacedFile | undefined;
  try {
    const lease = await tierOf(table.folder).lease(key, write);
    try {
      // A copy that was there already tells no statistics, and was checked by another table's rules.
      if (written === undefined) await withTemporaryFile(write);
      if (written === undefined) throw NO_ROWS;
      checkStatedRows(source, written.rowCount);
      const partitionValues = await copiedPartition(session, target, source.uri, lease.localPath, signal);
      const rescued = await rescuedIn(session, decoding, lease.localPath, signal);
      placed = await placeFile(table, file, { format, contentHash: hash, stamp, inPlace }, signal);
      const add: AddFile = {
        path: placed.path,
        partitionValues,
        size,
        modificationTime: placed.modificationTime,
        dataChange: true,
        stats: statisticsJson(written, { schema, partitionColumns, configuration }),
        tags: {
          ...rawFileTags(raw, { inPlace }),
          ...(isWhole(decoding, schema)
            ? {
                [FILE_SCHEMA_TAG]: `${COPY_SCHEMA}${fileSchemaDigest(schema, partitionColumns, configuration)}`,
              }
            : {}),
        },
      };
      const { bytesWritten, discard } = placed;
      return { add, rows: written.rowCount, rescued, bytesWritten, discard };
    } finally {
      await lease.release();
    }
  } catch (error) {
    await placed?.discard();
    if (error !== NO_ROWS) throw error;
    const rescued = { rows: 0n, records: 0n };
    return { add: undefined, rows: 0n, rescued, bytesWritten: 0n, discard: async () => {} };
  }
}

/** Says that a file has no rows, of which no copy can be. */
const NO_ROWS = new LakeError("invalid-input", "no-rows", "the file has no rows");

function rulesOf({ target, marker, now }: KeptLanding, { columns }: RawDecoding): RowRules {
  const { schema, metadata, protocol } = target;
  const given = columns.map(({ field }) => field.name);
  return rowRulesFor({ schema, configuration: metadata.configuration, protocol, given, marker, now });
}

/** Columns that nothing else gives a value. */
function columnsWithoutValue(landing: KeptLanding, decoding: RawDecoding): string[] {
  return rulesOf(landing, decoding).columns.flatMap(({ kind, field }) =>
    kind === "null" ? [field.name] : [],
  );
}

/** Writes the copy, every row held against the table's rules. */
async function writeChecked(
  session: Session,
  landing: KeptLanding,
  decoding: RawDecoding,
  localPath: string,
): Promise<WrittenFile | undefined> {
  const { source, signal } = landing;
  const rules = rulesOf(landing, decoding);
  for (const { kind, field } of rules.columns) {
    const why = MADE[kind];
    if (why !== undefined) throw cannotMake(source.uri, field.name, why);
  }
  const rows = await decodedRows(source, decoding);
  try {
    const columns = decoding.columns.map(({ field }, index) => ({
      name: field.name,
      sql: rows.columns[index] ?? "NULL",
    }));
    const select = rowsSelect(rules, { from: rows.from, source: columns });
    return await writeDecoded(session, decoding, select, localPath, signal);
  } finally {
    await rows.dispose();
  }
}

/** A container that counts its records differently has lost some of them. */
function checkStatedRows({ uri, statedRows }: OpenedSource, rows: bigint): void {
  if (statedRows === undefined || statedRows === rows) return;
  throw new LakeError(
    "invalid-input",
    "row-count",
    `${uri} says that it holds ${statedRows} rows and holds ${rows}`,
    {
      context: { file: uri },
      hint: "The file is damaged: write it again. Nothing was committed.",
    },
  );
}

/** Values that a file does not hold and that cannot be written into it. */
const MADE: Readonly<Record<string, string>> = {
  default: "has a default",
  generated: "is generated",
  identity: "is numbered",
};

function cannotMake(uri: string, column: string, why: string): LakeError {
  return new LakeError(
    "invalid-input",
    "kept-column",
    `${uri} cannot land as it is: the table's column ${column} ${why}, and the file has no values of it`,
    { context: { file: uri, column }, hint: "Land it with --as parquet." },
  );
}

/** Whether a copy has every column of the data files of the table, in their order. */
function isWhole({ columns }: RawDecoding, schema: StructType): boolean {
  const stored = storedFields(schema.fields);
  const decoded = storedFields(columns.map(({ field }) => field));
  return stored.length === decoded.length && stored.every(({ name }, index) => decoded[index]?.name === name);
}
