import { quoteIdentifier, quoteString } from "../../engine/index.js";
import {
  type EngineField,
  type EngineType,
  engineText,
  parseEngineType,
} from "../schema/engine-type-text.js";

/**
 * SQL for the JSON text of a checkpoint's `stats_parsed` (PROTOCOL.md, "Checkpoint Schema" and "Per-file
 * Statistics"), for files whose `stats` a writer left out. Names are as in the struct, which are the physical
 * ones where columns are mapped. Absent values are left out, and so is what JSON statistics do not hold: NaN,
 * infinity, bytes. Timestamps are in milliseconds, a maximum rounded up.
 *
 * @param struct SQL of the struct
 * @param type its type, as the engine prints it
 * @param instants which paths below `minValues` and `maxValues`, as JSON lists, are timestamps with a zone
 */
export function statisticsTextSql(struct: string, type: string, instants: ReadonlySet<string>): string {
  const parsed = parseEngineType(type);
  const tree =
    parsed.kind === "struct" ? treeOf(struct, parsed.fields, { instants, path: [], side: undefined }) : [];
  if (tree.length === 0) return "CAST(NULL AS VARCHAR)";
  // A struct as it is becomes JSON in one go, but with a null for what is absent.
  const isWhole = leavesOf(tree)
    .map((leaf) => leaf.isThere)
    .join(" AND ");
  return `CASE WHEN ${struct} IS NULL THEN NULL WHEN ${isWhole} THEN CAST(to_json(${packedSql(tree)}) AS VARCHAR) ELSE ${objectSql(tree)} END`;
}

/** The type of `stats_parsed` in the type of a checkpoint's `add`; `undefined` when it has none. */
export function statisticsType(add: string): string | undefined {
  const type = parseEngineType(add);
  if (type.kind !== "struct") return undefined;
  const statistics = type.fields.find((field) => field.name === "stats_parsed")?.type;
  return statistics?.kind === "struct" ? engineText(statistics) : undefined;
}

interface Place {
  readonly instants: ReadonlySet<string>;
  /** Names below `minValues` or `maxValues`. */
  readonly path: readonly string[];
  readonly side: "minValues" | "maxValues" | undefined;
}

/** A member that JSON statistics may hold. */
type Member = Leaf | { readonly name: string; readonly struct: string; readonly members: readonly Member[] };

interface Leaf extends LeafSql {
  readonly name: string;
}

interface LeafSql {
  /** SQL of a value that `to_json` spells rightly; NULL where there is none. */
  readonly value: string;
  /** SQL that tells more cheaply whether there is one; not TRUE where there is none, or hardly ever. */
  readonly isThere: string;
}

function treeOf(struct: string, fields: readonly EngineField[], place: Place): Member[] {
  return fields.flatMap(({ name, type }): Member[] => {
    const inner = `struct_extract(${struct}, ${quoteString(name)})`;
    const here = below(place, name);
    if (type.kind === "struct") {
      const members = treeOf(inner, type.fields, here);
      return members.length === 0 ? [] : [{ name, struct: inner, members }];
    }
    const leaf = leafSql(inner, type, here);
    return leaf === undefined ? [] : [{ name, ...leaf }];
  });
}

function below(place: Place, name: string): Place {
  if (place.side !== undefined) return { ...place, path: [...place.path, name] };
  return name === "minValues" || name === "maxValues" ? { ...place, side: name } : place;
}

function leavesOf(tree: readonly Member[]): Leaf[] {
  return tree.flatMap((member) => ("members" in member ? leavesOf(member.members) : [member]));
}

function packedSql(tree: readonly Member[]): string {
  const members = tree.map((member) => {
    const value = "members" in member ? packedSql(member.members) : member.value;
    return `${quoteIdentifier(member.name)} := ${value}`;
  });
  return `struct_pack(${members.join(", ")})`;
}

/** The text of an object without what is absent: that is NULL, and concat_ws passes over it. */
function objectSql(tree: readonly Member[]): string {
  const members = tree.map((member) => {
    const json =
      "members" in member
        ? `CASE WHEN ${member.struct} IS NOT NULL THEN ${objectSql(member.members)} END`
        : `CAST(to_json(${member.value}) AS VARCHAR)`;
    return `${quoteString(`${JSON.stringify(member.name)}:`)} || ${json}`;
  });
  return `'{' || concat_ws(',', ${members.join(", ")}) || '}'`;
}

/** `undefined` for a type that statistics do not hold. */
function leafSql(value: string, type: EngineType, place: Place): LeafSql | undefined {
  const plain = { value, isThere: `${value} IS NOT NULL` };
  if (type.kind === "decimal") return plain;
  if (type.kind !== "scalar") return undefined;
  switch (type.name) {
    case "TINYINT":
    case "SMALLINT":
    case "INTEGER":
    case "BIGINT":
    case "BOOLEAN":
    case "VARCHAR":
      return plain;
    case "FLOAT":
    case "DOUBLE":
      return { value: `CASE WHEN isfinite(${value}) THEN ${value} END`, isThere: `isfinite(${value})` };
    case "DATE":
      return timeSql(value, value, "%Y-%m-%d");
    case "TIMESTAMP WITH TIME ZONE":
      return timestampSql(value, "Z", place);
    case "TIMESTAMP":
    case "TIMESTAMP_NS":
    case "TIMESTAMP_MS": {
      const zone = place.instants.has(JSON.stringify(place.path)) ? "Z" : "";
      return timestampSql(`CAST(${value} AS TIMESTAMP)`, zone, place);
    }
    default:
      return undefined;
  }
}

function timestampSql(value: string, zone: string, { side }: Place): LeafSql {
  const rounded = side === "maxValues" ? `(${value} + INTERVAL 999 MICROSECOND)` : value;
  return timeSql(value, rounded, `%Y-%m-%dT%H:%M:%S.%g${zone}`);
}

/** Years of four digits; few readers know the others in ISO 8601. */
function timeSql(value: string, rounded: string, format: string): LeafSql {
  const inYears = (time: string): string => `year(${time}) BETWEEN 1 AND 9999`;
  return {
    value: `TRY(CASE WHEN ${inYears(rounded)} THEN strftime(${rounded}, ${quoteString(format)}) END)`,
    isThere: inYears(value),
  };
}
