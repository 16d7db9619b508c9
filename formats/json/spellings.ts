import type { Session } from "../../engine/index.js";
import { quoteString } from "../../engine/index.js";
import type { JsonField, JsonStructure } from "./structure.js";

/** Keys of the records that differ in case only and are one column, as none of the records has two of them. */
export interface Spellings {
  /** The spelling that comes first, which the column is called by. */
  readonly first: string;
  readonly others: readonly string[];
}

/**
 * The keys of single values that are one column, each record having it in one spelling. Keys that occur side by side
 * in a record are columns of their own, and so are those of lists and objects.
 *
 * @param records A SELECT of the records, in column `json`
 */
export async function spellingsOf(
  session: Session,
  records: string,
  structure: JsonStructure,
  signal: AbortSignal | undefined,
): Promise<Spellings[]> {
  const alike = keysAlike(structure.kind === "object" ? structure.fields : []);
  if (alike.length === 0) return [];
  const together = alike.map(({ first, others }, index) => {
    const counted = [first, ...others].map(
      (key) => `json_exists(json, ${quoteString(pointerTo(key))})::INTEGER`,
    );
    return `max(${counted.join(" + ")}) AS g${index}`;
  });
  const [row] = await session.rows(`SELECT ${together.join(", ")} FROM (${records})`, { signal });
  return alike.filter((_, index) => Number(row?.[`g${index}`] ?? 0) < 2);
}

/** The structure of records in which each of the columns has one key. Pure. */
export function withOneSpelling(structure: JsonStructure, spellings: readonly Spellings[]): JsonStructure {
  if (structure.kind !== "object" || spellings.length === 0) return structure;
  const others = new Set(spellings.flatMap((column) => column.others));
  const fields = structure.fields.flatMap((field) => {
    if (others.has(field.name)) return [];
    const column = spellings.find(({ first }) => first === field.name);
    const alike = structure.fields.filter(({ name }) => column?.others.includes(name) === true);
    return [
      { ...field, structure: alike.reduce((all, { structure: one }) => common(all, one), field.structure) },
    ];
  });
  return { kind: "object", fields };
}

/** Of two structures of single values. */
function common(one: JsonStructure, other: JsonStructure): JsonStructure {
  if (one.kind === other.kind || other.kind === "null") return one;
  return one.kind === "null" ? other : { kind: "mixed" };
}

function keysAlike(fields: readonly JsonField[]): Spellings[] {
  const byName = new Map<string, JsonField[]>();
  for (const field of fields) {
    const name = field.name.toLowerCase();
    byName.set(name, [...(byName.get(name) ?? []), field]);
  }
  return [...byName.values()].flatMap((alike) => {
    const [first, ...others] = alike;
    const isSingle = alike.every(({ structure: { kind } }) => kind !== "array" && kind !== "object");
    if (first === undefined || others.length === 0 || !isSingle) return [];
    return [{ first: first.name, others: others.map(({ name }) => name) }];
  });
}

/** RFC 6901, "JSON Pointer". */
const pointerTo = (key: string): string => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
