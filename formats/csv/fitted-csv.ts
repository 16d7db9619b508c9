import { isJsonObject, type LakeError, parseJson } from "../../core/index.js";
import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import { invalidSource } from "../failure.js";
import { fittedText, strictText } from "../inference/fitted-text.js";
import { type FittedColumn, RESCUED, type Relation } from "../opened-source.js";
import { jsonString, rescuedJson, rescuedValue } from "../rescue/rescued-json.js";
import { STAGED_NUMBER } from "../rescue/staged-records.js";
import type { SourceFile } from "../source/source-file.js";
import { BROKEN_CSV, COLUMN_UNKNOWN } from "./csv-records.js";
import type { CsvLayout } from "./layout.js";
import { EXTRA_VALUES, REASON, stageCsv, WHOLE_RECORD } from "./stage-csv.js";

/** A column that is asked for, and where it lies in the file; undefined when it does not. */
interface PlacedColumn extends FittedColumn {
  readonly place: number | undefined;
}

/** @throws LakeError `invalid-input` for a column of the file that nobody asks for. */
export function checkAllWanted(
  file: SourceFile,
  { names }: CsvLayout,
  columns: readonly FittedColumn[],
): void {
  const [unknown] = unplaced(names, placeColumns(names, columns));
  if (unknown === undefined) return;
  throw invalidSource(
    file.uri,
    COLUMN_UNKNOWN,
    `no column "${unknown.name}" is wanted`,
    { column: unknown.name },
    { hint: "Add it to the table, or leave it out of the file." },
  );
}

/**
 * The rows of records, see `OpenedSource.fitted` with `refuse`.
 *
 * @param extras further columns over the records
 */
export function refusingSql(
  { names }: CsvLayout,
  records: string,
  columns: readonly FittedColumn[],
  extras: readonly string[] = [],
): string {
  const fields = placeColumns(names, columns).map(
    ({ name, type, place }) =>
      `${place === undefined ? `CAST(NULL AS ${type})` : strictText(`c${place}`, type)} AS ${quoteIdentifier(name)}`,
  );
  return `SELECT ${[...fields, ...extras].join(", ")} FROM (${records})`;
}

/** The same with `rescue`: every record that there is, cut by us. */
export async function rescuingRows(
  session: Session,
  file: SourceFile,
  layout: CsvLayout,
  columns: readonly FittedColumn[],
  signal: AbortSignal | undefined,
): Promise<Relation> {
  const { sql: records, dispose } = await stageCsv(session, file, layout, signal);
  return { sql: rescuingSql(quoteString(file.uri), layout, records, columns), dispose };
}

/**
 * The same of records that are at hand.
 *
 * @param file SQL over the records: what their file is called
 * @param extras further columns over the records
 */
export function rescuingSql(
  file: string,
  layout: CsvLayout,
  records: string,
  columns: readonly FittedColumn[],
  extras: readonly string[] = [],
): string {
  const placed = placeColumns(layout.names, columns);
  const values = placed.map(
    ({ type, place }, index) =>
      `${(place === undefined ? undefined : fittedText(`c${place}`, type)) ?? `CAST(NULL AS ${type})`} AS v${index}`,
  );
  const misfits = placed.flatMap(({ type, place }, index) =>
    place === undefined || type === "VARCHAR"
      ? []
      : [rescuedField(layout, place, `c${place} <> '' AND v${index} IS NULL`)],
  );
  const unknown = unplaced(layout.names, placed).map(({ place }) =>
    rescuedField(layout, place, `c${place} IS NOT NULL`),
  );
  const rescued = rescuedJson({
    file,
    place: { by: "line", sql: STAGED_NUMBER },
    values: [...misfits, ...unknown, EXTRA_VALUES],
    record: WHOLE_RECORD,
    reason: REASON,
  });
  const fields = placed.map(({ name }, index) => `v${index} AS ${quoteIdentifier(name)}`);
  const selected = [...fields, `${rescued} AS ${RESCUED}`, ...extras];
  return `SELECT ${selected.join(", ")} FROM (SELECT *, ${values.join(", ")} FROM (${records}))`;
}

/**
 * Why a reading that refuses misfits failed: the first of them, by line and column; undefined when there is none.
 *
 * @param rows As they are with `rescue`; they are disposed of.
 * @param failure What the engine said.
 */
export async function firstMisfit(
  session: Session,
  rows: Relation,
  layout: CsvLayout,
  columns: readonly FittedColumn[],
  failure: LakeError,
  signal: AbortSignal | undefined,
): Promise<LakeError | undefined> {
  try {
    const found = await session.rows(
      `SELECT ${RESCUED} FROM (${rows.sql}) WHERE ${RESCUED} IS NOT NULL LIMIT 1`,
      { signal },
    );
    const rescued = parseJson(String(found[0]?.[RESCUED] ?? "null"));
    if (!isJsonObject(rescued)) return undefined;
    const { line, reason, values } = rescued;
    const uri = String(rescued["file"]);
    const place = { line: Number(line) };
    if (reason !== undefined) {
      return invalidSource(uri, BROKEN_CSV, String(reason), place, { cause: failure });
    }
    const [[source, value] = []] = isJsonObject(values) ? Object.entries(values) : [];
    const asked = placeColumns(layout.names, columns).find(
      (column) => layout.names[column.place ?? -1] === source,
    );
    return invalidSource(
      uri,
      "value-does-not-fit",
      `column "${source}": ${JSON.stringify(value)} is not ${asked?.type}`,
      { ...place, column: source },
      { cause: failure },
    );
  } finally {
    await rows.dispose();
  }
}

function rescuedField({ names }: CsvLayout, place: number, where: string): string {
  return rescuedValue(names[place] ?? "", `CASE WHEN ${where} THEN ${jsonString(`c${place}`)} END`);
}

/** Where each column lies: under the name it is looked for by, or else the first that differs in case only. */
function placeColumns(names: readonly string[], columns: readonly FittedColumn[]): PlacedColumn[] {
  return columns.map((column) => {
    const exact = names.indexOf(column.source);
    const folded = names.findIndex((name) => name.toLowerCase() === column.source.toLowerCase());
    const place = exact === -1 ? folded : exact;
    return { ...column, place: place === -1 ? undefined : place };
  });
}

function unplaced(
  names: readonly string[],
  placed: readonly PlacedColumn[],
): { readonly name: string; readonly place: number }[] {
  const taken = new Set(placed.map(({ place }) => place));
  return names.map((name, place) => ({ name, place })).filter(({ place }) => !taken.has(place));
}
