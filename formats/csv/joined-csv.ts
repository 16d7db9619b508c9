import { join } from "node:path";
import { quoteString, type Session } from "../../engine/index.js";
import { engineReason, invalidSource, mayBeTheFile } from "../failure.js";
import { csvKindBit, KindSet, scalarTypeOf } from "../inference/value-kinds.js";
import {
  FILE_URI,
  type FittedColumn,
  type Misfits,
  type RecordSource,
  type Relation,
  type RelationOptions,
  ROW_NUMBER,
} from "../opened-source.js";
import { STAGED_NUMBER } from "../rescue/staged-records.js";
import { fileUri } from "../source/file-uri.js";
import type { SourceFile } from "../source/source-file.js";
import { temporaryFolder } from "../source/temporary.js";
import { convertedSql, typeNotes } from "./converted-csv.js";
import { EXPLAINED, engineRecords } from "./csv-records.js";
import { checkAllWanted, firstMisfit, refusingSql, rescuingSql } from "./fitted-csv.js";
import { joinCsv } from "./join-csv.js";
import type { CsvLayout } from "./layout.js";
import { EXTRA_VALUES, REASON, WHOLE_RECORD } from "./stage-csv.js";

/** Small files of one layout, each of which `isPlainlyCut`. */
export interface JoinedCsv {
  readonly files: readonly [SourceFile, ...SourceFile[]];
  readonly layout: CsvLayout;
}

/** Columns of the records beside `c0`, `c1`, ... and {@link STAGED_NUMBER}: the place of the file, the row in it. */
const FILE_PLACE = "gl_place";
const FILE_ROW = "gl_file_row";

/**
 * Opens files as one source. Every record is looked at.
 *
 * `undefined` where each is to be opened by itself: by their types the files have a column in common that is no text,
 * which the texts of all do not tell (days in one and timestamps in another), or the engine does not read them.
 */
export async function openJoinedCsv(
  session: Session,
  joined: JoinedCsv,
  signal: AbortSignal | undefined,
): Promise<RecordSource | undefined> {
  const { files, layout } = joined;
  const found = await kindsOfFiles(session, joined, signal);
  if (found === undefined || !found.every(isOneColumn)) return undefined;
  const kinds = found.map(({ all }) => all);
  const types = kinds.map(scalarTypeOf);
  const uri = files.length === 1 ? files[0].uri : `${files[0].uri} and ${files.length - 1} more`;
  /** What the reading that is under way takes the columns for, where it is not as they were inferred. */
  let fittedTo: readonly FittedColumn[] | undefined;
  const rescued = (
    columns: readonly FittedColumn[],
    options: RelationOptions | undefined,
  ): Promise<Relation> =>
    joinedRows(joined, signal, (records) =>
      rescuingSql(
        listItem(files, ({ uri: each }) => each),
        layout,
        records,
        columns,
        extrasOf(files, options),
      ),
    );
  const source: RecordSource = {
    uri,
    format: "csv",
    compression: "none",
    columns: layout.names.map((name, index) => ({ name, type: types[index] ?? "VARCHAR" })),
    notes: [...layout.notes, ...typeNotes(layout.names, kinds, types)],
    sizeBytes: files.reduce((sum, file) => sum + file.size, 0),
    exact: true,
    relation: (options) => {
      fittedTo = undefined;
      return joinedRows(joined, signal, (records) =>
        convertedSql(records, layout.names, types, extrasOf(files, options)),
      );
    },
    fitted: async (columns: readonly FittedColumn[], wanted: Misfits, options?: RelationOptions) => {
      if (wanted === "rescue") return rescued(columns, options);
      checkAllWanted(files[0], layout, columns);
      fittedTo = columns;
      return joinedRows(joined, signal, (records) =>
        refusingSql(layout, records, columns, extrasOf(files, options)),
      );
    },
    dispose: async () => {},
    reopen: async (failure) => {
      if (!mayBeTheFile(failure) || EXPLAINED.has(failure.code)) throw failure;
      if (fittedTo !== undefined) {
        const rows = await rescued(fittedTo, undefined);
        const misfit = await firstMisfit(session, rows, layout, fittedTo, failure, signal);
        if (misfit !== undefined) throw misfit;
      }
      throw invalidSource(uri, "unreadable-csv", engineReason(failure), {}, { cause: failure });
    },
  };
  return source;
}

