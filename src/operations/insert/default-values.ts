import { LakeError, newUuid } from "../../../core/index.js";
import {
  type ColumnRule,
  engineType,
  type FieldPath,
  findField,
  pathText,
  rowRulesFor,
  type TableState,
} from "../../../table-format/index.js";
import { applyEdits, type Edit } from "../../sql/text-edits.js";
import { isSymbol, isWord, type Token, tokenize } from "../../sql/tokens.js";

/** A query that the engine runs, and what its columns are in the table. */
export interface FilledQuery {
  readonly query: string;
  /** Default all of the table's, in its order; none where the table makes all values itself. */
  readonly columns: readonly FieldPath[] | undefined;
}

/**
 * Puts the defaults of columns in the place of `DEFAULT` in a list of VALUES. A column that rows do not bring but
 * make, a generated or an identity one, has to have it in every row, and is left out. Pure but for a new id.
 *
 * @param columns the columns that INSERT names; `by-name` where the query's own names count
 * @param now the instant of `current_timestamp` in defaults, in milliseconds since the epoch
 * @throws LakeError `invalid-input` for a column that has to be given, or that is made for some rows only.
 */
export function queryWithDefaults(
  query: string,
  state: TableState,
  columns: readonly FieldPath[] | "by-name" | undefined,
  now: number,
): FilledQuery {
  if (columns === "by-name") return { query, columns: undefined };
  const rows = valuesWithDefault(query);
  if (rows === undefined) return { query, columns };
  const names: readonly FieldPath[] = columns ?? state.schema.fields.map(({ name }) => [name]);
  const width = names.length;
  // A list of another length is told of with the rest of the query.
  if (rows.some((items) => items.length !== width)) return { query, columns };
  const isMade = new Set<number>();
  const edits: Edit[] = [];
  for (const [index, path] of names.entries()) {
    const places = rows.flatMap((items) => items[index] ?? []).filter(({ isDefault }) => isDefault);
    if (places.length === 0) continue;
    const filling = fillingOf(state, path, now);
    if (filling === undefined) {
      if (places.length < rows.length) throw madeForSome(path);
      isMade.add(index);
    } else {
      edits.push(...places.map(({ start, end }) => ({ start, end, replacement: [filling] })));
    }
  }
  if (isMade.size === 0) return { query: applyEdits(query, edits).text, columns };
  const filled = applyEdits(
    query,
    edits.toSorted((a, b) => a.start - b.start),
  ).text;
  return { query: withoutItems(filled, isMade), columns: names.filter((_, index) => !isMade.has(index)) };
}

interface Item {
  readonly start: number;
  readonly end: number;
  readonly isDefault: boolean;
}

/** The items of each row of `VALUES (...), (...)`; `undefined` for another query, or one without DEFAULT. */
function valuesWithDefault(query: string): readonly (readonly Item[])[] | undefined {
  const tokens = tokenize(query);
  if (!isWord(tokens[0], "values") || !tokens.some((token) => isWord(token, "default"))) return undefined;
  return rowsOf(tokens);
}

function rowsOf(tokens: readonly Token[]): Item[][] {
  const rows: Item[][] = [];
  let item: Token[] = [];
  let depth = 0;
  const endItem = (): void => {
    const [first] = item;
    const last = item.at(-1);
    if (first !== undefined && last !== undefined) {
      const isDefault = item.length === 1 && isWord(first, "default");
      rows.at(-1)?.push({ start: first.start, end: last.end, isDefault });
    }
    item = [];
  };
  for (const token of tokens) {
    const opens = isSymbol(token, "(") || isSymbol(token, "[") || isSymbol(token, "{");
    const closes = isSymbol(token, ")") || isSymbol(token, "]") || isSymbol(token, "}");
    if (closes && --depth === 0) endItem();
    if (depth === 1 && isSymbol(token, ",")) endItem();
    else if (depth > 0) item.push(token);
    if (opens && depth++ === 0) rows.push([]);
  }
  return rows;
}

/** SQL for the default of a column; `undefined` when the write makes its values. */
function fillingOf(state: TableState, path: FieldPath, now: number): string | undefined {
  const { schema, protocol } = state;
  const [name = ""] = path;
  const field = path.length === 1 ? findField(schema, name) : undefined;
  if (field === undefined) {
    throw new LakeError("invalid-input", "column-not-found", `there is no column ${pathText(path)}`, {
      context: { column: pathText(path) },
    });
  }
  const given = schema.fields.filter((other) => other !== field).map((other) => other.name);
  // Only the rule of this one column is asked for: what holds for the others is told when rows are planned.
  const alone = {
    type: "struct",
    fields: schema.fields.map((other) => (other === field ? field : plain(other))),
  } as const;
  const rules = rowRulesFor({
    schema: alone,
    configuration: {},
    protocol,
    given,
    marker: newUuid(),
    now,
  });
  const rule = rules.columns.find((column) => column.field.name === field.name);
  return rule === undefined ? undefined : fillingSql(rule);
}

/** A column without rules of its own. */
function plain<T extends { readonly metadata: object }>(field: T): T {
  return { ...field, metadata: {} };
}

function fillingSql(rule: ColumnRule): string | undefined {
  switch (rule.kind) {
    case "default":
      return `CAST(${rule.sql} AS ${engineType(rule.field.type)})`;
    case "null":
      return `CAST(NULL AS ${engineType(rule.field.type)})`;
    default:
      return undefined;
  }
}

/** The rows of a list of VALUES without some of their items; a row that loses all of them stays a row. */
function withoutItems(query: string, gone: ReadonlySet<number>): string {
  const rows = rowsOf(tokenize(query)).map((items) =>
    items.flatMap(({ start, end }, index) => (gone.has(index) ? [] : [query.slice(start, end)])),
  );
  return `VALUES ${rows.map((items) => `(${items.length === 0 ? "NULL" : items.join(", ")})`).join(", ")}`;
}

function madeForSome(path: FieldPath): LakeError {
  return new LakeError(
    "invalid-input",
    "default-for-some",
    `column ${pathText(path)} is made by the table: DEFAULT stands for all rows of an INSERT or for none`,
    {
      context: { column: pathText(path) },
      hint: "Insert the rows that give a value with a statement of their own.",
    },
  );
}
