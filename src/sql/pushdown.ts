import { isLakeError, LakeError, parseJson } from "../../core/index.js";
import type { Parameters, Session } from "../../engine/index.js";
import type { Predicate } from "../../table-format/index.js";
import { type FilterColumn, filterPredicate } from "./filter-text.js";
import { type PlannedScan, plannedScans, showsAllFilters } from "./plan-scans.js";
import { hasUnusualFields, structFields } from "./struct-type.js";
import type { StubColumn, Stubs, StubTable } from "./stubs.js";
import { isSymbol, isWord, type Token, tokenize } from "./tokens.js";

/**
 * The optimizers that a planning engine must be opened without (`EngineOptions.disabledOptimizers`):
 * the first two would plan nothing for tables that are empty, the third reads a table a second time
 * without its filters.
 */
export const PLANNER_DISABLED_OPTIMIZERS = [
  "statistics_propagation",
  "empty_result_pullup",
  "late_materialization",
] as const;

/** What a query reads of one table. */
export interface TableScan {
  /**
   * The columns whose values are read, in the table's order. A relation that stands for the table
   * still needs all columns, for the names in the query.
   */
  readonly columns: readonly string[] | "all";
  /** TRUE for every row that can change the result. */
  readonly predicate: Predicate;
  /** Those of the columns that a filter may compare with one value; others are compared by order, or not at all. */
  readonly probed: readonly string[] | "all";
}

const EVERY_ROW: Predicate = { kind: "constant", value: true };

/**
 * The columns and filters of each table in a query, as the engine's optimizer sees them: it plans the
 * query on empty stubs and we read the scans. A stub that is scanned several times gets the OR of its
 * filters; one that the plan does not show (its rows cannot matter, or it is only described) is read
 * whole.
 *
 * @param session of an engine opened with {@link PLANNER_DISABLED_OPTIMIZERS}, where `stubs` were made
 * @param sql one query on the stubs' names
 * @returns by the stub's name
 * @throws LakeError `invalid-input` when the query does not bind.
 */
export async function pushdown(
  session: Session,
  sql: string,
  parameters: Parameters | undefined,
  stubs: Stubs,
): Promise<ReadonlyMap<string, TableScan>> {
  const [row] = await session.rows(`EXPLAIN (FORMAT json) ${sql}`, { parameters });
  const plan = row?.["explain_value"];
  if (typeof plan !== "string") throw new LakeError("internal", "sql-plan", "the engine gave no plan");
  const json = parseJson(plan);
  const scans = plannedScans(json);
  const areFiltersAll = showsAllFilters(json);
  // A name of the user's that looks like a stub's column could be mistaken for it.
  const readable = !sql.toLowerCase().includes(stubs.prefix);
  return new Map(
    [...stubs.tables].map(([physical, table]) => {
      const own = scans.filter((scan) => scan.table === physical);
      const { prefix } = stubs;
      return [
        table.name,
        readable && own.length > 0 ? tableScan(own, table, prefix, areFiltersAll) : wholeTable(),
      ];
    }),
  );
}

function wholeTable(): TableScan {
  return { columns: "all", predicate: EVERY_ROW, probed: "all" };
}

function tableScan(
  scans: readonly PlannedScan[],
  table: StubTable,
  prefix: string,
  areFiltersAll: boolean,
): TableScan {
  const mentioned = new Set(
    scans.flatMap(({ projections, filters, filtersAbove }) =>
      columnNumbers([projections, filters, ...filtersAbove].join("\n"), prefix),
    ),
  );
  const columns = table.columns.filter((_, index) => mentioned.has(index)).map(({ name }) => name);
  return {
    columns,
    predicate: anyOf(scans.map((scan) => scanPredicate(scan, table, prefix))),
    probed: areFiltersAll ? probedColumns(scans, table, prefix) : "all",
  };
}

/** The columns in filters that are more than comparisons by `<`, `<=`, `>` and `>=`. */
function probedColumns(scans: readonly PlannedScan[], table: StubTable, prefix: string): string[] {
  const probed = new Set(
    scans.flatMap(({ filters, filtersAbove }) =>
      [filters, ...filtersAbove].flatMap((text) => {
        const tokens = tokensOf(text);
        const lines = tokens === undefined ? [] : splitAtNewlines(text, tokens);
        const isOrdered = tokens !== undefined && lines.every(hasBalancedParentheses);
        return isOrdered
          ? lines.flatMap((line) => (isComparedByOrder(line, prefix) ? [] : columnsIn(line, prefix)))
          : columnNumbers(text, prefix);
      }),
    ),
  );
  return table.columns.filter((_, index) => probed.has(index)).map(({ name }) => name);
}

