import { isLakeError } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import type { Relation } from "../../formats/index.js";
import { engineText, foldCase } from "../../table-format/index.js";
import { keep, readWhole } from "./checked-source.js";
import type { TypedColumn } from "./common-columns.js";
import { isText, TEXT } from "./common-type.js";
import type { FilePart } from "./file-parts.js";

/**
 * The part with the columns that are to be text as its file has them: the text of a value that was read as a number or
 * a timestamp may be another one (`1.10` and `1.1`).
 *
 * @param columns those of all files
 */
export async function withExactTexts(
  session: Session,
  part: FilePart,
  columns: readonly TypedColumn[],
  signal: AbortSignal | undefined,
): Promise<FilePart> {
  const texts = new Set(columns.filter(({ type }) => isText(type)).map(({ name }) => foldCase(name)));
  const becomesText = ({ name, type }: TypedColumn): boolean => texts.has(foldCase(name)) && !isText(type);
  const { fitted, stated } = part;
  if (fitted === undefined || !stated.some(becomesText)) return part;
  const wanted = stated.map((column) => ({
    name: column.name,
    type: engineText(becomesText(column) ? TEXT : column.type),
    source: column.name,
  }));
  const relation = await readable(session, () => fitted(wanted), signal);
  if (relation === undefined) return part;
  return {
    ...part,
    columns: part.columns.map((column) => (becomesText(column) ? { ...column, type: TEXT } : column)),
    from: `(${relation.sql}) AS r`,
  };
}

/** Not every column can be asked for by its name (two keys may differ in their case only): then values are cast. */
async function readable(
  session: Session,
  ask: () => Promise<Relation>,
  signal: AbortSignal | undefined,
): Promise<Relation | undefined> {
  let relation: Relation | undefined;
  try {
    relation = await ask();
    await readWhole(session, relation, signal);
    keep(session, relation);
    return relation;
  } catch (error) {
    await relation?.dispose();
    if (isLakeError(error, "invalid-input") || isLakeError(error, "unsupported")) return undefined;
    throw error;
  }
}
