import { quoteIdentifier, type Session } from "../../engine/index.js";

/** A column of a table that a query names; `engineType` is DuckDB's name of its type. */
export interface StubColumn {
  readonly name: string;
  readonly engineType: string;
}

/** A table that a query names, under the name that the rewritten query gives it. */
export interface StubTable {
  readonly name: string;
  readonly columns: readonly StubColumn[];
}

/**
 * Empty tables that a query is planned on. The physical column of each is called `prefix` and its
 * number, so no quoting and no name of the user's can be mistaken for it in the text of a plan; a view
 * gives it its real name.
 */
export interface Stubs {
  readonly prefix: string;
  /** By the name of the physical table, which plans show. */
  readonly tables: ReadonlyMap<string, StubTable>;
}

/** Makes a TEMP table and a TEMP view over it for each table; they end with the session. */
export async function createStubs(session: Session, tables: readonly StubTable[]): Promise<Stubs> {
  const stubs = stubsFor(tables);
  for (const statement of [...stubs.tables].flatMap(createSql(stubs.prefix)))
    await session.execute(statement);
  return stubs;
}

function stubsFor(tables: readonly StubTable[]): Stubs {
  const names = tables.flatMap(({ columns }) => columns.map(({ name }) => name.toLowerCase()));
  let prefix = "gl_c";
  while (names.some((name) => name.includes(prefix))) prefix += "_";
  return { prefix, tables: new Map(tables.map((table) => [`${table.name}_stub`, table])) };
}

function createSql(prefix: string): (entry: readonly [string, StubTable]) => readonly [string, string] {
  return ([physical, { name, columns }]) => {
    const definitions = columns.map(({ engineType }, index) => `${prefix}${index} ${engineType}`);
    const selected = columns.map((column, index) => `${prefix}${index} AS ${quoteIdentifier(column.name)}`);
    const table = `temp.${quoteIdentifier(physical)}`;
    return [
      `CREATE TEMP TABLE ${quoteIdentifier(physical)} (${definitions.join(", ")})`,
      `CREATE TEMP VIEW ${quoteIdentifier(name)} AS SELECT ${selected.join(", ")} FROM ${table}`,
    ];
  };
}
