import type { Session } from "../../engine/index.js";
import { engineReason, invalidSource, mayBeTheFile } from "../failure.js";
import { scalarTypeOf } from "../inference/value-kinds.js";
import {
  type Compression,
  type FittedColumn,
  type Misfits,
  type RecordSource,
  type Relation,
  type RelationOptions,
  ROW_NUMBER,
} from "../opened-source.js";
import type { SourceFile } from "../source/source-file.js";
import { convertedSql, typeNotes } from "./converted-csv.js";
import { type CutBy, EXPLAINED, recordsOf } from "./csv-records.js";
import { findKinds } from "./find-kinds.js";
import { checkAllWanted, firstMisfit, refusingSql, rescuingRows } from "./fitted-csv.js";
import { sniffLayout } from "./layout.js";

export interface CsvSource {
  readonly file: SourceFile;
  /** Bytes of the file as it was found. */
  readonly sizeBytes: number;
  readonly compression: Compression;
  /** Whether types are to come from every record, however large the file is. */
  readonly whole: boolean;
  /** A file of up to so many bytes is looked at whole as well; default small ones only. */
  readonly wholeBytes?: number | undefined;
  /** `rescue`: columns and types come from what can be cut, should the engine refuse the file; default `refuse`. */
  readonly misfits?: Misfits | undefined;
  /** Default the engine, and we when the engine refuses the file. */
  readonly cutBy?: CutBy | undefined;
  readonly notes: readonly string[];
}

/**
 * Opens a delimited text. Every field is read as text and cast by us, strictly: the engine's own
 * reader rounds '0.5' into a BIGINT column, loses the zeros of '00501' and the offset of a timestamp.
 */
export async function openCsv(
  session: Session,
  source: CsvSource,
  signal: AbortSignal | undefined,
): Promise<RecordSource> {
  const { file, misfits = "refuse" } = source;
  const layout = await sniffLayout(file, misfits);
  const { kinds, exact, cutBy } = await findKinds(session, source, layout, signal);
  const types = kinds.map(scalarTypeOf);
  /** What the reading that is under way takes the columns for, where it is not as they were inferred. */
  let fittedTo: readonly FittedColumn[] | undefined;
  const read = async (
    sqlOf: (records: string) => string,
    options: RelationOptions | undefined,
  ): Promise<Relation> => {
    const { sql, dispose } = await recordsOf(session, file, layout, cutBy, signal);
    return { sql: numberedSql(sqlOf(sql), options), dispose };
  };
  return {
    uri: file.uri,
    format: "csv",
    compression: source.compression,
    columns: layout.names.map((name, index) => ({ name, type: types[index] ?? "VARCHAR" })),
    notes: [...source.notes, ...layout.notes, ...typeNotes(layout.names, kinds, types)],
    sizeBytes: source.sizeBytes,
    exact,
    relation: async (options) => {
      fittedTo = undefined;
      return read((records) => convertedSql(records, layout.names, types), options);
    },
    fitted: async (columns, wanted, options) => {
      if (wanted === "rescue") {
        const { sql, dispose } = await rescuingRows(session, file, layout, columns, signal);
        return { sql: numberedSql(sql, options), dispose };
      }
      checkAllWanted(file, layout, columns);
      fittedTo = columns;
      return read((records) => refusingSql(layout, records, columns), options);
    },
    dispose: async () => file.dispose?.(),
    reopen: async (failure) => {
      if (!mayBeTheFile(failure) || EXPLAINED.has(failure.code)) throw failure;
      if (fittedTo !== undefined) {
        const rows = await rescuingRows(session, file, layout, fittedTo, signal);
        const misfit = await firstMisfit(session, rows, layout, fittedTo, failure, signal);
        if (misfit !== undefined) throw misfit;
      }
      if (!exact && fittedTo === undefined) {
        const note = `types come from every record, as a sample did not tell all: ${engineReason(failure)}`;
        return openCsv(session, { ...source, whole: true, notes: [...source.notes, note] }, signal);
      }
      if (cutBy === "us") {
        throw invalidSource(file.uri, "unreadable-csv", engineReason(failure), {}, { cause: failure });
      }
      return openCsv(session, { ...source, whole: true, cutBy: "us" }, signal);
    },
  };
}

/** Rows come in the order of the file. */
function numberedSql(sql: string, options: RelationOptions | undefined): string {
  return options?.numbered === true ? `SELECT *, row_number() OVER () AS ${ROW_NUMBER} FROM (${sql})` : sql;
}