/** `c < 1 AND c >= 0`, and nothing else. */
function isComparedByOrder(line: readonly Token[], prefix: string): boolean {
  let compares = false;
  const isPlain = line.every((token) => {
    if (["<", "<=", ">", ">="].some((operator) => isSymbol(token, operator))) compares = true;
    else if (token.kind === "word")
      return token.text.startsWith(prefix) || isWord(token, "and", "date", "timestamp");
    else if (token.kind === "symbol") return ["(", ")", "::", "-", "."].includes(token.text);
    return true;
  });
  return compares && isPlain;
}

function columnsIn(line: readonly Token[], prefix: string): number[] {
  return line.flatMap((token) => (token.kind === "word" ? columnNumbers(token.text, prefix) : []));
}

function scanPredicate(scan: PlannedScan, table: StubTable, prefix: string): Predicate {
  const columnOf = (name: string): FilterColumn | undefined => stubColumn(name, table, prefix);
  const whole = new Set(scan.projections.split("\n"));
  const columnAbove = (name: string): FilterColumn | undefined => {
    const column = columnOf(name);
    return column === undefined || (isStruct(column.engineType) && !whole.has(name)) ? undefined : column;
  };
  return allOf([
    ...linePredicates(scan.filters, table, prefix, columnOf),
    ...scan.filtersAbove.flatMap((text) => linePredicates(text, table, prefix, columnAbove)),
  ]);
}

function isStruct(engineType: string): boolean {
  return structFields(engineType) !== undefined;
}

/** The predicates of a text that holds one filter a line; none when the text cannot be trusted. */
function linePredicates(
  text: string,
  table: StubTable,
  prefix: string,
  columnOf: (name: string) => FilterColumn | undefined,
): Predicate[] {
  // A plan prints the name of a field as it is, so one that is no plain identifier can look like anything.
  const suspect = columnNumbers(text, prefix).some((number) =>
    hasUnusualFields(table.columns[number]?.engineType ?? ""),
  );
  const tokens = suspect ? undefined : tokensOf(text);
  const lines = tokens === undefined ? [] : splitAtNewlines(text, tokens);
  // Each line is one whole expression, or the lines are not what we take them for.
  if (!lines.every(hasBalancedParentheses)) return [];
  return lines.map((line) => filterPredicate(line, columnOf));
}

function hasBalancedParentheses(tokens: readonly Token[]): boolean {
  let depth = 0;
  for (const token of tokens) {
    if (isSymbol(token, "(")) depth++;
    if (isSymbol(token, ")") && --depth < 0) return false;
  }
  return depth === 0;
}

/** Undefined for a text that was cut off, as the engine does at a NUL in a literal. */
function tokensOf(text: string): Token[] | undefined {
  try {
    return tokenize(text);
  } catch (error) {
    if (isLakeError(error, "invalid-input")) return undefined;
    throw error;
  }
}

function splitAtNewlines(text: string, tokens: readonly Token[]): Token[][] {
  const lines: Token[][] = [];
  let end: number | undefined;
  for (const token of tokens) {
    if (end === undefined || text.slice(end, token.start).includes("\n")) lines.push([]);
    lines.at(-1)?.push(token);
    end = token.end;
  }
  return lines;
}

function stubColumn(name: string, table: StubTable, prefix: string): StubColumn | undefined {
  const number = name.startsWith(prefix) ? name.slice(prefix.length) : "";
  return /^\d+$/.test(number) ? table.columns[Number(number)] : undefined;
}

function columnNumbers(text: string, prefix: string): number[] {
  return [...text.matchAll(new RegExp(`${prefix}(\\d+)`, "g"))].map((match) => Number(match[1]));
}

/** The conjunction of filters that must all be TRUE, where an unknown one says nothing. */
function allOf(predicates: readonly Predicate[]): Predicate {
  const operands = predicates.filter(({ kind }) => kind !== "unknown");
  const [only] = operands;
  if (only === undefined) return EVERY_ROW;
  return operands.length === 1 ? only : { kind: "and", operands };
}

function anyOf(predicates: readonly Predicate[]): Predicate {
  const [only] = predicates;
  if (only === undefined || predicates.some((one) => one.kind === "constant" && one.value)) return EVERY_ROW;
  return predicates.length === 1 ? only : { kind: "or", operands: predicates };
}
