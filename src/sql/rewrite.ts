import { LakeError } from "../../core/index.js";
import { quoteIdentifier } from "../../engine/index.js";
import { takesBareTable } from "./keywords.js";
import { isPosition, parameterUses } from "./parameters.js";
import type { QueryReferences, TableReference, TableSite } from "./references.js";
import { byteLocation } from "./syntax-tree.js";
import type { ColumnOccurrence, FromScope, Relation } from "./table-scopes.js";
import { applyEdits, type Edit, type EditedText } from "./text-edits.js";
import { fromClauseEdit } from "./time-travel.js";
import { identifierName } from "./tokens.js";

/** A query whose tables are replaced; `mapOffset` leads back into the text that was rewritten. */
export interface RewrittenQuery extends EditedText {
  /** The identifiers of the parameters that remain, for `pickParameters`. */
  readonly parameters: readonly string[];
}

/**
 * Puts other relations in the place of a query's tables: `replace` gives the SQL of a relation, a name
 * or a query in parentheses, or undefined to leave the reference as it is.
 *
 * Everything else of the text stays as the user wrote it, because DuckDB's `json_deserialize_sql` does
 * not keep the meaning of every query (a DOUBLE literal comes back as a DECIMAL, a CROSS JOIN loses
 * its precedence). A replaced table keeps the name that columns are qualified with; references by
 * schema (`ns.t.col`) become references by that name. AT clauses go away with their parameters, and
 * positional parameters that remain are numbered again.
 *
 * @throws LakeError `invalid-input` `sql-ambiguous-name` when a reference by schema would be captured
 *   by another table of the same name.
 */
export function rewriteReferences(
  query: QueryReferences,
  replace: (reference: TableReference) => string | undefined,
): RewrittenQuery {
  const replaced = new Map<number, Replaced>();
  const edits: Edit[] = [];
  for (const site of query.sites) {
    const replacement = replace(site.reference);
    if (replacement === undefined) continue;
    const alias = distinctAlias(site);
    replaced.set(site.occurrence.byteOffset, { site, alias });
    edits.push(...tableEdits(site, replacement, alias));
  }
  for (const column of query.occurrences.columns) {
    const match = schemaMatch(column, ({ node }) => replaced.get(byteLocation(node) ?? -1));
    if (match !== undefined) edits.push(columnEdit(query, column, match));
  }
  const { parameterEdits, parameters } = remainingParameters(
    query,
    [...replaced.values()].map(({ site }) => site),
  );
  const { text, mapOffset } = applyEdits(query.text, [...edits, ...parameterEdits]);
  return { text, mapOffset, parameters };
}

interface Replaced {
  readonly site: TableSite;
  readonly alias: string;
}

function tableEdits(site: TableSite, replacement: string, alias: string): Edit[] {
  const { range, atRange, explicitAlias, before } = site;
  const relation = explicitAlias ? replacement : `${replacement} AS ${quoteIdentifier(alias)}`;
  const edits: Edit[] = [{ ...range, replacement: [relation] }];
  if (before !== undefined && takesBareTable(before)) edits.unshift(fromClauseEdit(before));
  if (atRange !== undefined) edits.push({ ...atRange, replacement: [] });
  return edits;
}

/** The alias a replaced table gets: its name, with the schema when another table beside it has that name. */
function distinctAlias({ reference, occurrence, explicitAlias }: TableSite): string {
  const { alias, target } = reference;
  if (explicitAlias || target.kind !== "table" || target.namespace === undefined) return alias;
  const namesakes = occurrence.scope?.relations.filter((relation) => relation.alias === alias.toLowerCase());
  return (namesakes?.length ?? 0) > 1 ? `${target.namespace}.${alias}` : alias;
}

interface SchemaMatch {
  /** How many names the alias replaces: the schema and the table, and the catalog. */
  readonly names: number;
  readonly alias: string;
}