interface KindsOfColumn {
  readonly all: KindSet;
  readonly byFile: readonly KindSet[];
}

/** Whether the column is what one of files, each opened by itself, would be. Pure. */
function isOneColumn({ all, byFile }: KindsOfColumn): boolean {
  if (all.isEmpty || scalarTypeOf(all) !== "VARCHAR") return true;
  return byFile.some((kinds) => !kinds.isEmpty && scalarTypeOf(kinds) === "VARCHAR");
}

async function kindsOfFiles(
  session: Session,
  joined: JoinedCsv,
  signal: AbortSignal | undefined,
): Promise<readonly KindsOfColumn[] | undefined> {
  const { names } = joined.layout;
  const relation = await joinedRows(joined, signal, (records) => records);
  try {
    const bits = names.map((_, index) => `bit_or(${csvKindBit(`c${index}`)}) AS k${index}`);
    // Of files that hold values of the same kinds in every column one is enough.
    const kinds = names.map((_, index) => `k${index}`).join(", ");
    const rows = await session.rows(
      `SELECT DISTINCT ${kinds} FROM (SELECT ${bits.join(", ")} FROM (${relation.sql}) GROUP BY ${FILE_PLACE})`,
      { signal },
    );
    return names.map((_, index) => {
      const byFile = rows.map((row) => Number(row[`k${index}`] ?? 0));
      const all = byFile.reduce((union, each) => union | each, 0);
      return { all: new KindSet(all), byFile: byFile.map((each) => new KindSet(each)) };
    });
  } catch (failure) {
    if (!mayBeTheFile(failure)) throw failure;
    return undefined;
  } finally {
    await relation.dispose();
  }
}

/** Rows of the records of all files, from one that holds them. */
async function joinedRows(
  { files, layout }: JoinedCsv,
  signal: AbortSignal | undefined,
  sqlOf: (records: string) => string,
): Promise<Relation> {
  const folder = await temporaryFolder();
  try {
    const localPath = join(folder.path, "records");
    await joinCsv(files, layout, localPath, signal);
    const width = layout.names.length;
    const places = [FILE_PLACE, STAGED_NUMBER, FILE_ROW];
    const names = [...layout.names, ...places];
    const records = engineRecords({ localPath }, { dialect: layout.dialect, header: false, names });
    const fields = [
      ...layout.names.map((_, index) => `c${index}`),
      ...places.map((name, index) => `CAST(c${width + index} AS BIGINT) AS ${name}`),
      ...[EXTRA_VALUES, WHOLE_RECORD, REASON].map((name) => `CAST(NULL AS VARCHAR) AS ${name}`),
    ];
    return { sql: sqlOf(`SELECT ${fields.join(", ")} FROM (${records})`), dispose: folder.dispose };
  } catch (error) {
    await folder.dispose();
    throw error;
  }
}

function extrasOf(files: readonly SourceFile[], options: RelationOptions = {}): string[] {
  const extras: string[] = [];
  if (options.numbered === true) extras.push(`${FILE_ROW} AS ${ROW_NUMBER}`);
  if (options.withFile === true) {
    extras.push(
      `${listItem(files, ({ identity, localPath }) => identity ?? fileUri(localPath))} AS ${FILE_URI}`,
    );
  }
  return extras;
}

/** SQL: what a row's file is called. */
function listItem(files: readonly SourceFile[], nameOf: (file: SourceFile) => string): string {
  return `list_extract([${files.map((file) => quoteString(nameOf(file))).join(", ")}], ${FILE_PLACE})`;
}
