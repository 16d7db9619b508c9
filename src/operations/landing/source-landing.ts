import { LakeError, newUuid } from "../../../core/index.js";
import { quoteIdentifier, quoteString } from "../../../engine/index.js";
import { FILE_URI, type FittedColumn, type Misfits, RESCUED } from "../../../formats/index.js";
import {
  type ColumnRule,
  foldCase,
  type Metadata,
  type PlannedColumn,
  type Protocol,
  planColumns,
  type RowRules,
  rowRulesFor,
  type StructType,
  sourceSchema,
} from "../../../table-format/index.js";
import { fitTyped } from "../../rescue/fit-typed.js";
import { fittedColumnsOf } from "../../rescue/fitted-columns.js";
import { type LandingColumns, RESCUED_COLUMN, SOURCE_FILE_COLUMN } from "./landing-columns.js";
import { inFile, type LandingSource, type Reading, readingsOf, withRescueHint } from "./landing-source.js";

/** The table that rows land in, as the commit leaves it. */
export interface LandingTable {
  readonly schema: StructType;
  readonly metadata: Metadata;
  readonly protocol: Protocol;
}

/** The relation that the rows of a source are read from. */
export type RelationPlan =
  | { readonly kind: "inferred" }
  | { readonly kind: "fitted"; readonly columns: readonly FittedColumn[]; readonly misfits: Misfits }
  /** Rows that have types already, with their numbers, by which what does not fit is put aside. */
  | { readonly kind: "numbered" };

/** How the rows of one source become rows of a table. */
export interface SourceLanding {
  /** Which reading this is. */
  readonly reading: Reading;
  readonly relation: RelationPlan;
  /** Whether the relation tells the file of each row. */
  readonly withFile: boolean;
  /** Where each column's values come from, and what every row keeps. */
  readonly rules: RowRules;
  /** The expressions over the relation of the columns that it brings. */
  readonly columns: readonly PlannedColumn[];
  /** What was decided about the source. */
  readonly notes: readonly string[];
}

/** Codes of plans that another reading may make good. */
const MISFITS: ReadonlySet<string> = new Set(["column-unknown", "column-type-mismatch", "column-type"]);

/**
 * Plans the first reading of a source that fits the table, of those that are left. Pure but for the marker of its
 * rules.
 *
 * @param now milliseconds since the epoch
 * @throws LakeError `invalid-input` naming the source and the column that does not fit.
 */
export function planSource(
  source: LandingSource,
  table: LandingTable,
  filled: LandingColumns,
  now: number,
): SourceLanding {
  const readings = readingsOf(source, filled.rescue);
  let misfit: LakeError | undefined;
  for (const reading of readings) {
    // What is not known to the table is as unknown in its own types.
    if (misfit?.code === "column-unknown" && reading === "fitted") continue;
    try {
      return planReading(source, reading, table, filled, now);
    } catch (error) {
      if (!(error instanceof LakeError)) throw error;
      if (!MISFITS.has(error.code)) throw inFile(error, source.uri);
      misfit ??= error;
    }
  }
  if (misfit === undefined) throw new LakeError("internal", "no-reading", `${source.uri} cannot be read`);
  throw inFile(filled.rescue ? misfit : withRescueHint(misfit), source.uri);
}

function planReading(
  source: LandingSource,
  reading: Reading,
  table: LandingTable,
  filled: LandingColumns,
  now: number,
): SourceLanding {
  const made = filledColumns(source, reading, filled);
  const brought = without(source.columns, made);
  const given = [...brought, ...made].map(({ name }) => name);
  const withFile = source.file.kind === "each" && filled.sourceFile;
  const fixed = { reading, withFile };
  if (reading === "inferred") {
    const rules = rulesOf(table, given, now);
    const columns = planColumns(schemaOf(rules, made), brought, "strict").columns;
    return {
      ...fixed,
      relation: { kind: "inferred" },
      rules,
      columns: [...columns, ...made],
      notes: notesOf(rules, source, made),
    };
  }
  // A key may come late in a source: whatever column has no value of its own is asked for.
  const plain = rulesOf(table, given, now).columns.filter(({ kind }) => kind === "null");
  const rules = rulesOf(table, [...given, ...plain.map(({ field }) => field.name)], now);
  const schema = schemaOf(rules, made);
  const notes = notesOf(rulesOf(table, given, now), source, made);
  if (!source.isText) {
    const file = quoteString(source.uri);
    const fit = fitTyped(schema, { columns: brought, file }, "rescue");
    const rescued = { name: RESCUED_COLUMN, sql: fit.rescued ?? "NULL" };
    const others = made.filter(({ name }) => name !== RESCUED_COLUMN);
    return {
      ...fixed,
      relation: { kind: "numbered" },
      rules,
      columns: [...fit.columns, ...others, rescued],
      notes,
    };
  }
  const columns = fittedColumnsOf(schema, brought);
  const misfits = reading === "rescue" ? "rescue" : "refuse";
  return {
    ...fixed,
    relation: { kind: "fitted", columns, misfits },
    rules,
    columns: [...schema.fields.map(({ name }) => ({ name, sql: quoteIdentifier(name) })), ...made],
    notes,
  };
}

/** The columns that landing fills itself, and what with. */
function filledColumns(
  { file }: LandingSource,
  reading: Reading,
  { rescue, sourceFile }: LandingColumns,
): PlannedColumn[] {
  return [
    ...(rescue && reading === "rescue" ? [{ name: RESCUED_COLUMN, sql: quoteIdentifier(RESCUED) }] : []),
    ...(sourceFile && file.kind !== "none"
      ? [
          {
            name: SOURCE_FILE_COLUMN,
            sql: file.kind === "each" ? quoteIdentifier(FILE_URI) : quoteString(file.uri),
          },
        ]
      : []),
  ];
}

function rulesOf(
  { schema, metadata, protocol }: LandingTable,
  given: readonly string[],
  now: number,
): RowRules {
  const { configuration } = metadata;
  return rowRulesFor({ schema, configuration, protocol, given, marker: newUuid(), now });
}

function schemaOf(rules: RowRules, made: readonly PlannedColumn[]): StructType {
  return { type: "struct", fields: without(sourceSchema(rules).fields, made) };
}

function without<T extends { readonly name: string }>(
  all: readonly T[],
  others: readonly PlannedColumn[],
): T[] {
  const names = new Set(others.map(({ name }) => foldCase(name)));
  return all.filter(({ name }) => !names.has(foldCase(name)));
}

/** What a person is told of the columns that a source does not bring. */
function notesOf({ columns }: RowRules, source: LandingSource, made: readonly PlannedColumn[]): string[] {
  const of = (kind: ColumnRule["kind"]): string =>
    columns
      .filter((column) => column.kind === kind && foldCase(column.field.name) !== RESCUED_COLUMN)
      .map((column) => column.field.name)
      .join(", ");
  const [missing, defaults, generated, numbered] = [
    of("null"),
    of("default"),
    of("generated"),
    of("identity"),
  ];
  const isHidden = made.some(({ name }) =>
    source.columns.some((column) => foldCase(column.name) === foldCase(name) && name === SOURCE_FILE_COLUMN),
  );
  return [
    ...(missing === "" ? [] : [`no ${missing}: NULL in its rows`]),
    ...(defaults === "" ? [] : [`no ${defaults}: the default in its rows`]),
    ...(generated === "" ? [] : [`no ${generated}: generated`]),
    ...(numbered === "" ? [] : [`no ${numbered}: numbered`]),
    ...(isHidden ? [`its own ${SOURCE_FILE_COLUMN} gives way to the name of the file`] : []),
  ];
}