/**
 * The table that `schema.table.column` names: the innermost one, as DuckDB looks for it. A table or
 * alias in between that is called like the schema wins, then the rest are fields of a struct.
 */
function schemaMatch(
  column: ColumnOccurrence,
  replacementOf: (relation: Relation) => Replaced | undefined,
): SchemaMatch | undefined {
  const names = column.names.map((name) => name.toLowerCase());
  const inner: FromScope[] = [];
  for (let scope = column.scope; scope !== undefined; scope = scope.parent) {
    for (const relation of scope.relations) {
      const replacement = replacementOf(relation);
      const count = replacement === undefined ? 0 : qualifiers(replacement.site, names);
      if (replacement === undefined || count === 0) continue;
      const { alias } = replacement;
      refuseCapture(column, alias, inner);
      return { names: count, alias };
    }
    if (scope.relations.some((relation) => relation.alias === names[0])) return undefined;
    inner.push(scope);
  }
  return undefined;
}

/** How many of the first names qualify a column of this table by schema; 0 when they do not. */
function qualifiers({ reference, explicitAlias }: TableSite, names: readonly string[]): number {
  const { target } = reference;
  if (explicitAlias || target.kind !== "table" || target.namespace === undefined) return 0;
  const qualified = [target.namespace, target.name].map((name) => name.toLowerCase());
  const startsAt = (from: number): boolean => qualified.every((name, index) => names[from + index] === name);
  if (startsAt(0)) return 2;
  return target.catalog?.toLowerCase() === names[0] && startsAt(1) && names.length > 3 ? 3 : 0;
}

function refuseCapture(column: ColumnOccurrence, alias: string, inner: readonly FromScope[]): void {
  const captured = inner.some((scope) =>
    scope.relations.some((relation) => relation.alias === alias.toLowerCase()),
  );
  if (!captured) return;
  throw new LakeError(
    "invalid-input",
    "sql-ambiguous-name",
    `${column.names.join(".")} could be two tables`,
    {
      hint: `Give the tables called ${alias} aliases, and use those.`,
    },
  );
}

function columnEdit(query: QueryReferences, column: ColumnOccurrence, match: SchemaMatch): Edit {
  const start = query.utf16(column.byteOffset);
  const first = query.indexAt.get(start) ?? query.tokens.length;
  const last = query.tokens[first + 2 * (match.names - 1)];
  const spelled = identifierName(query.tokens[first])?.toLowerCase();
  if (last === undefined || spelled !== column.names[0]?.toLowerCase()) {
    throw new LakeError("internal", "sql-tree", `no ${column.names.join(".")} at offset ${start}`);
  }
  return { start, end: last.end, replacement: [quoteIdentifier(match.alias)] };
}

/** Numbers the positional parameters again when some of them went away with a replaced reference. */
function remainingParameters(
  query: QueryReferences,
  replaced: readonly TableSite[],
): { readonly parameterEdits: Edit[]; readonly parameters: string[] } {
  const removed = replaced.flatMap(({ range, atRange }) =>
    atRange === undefined ? [range] : [range, atRange],
  );
  const all = parameterUses(query.tokens);
  const kept = all.filter(
    ({ token }) => !removed.some(({ start, end }) => start <= token.start && token.end <= end),
  );
  const parameters = [...new Set(kept.map(({ identifier }) => identifier))];
  if (
    kept.length === all.length &&
    parameters.every((identifier) => !isPosition(identifier) || Number(identifier) <= parameters.length)
  ) {
    return { parameterEdits: [], parameters: parameters.toSorted(byPosition) };
  }
  const parameterEdits = kept
    .filter(({ identifier }) => isPosition(identifier))
    .map(({ token: { start, end }, identifier }): Edit => {
      return { start, end, replacement: [`$${parameters.indexOf(identifier) + 1}`] };
    });
  return { parameterEdits, parameters };
}

function byPosition(a: string, b: string): number {
  return Number(a) - Number(b) || 0;
}
