import { beginsQuery } from "../query-start.js";
import type { QualifiedName, SqlSlice, StatementReader } from "../statement-reader.js";

/** What CREATE VIEW says. */
export interface CreateView {
  readonly name: QualifiedName;
  readonly columns: readonly string[];
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly temporary: boolean;
  readonly query: SqlSlice;
}

/**
 * What follows `CREATE [OR REPLACE] [TEMPORARY] VIEW`: `[IF NOT EXISTS] v [(names)] AS query`.
 *
 * @throws LakeError `invalid-input` `sql-syntax` with the place.
 */
export function parseCreateView(
  reader: StatementReader,
  { orReplace, temporary }: Pick<CreateView, "orReplace" | "temporary">,
): CreateView {
  const ifNotExists = reader.takeWords("if", "not", "exists");
  const name = reader.qualifiedName("the name of a view");
  const columns = reader.nameList();
  if (!reader.takeWords("as")) throw reader.expected("AS and a query");
  if (!beginsQuery(reader)) throw reader.expected("a query");
  return { name, columns, orReplace, ifNotExists, temporary, query: reader.rest() };
}
