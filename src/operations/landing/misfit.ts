import {
  isJsonObject,
  isLakeError,
  type JsonValue,
  LakeError,
  parseJson,
  stringifyJson,
} from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import type { OpenedSource } from "../../../formats/index.js";
import { engineType, findField, type StructType } from "../../../table-format/index.js";
import { relationOf } from "./land-source.js";
import { RESCUED_COLUMN } from "./landing-columns.js";
import { type Reading, withRescueHint } from "./landing-source.js";
import type { SourceLanding } from "./source-landing.js";

/** A source on its way into a table. */
export interface SourceState {
  readonly source: OpenedSource;
  /** The reading to begin with; those before it were tried in vain. */
  readonly reading: Reading;
  /** How often its types were inferred anew. */
  readonly reopened: number;
}

/** What becomes of a source that did not fit as it was read. */
export type NextReading =
  | { readonly kind: "reading"; readonly reading: Reading }
  /** Its types are to be inferred from all of it. */
  | { readonly kind: "reopen" }
  | { readonly kind: "refuse" };

export interface MisfitPolicy {
  readonly rescues: boolean;
  /** Whether the table's columns follow from those of the sources. */
  readonly grows: boolean;
}

/** Room for records that are longer than usual, then types from all records: a source that can tell more does so in these. */
const MOST_REOPENED = 3;

/**
 * Decides how a source is read again after a value did not fit. Where the table takes new columns and wider types, all
 * of the source tells them; else they are the table's, and what does not fit those is rescued or refused. Pure.
 *
 * @param reading the one that failed
 */
export function nextReading(
  reading: Reading,
  { isText, reopened }: { readonly isText: boolean; readonly reopened: number },
  { rescues, grows }: MisfitPolicy,
): NextReading {
  if (reading === "inferred" && isText) {
    return grows && reopened < MOST_REOPENED ? { kind: "reopen" } : { kind: "reading", reading: "fitted" };
  }
  if (reading !== "rescue" && rescues) return { kind: "reading", reading: "rescue" };
  return reading !== "rescue" && reopened === 0 ? { kind: "reopen" } : { kind: "refuse" };
}

/** How a source was read when it failed. */
export interface FailedReading {
  readonly reading: Reading;
  readonly failure: unknown;
  /** The table that its rows were for. */
  readonly schema: StructType;
  /** The reading that puts aside what does not fit, by which it is found. */
  readonly rescuing: () => SourceLanding;
}

/**
 * The source as it is read next after a failure.
 *
 * @throws LakeError the failure, explained, where no other reading is left.
 */
export async function afterMisfit(
  session: Session,
  state: SourceState,
  failed: FailedReading,
  policy: MisfitPolicy,
): Promise<SourceState> {
  const { source, reopened } = state;
  const { reading, failure } = failed;
  const isText = source.fitted !== undefined;
  const isItsFault = isLakeError(failure, "invalid-input") || isLakeError(failure, "corrupt");
  // What is no fault of the records is not for another reading to make good; the source explains it.
  const next = isItsFault ? nextReading(reading, { isText, reopened }, policy) : REOPEN;
  switch (next.kind) {
    case "reading":
      return { ...state, reading: next.reading };
    case "reopen":
      if (isItsFault && !isText) await tellMisfit(session, source, failed);
      try {
        return { source: await source.reopen(failure), reading: "inferred", reopened: reopened + 1 };
      } catch (error) {
        if (!isItsFault || !isLakeError(error, "invalid-input")) throw error;
        if (policy.rescues) return { ...state, reading: "rescue" };
        throw isText ? withRescueHint(error) : error;
      }
    case "refuse":
      if (reading === "rescue") await source.reopen(failure);
      else await tellMisfit(session, source, failed);
      throw failure;
  }
}

const REOPEN: NextReading = { kind: "reopen" };

/**
 * Finds the first misfit of a source.
 *
 * @throws LakeError its error with its place; nothing where there is none, or where the source cannot be read at all:
 *   its failure then says more.
 */
async function tellMisfit(
  session: Session,
  source: OpenedSource,
  { schema, rescuing }: FailedReading,
): Promise<void> {
  let rescued: unknown;
  try {
    rescued = await firstRescued(session, source, rescuing());
  } catch (error) {
    if (!isLakeError(error) || error.kind === "cancelled" || error.kind === "internal") throw error;
  }
  if (typeof rescued === "string") throw misfitError(source.uri, schema, rescued);
}

async function firstRescued(
  session: Session,
  source: OpenedSource,
  landing: SourceLanding,
): Promise<unknown> {
  const sql = landing.columns.find(({ name }) => name === RESCUED_COLUMN)?.sql ?? "NULL";
  const relation = await relationOf(source, landing);
  try {
    const [row] = await session.rows(
      `SELECT * FROM (SELECT ${sql} AS rescued FROM (${relation.sql})) WHERE rescued IS NOT NULL LIMIT 1`,
    );
    return row?.["rescued"];
  } finally {
    await relation.dispose();
  }
}

/**
 * The error of a record that does not fit. Pure.
 *
 * @param rescued as formats' RESCUED has it
 */
export function misfitError(uri: string, schema: StructType, rescued: string): LakeError {
  const found = parseJson(rescued);
  const { file, line, row, values, reason } = isJsonObject(found) ? found : {};
  const named = typeof file === "string" ? file : uri;
  const place = line === undefined ? { row: numberOf(row) } : { line: numberOf(line) };
  const at = Object.entries(place)
    .map(([what, number]) => (number === undefined ? "" : `, ${what} ${number}`))
    .join("");
  const context = { file: named, ...place };
  const [misfit] = isJsonObject(values) ? Object.entries(values) : [];
  if (misfit === undefined) {
    const why = typeof reason === "string" ? `: ${reason}` : "";
    return withRescueHint(
      new LakeError("invalid-input", "record-unreadable", `${named}${at}: the record cannot be read${why}`, {
        context,
        hint: "Correct the record or take it out.",
      }),
    );
  }
  const [column, value] = misfit;
  const field = findField(schema, column);
  const shown = stringifyJson(value).slice(0, MAX_VALUE);
  const isKnown = field !== undefined || findField(schema, column.split(".")[0] ?? "") !== undefined;
  return withRescueHint(
    isKnown
      ? new LakeError(
          "invalid-input",
          "value-does-not-fit",
          `${named}${at}: column "${column}": ${shown} ${field === undefined ? "does not fit" : `is not ${engineType(field.type)}`}`,
          { context: { ...context, column }, hint: "Correct the value." },
        )
      : new LakeError(
          "invalid-input",
          "column-unknown",
          `${named}${at}: the table has no column "${column}"`,
          {
            context: { ...context, column },
            hint: "Add it to the table (--schema merge), or leave it out of the source.",
          },
        ),
  );
}

function numberOf(value: JsonValue | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

const MAX_VALUE = 200;
