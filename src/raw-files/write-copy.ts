import { basename, dirname } from "node:path";
import { quoteIdentifier, type Session } from "../../engine/index.js";
import { type WrittenFile, writeParquet } from "../../formats/index.js";
import { columnIds, physicalName, physicalValueSql, type RawDecoding } from "../../table-format/index.js";
import { type RawBytes, withDecodedRows } from "./decoded-rows.js";

/**
 * Writes the Parquet copy of a raw file: its rows in their order, in columns named as the data files of its table
 * name them.
 *
 * @param localPath of the copy, absolute; nothing is there when this throws
 * @returns what was written; `undefined`, and no file, when the raw file has no rows
 * @throws LakeError as {@link withDecodedRows}.
 */
export function writeCopy(
  session: Session,
  raw: RawBytes,
  localPath: string,
  signal: AbortSignal | undefined,
): Promise<WrittenFile | undefined> {
  const { columns } = raw.decoding;
  return withDecodedRows(
    session,
    raw,
    (rows) => {
      const named = columns.map(
        ({ field }, index) => `${rows.columns[index] ?? "NULL"} AS ${quoteIdentifier(field.name)}`,
      );
      const select = `SELECT ${named.join(", ")} FROM ${rows.from}`;
      return writeDecoded(session, raw.decoding, select, localPath, signal);
    },
    signal,
  );
}

/**
 * Writes decoded rows as {@link writeCopy} does.
 *
 * @param select the columns of the decoding among others, by the names of their fields
 */
export async function writeDecoded(
  session: Session,
  { columns, mapping }: RawDecoding,
  select: string,
  localPath: string,
  signal: AbortSignal | undefined,
): Promise<WrittenFile | undefined> {
  // Columns of type void are in no file.
  const stored = columns.map(({ field }) => field).filter(({ type }) => type.type !== "void");
  const values = stored.map((field) => {
    const value = physicalValueSql(quoteIdentifier(field.name), field.type, mapping);
    return `${value} AS ${quoteIdentifier(physicalName(field, mapping))}`;
  });
  const [written] = await writeParquet(session, {
    select: `SELECT ${values.join(", ")} FROM (${select})`,
    directory: dirname(localPath),
    fileName: basename(localPath),
    ordered: true,
    fieldIds: columnIds(stored, mapping),
    signal,
  });
  return written;
}
